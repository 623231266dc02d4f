"""Other tools' files, read once and turned into prompts, examples and checks of evalbot's own; what does not map is named."""
