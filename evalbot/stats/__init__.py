"""Pure numbers: what scores can and cannot show."""
