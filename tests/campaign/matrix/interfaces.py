"""Faults of a provider where answers and grades are had in another way: Responses, a jury, answers side by side. For phases see `provider`."""

from __future__ import annotations

from collections.abc import Iterator

from tests.campaign.matrix.cases import Case
from tests.campaign.matrix.provider import crossed, run

__all__ = ["cases", "run"]
PHASES = {"responses": ("first", "lasting", "throughout"), "juror": ("lasting", "throughout"), "pair": ("lasting", "throughout")}


def cases() -> Iterator[Case]:
    """Every fault at every boundary, on either side, golden and regression."""
    return crossed("interfaces", PHASES)
