"""The keys of the tests, and what a piece of one looks like in a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from tests.loopback import LoopbackModels

KEYS = {"openai": LoopbackModels.OPENAI_KEY, "anthropic": LoopbackModels.ANTHROPIC_KEY}
WINDOW = 12
PUBLIC = re.compile(r"sk-(?:ant-)?(?:test-)?")


def disguises(key: str) -> list[str]:
    """Ways in which a provider may echo the key it was sent."""
    raw = key.encode()
    return [key, key[7:], key[::-1], raw.hex(), *(base64.b64encode(b"x" * offset + raw).decode() for offset in range(3))]


def fragments(key: str) -> Iterator[str]:
    """Every piece of 12 characters of the secret part of a key, in each of its disguises."""
    core = PUBLIC.sub("", key, count=1)
    raw = core.encode()
    for form in (core, core[::-1], raw.hex(), raw.hex().upper(), *(base64.b64encode(b"x" * offset + raw).decode()[4:-4] for offset in range(3))):
        yield from (form[start : start + WINDOW] for start in range(len(form) - WINDOW + 1))
