"""Model families: who trained a model, as far as its name tells; judges favour answers of their own family."""

from __future__ import annotations

import re

from evalbot.domain.models import Model

_NAMES = (
    ("Claude", r"claude"), ("GPT", r"gpt-|chatgpt|o[1345](?:-|$)|codex"), ("Gemini", r"gemini|gemma"), ("Llama", r"llama"),
    ("Mistral", r"mistral|mixtral|ministral|codestral|devstral|magistral|pixtral"), ("Qwen", r"qwen|qwq"), ("DeepSeek", r"deepseek"),
    ("Grok", r"grok"), ("Command", r"command-|c4ai|aya-"), ("Phi", r"phi-?\d"), ("Nova", r"nova-|titan-"), ("GLM", r"glm-|chatglm"),
    ("Kimi", r"kimi|moonshot"),
)  # fmt: skip


def family(model: Model) -> str:
    """The family's name, or nothing where the name does not tell; the embedded provider has none."""
    if model.provider == "local":
        return ""
    last = model.model.lower().rpartition("/")[2]
    return next((name for name, start in _NAMES if re.match(rf"(?:[a-z]+\.)*(?:{start})", last)), "")
