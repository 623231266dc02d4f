"""The image keeps of scipy what evalbot imports, also where it imports it late."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_is_imported_of_scipy_is_kept_in_the_image() -> None:
    (line,) = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if "site-packages/scipy/" in line]
    kept = set(re.findall(r"! -name (\w+)", line))
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "evalbot").rglob("*.py")]
    imported = {part for text in code for part in re.findall(r"^\s*(?:from|import) scipy\.?(\w*)", text, re.MULTILINE)}
    assert imported
    assert imported <= kept
