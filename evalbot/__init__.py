"""evalbot: did this prompt change make your product worse? Answered in the pull request, with the evidence."""

__version__ = "0.1.0"
