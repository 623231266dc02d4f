"""What metrics measure with: untrusted text in fences, replies read strictly, schemas and patterns within a time limit."""
