"""Replies of a judge that gives a verdict on each of several items."""

from __future__ import annotations

import json
from typing import Any


def claims(*texts: str) -> str:
    return json.dumps({"claims": texts})


def verdict(number: int, word: str, *evidence: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "reasoning": "Because.", "evidence": list(evidence), "verdict": word, **more}


def verdicts(*given: dict[str, Any]) -> str:
    return json.dumps({"verdicts": given})


def words(*given: str) -> str:
    """Verdicts without evidence, numbered from 1."""
    return verdicts(*({"id": n, "reasoning": "Because.", "verdict": word} for n, word in enumerate(given, start=1)))
