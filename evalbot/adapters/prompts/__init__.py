"""Prompt files: formats, templates, and the recording reader that tells what a prompt is made of."""

from evalbot.adapters.prompts.formats import prompt_id
from evalbot.adapters.prompts.prompt import PromptFile, load_prompt
from evalbot.adapters.prompts.reader import RecordingReader

__all__ = ["PromptFile", "RecordingReader", "load_prompt", "prompt_id"]
