"""Whether the model that answered is the one that was asked: aliases and dated versions are, others are not."""

from __future__ import annotations

import re

# What may follow a name without making it another model: a date, a version, "latest".
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_VERSION = re.compile(r"\d{3,8}|0|latest|preview|v\d+")


def same_model(asked: str, answered: str) -> bool:
    """True for `gpt-5-mini` and `gpt-5-mini-2025-08-07` or `openai/gpt-5-mini`; false for `gpt-5-mini` and `gpt-5`."""
    return asked == answered or _stem(asked) == _stem(answered)


def _stem(name: str) -> list[str]:
    bare = _DATE.sub("", name.rpartition("/")[2].lower())
    return [word for word in re.split(r"[-@:]", bare) if word and not _VERSION.fullmatch(word)]
