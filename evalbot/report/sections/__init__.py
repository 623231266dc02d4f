"""The sections of the comment, one module each: a record in, a section of the page out."""
