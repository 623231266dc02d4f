"""An estimate in words, for whoever waits and for the report."""

from __future__ import annotations

from evalbot.domain.record import Estimate
from evalbot.report.escape import inline
from evalbot.report.numbers import count, money


def in_words(estimate: Estimate, budget_usd: float | None) -> str:
    """"about 416 calls, about $3.10 of a budget of $5.00"; an unknown price is said and never added as zero."""
    calls = f"about {count(estimate.calls)} calls"
    of_budget = f" of a budget of {money(budget_usd)}" if budget_usd is not None else ""
    if estimate.usd is None:
        names = ", ".join(inline(name, 80) for name in estimate.unknown)
        return f"{calls}, of unknown cost{of_budget} (no price is known for {names})"
    more = ": golden first, and no call beyond it" if budget_usd is not None and estimate.usd > budget_usd else ""
    cost = money(estimate.usd)
    return f"{calls}, {cost if cost.startswith('under') else f'about {cost}'}{of_budget}{more}"
