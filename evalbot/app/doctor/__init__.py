"""`evalbot doctor`: what would go wrong, before it does, and what to do about it."""
