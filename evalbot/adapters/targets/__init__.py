"""Targets that are no prompt: a command, an address, a Python callable or recorded answers, behind one protocol."""

from __future__ import annotations

from evalbot.domain.registry import Registry
from evalbot.domain.targets import Target

TARGETS: Registry[Target] = Registry(
    "target",
    {"replay": "evalbot.adapters.targets.replay"},
    "evalbot.targets",
)
