"""Events as GitHub sends them: real payloads, cut down, with the few changes that a case is about."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "fixtures" / "events"


@cache
def _stored(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def event(name: str, **changes: Any) -> dict[str, Any]:
    """A stored payload; `pull_request__head__sha="…"` changes what stands at pull_request.head.sha."""
    payload = copy.deepcopy(_stored(name))
    for way, value in changes.items():
        here = payload
        *steps, last = way.split("__")
        for step in steps:
            here = here[step]
        here[last] = value
    return payload


def names() -> list[str]:
    """Every stored payload; its event is what stands before the first point."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))
