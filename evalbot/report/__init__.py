"""Putting a run into words: comment, summary, JUnit; one escaping function, one place for numbers."""
