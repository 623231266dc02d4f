"""docs/metrics.md says what the metrics' docstrings say."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from evalbot.app.metric_docs import metrics_page
from evalbot.metrics import METRICS

_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_BUILTIN = METRICS.names()


def test_the_page_is_up_to_date() -> None:
    assert _PAGE.read_text(encoding="utf-8") == metrics_page(), (
        "run: python -m evalbot.app.metric_docs > docs/metrics.md"
    )


@pytest.mark.parametrize("name", _BUILTIN)
def test_every_option_is_described_and_has_its_default(name: str) -> None:
    section = metrics_page().split(f"\n## {name}\n")[1].split("\n## ")[0]
    for option in fields(METRICS.get(name)):  # type: ignore[arg-type]
        assert f"- `{option.name}`" in section
        assert f"| `{option.name}` |" in section


@pytest.mark.parametrize("name", _BUILTIN)
def test_every_metric_says_its_range_needs_cost_biases_and_source(name: str) -> None:
    section = metrics_page().split(f"\n## {name}\n")[1].split("\n## ")[0]
    for word in ("**Needs**", "**Cost**", "**Biases**", "**Source**"):
        assert word in section
    if name != "pairwise":  # a comparison of two sides gives no score of one answer
        assert all(word in section for word in ("**Range**", "pplicable", "**Decides**"))
