"""Prompt files: formats, templates, and the recording reader that tells what a prompt is made of."""
