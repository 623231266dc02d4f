"""docs/rules.md explains every rule under an anchor of its name, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from evalbot.domain.verdicts import Rule

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_every_rule_has_its_heading_in_the_order_of_the_code() -> None:
    assert re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == [rule.value for rule in Rule]


def test_every_rule_says_what_it_means_and_what_to_do() -> None:
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        assert "**What it means.**" in part, part[:20]
        assert "**What to do.**" in part, part[:20]
