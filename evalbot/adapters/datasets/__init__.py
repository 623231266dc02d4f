"""Dataset files in, examples out; every error with file and line, all at once."""
