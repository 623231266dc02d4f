"""Faults of a provider where answers and grades are had in another way: Responses, a jury, answers side by side. For phases see `provider`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.campaign.matrix.cases import Case
from tests.campaign.matrix.provider import crossed, run
from tests.campaign.matrix.provider_faults import beside

__all__ = ["cases", "run"]
PHASES = {"responses": ("first", "lasting", "throughout"), "juror": ("lasting", "throughout"), "pair": ("lasting", "throughout")}


def cases(family: str = "interfaces") -> Iterator[Case]:
    """Every fault at every boundary, on either side, golden and regression; grades that cannot be read are the family "panels"."""
    for case in crossed("interfaces", PHASES):
        if family == ("panels" if beside(case.boundary, case.fault) else "interfaces"):
            yield replace(case, family=family)
