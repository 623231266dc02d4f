"""Published and cross-checked numbers (scipy 1.17.1, R 4.2.2); each case names its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vectors.json").read_text())["cases"]


def of_kind(kind: str) -> list[dict[str, Any]]:
    found = [case for case in CASES if case["kind"] == kind]
    assert found, f"no vector of kind {kind}"
    return found


def name(case: dict[str, Any]) -> str:
    return case["id"]
