"""Targets that are no prompt: a command, an address, a Python callable or recorded answers, behind one protocol."""

from __future__ import annotations

from evalbot.domain.registry import Registry
from evalbot.domain.targets import Target

TARGETS: Registry[Target] = Registry(
    "target",
    {
        "command": "evalbot.adapters.targets.command",
        "http": "evalbot.adapters.targets.http",
        "python": "evalbot.adapters.targets.python",
        "replay": "evalbot.adapters.targets.replay",
    },
    "evalbot.targets",
)
