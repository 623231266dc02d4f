"""docs/systems.md names every option of every target, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evalbot.adapters.targets import TARGETS
from evalbot.adapters.targets.program import ProgramTarget
from evalbot.config.options import option_names

PAGE = Path(__file__).parents[3].joinpath("docs", "systems.md").read_text(encoding="utf-8")
SHARED = set(option_names(ProgramTarget))


def section(kind: str) -> str:
    found = re.search(rf"^## `{kind}`.*?(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("kind", ["command", "http", "python", "replay"])
def test_every_option_is_on_the_page(kind: str) -> None:
    options = set(option_names(TARGETS.get(kind)))
    here = options - SHARED if kind == "python" else options
    words = set(re.findall(r"\w+", section(kind)))
    assert here - words == set()


def test_the_table_of_programs_is_their_options_with_their_defaults() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section("command"), re.MULTILINE)
    assert {name for name, _ in rows} == set(option_names(TARGETS.get("command")))
    target = TARGETS.get("command")(run=("x",))  # type: ignore[call-arg]
    shown = {name: default.strip(" `").replace(",", "") for name, default in rows if default.strip() and default.strip()[0] in "`0123456789"}
    assert shown == {name: str(getattr(target, name)).lower().removesuffix(".0") for name in shown}
    assert set(shown) >= {"serve", "seconds", "memory_mb", "processes", "network"}
