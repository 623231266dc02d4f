"""What a run knows before its first call: replies that are paid for already, and what the rest is likely to take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evalbot import __version__
from evalbot.adapters.cache import NoCache
from evalbot.adapters.prices import listed_price, price
from evalbot.adapters.providers.open import answered_at
from evalbot.app.systems import Systems
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.models import Endpoint, Model, Reply, Request
from evalbot.domain.policy import Limits
from evalbot.domain.ports import Cache, Spend
from evalbot.domain.record import Estimate
from evalbot.domain.runs import Task
from evalbot.engine.estimate import estimate, likely_usd
from evalbot.engine.memory import Memory
from evalbot.engine.run import SuiteMetrics
from evalbot.report.estimate import in_words
from evalbot.report.numbers import money

# Events whose code and configuration are merged; what any other run keeps is believed by its like only.
MERGED = frozenset({"", "push", "schedule", "release", "workflow_dispatch"})


def memory_of(cache: Cache, systems: Systems, environment: Mapping[str, str], redact: Callable[[str], str]) -> Memory | None:
    """The memory over a cache; None where nothing is kept. Whole systems are never remembered."""
    if isinstance(cache, NoCache):
        return None

    addresses: dict[Endpoint, str | None] = {}  # a run has few, and asks for them at every reply

    def address(model: Model) -> str | None:
        if model.endpoint not in addresses:
            addresses[model.endpoint] = None if model.endpoint in systems else answered_at(model, environment)
        return addresses[model.endpoint]

    def today(model: Model, reply: Reply) -> float | None:
        # The table of vendors' prices comes with evalbot's version, so only policy can have changed one.
        return price(model, reply.usage, reply.model) if model.price is not None else None

    return Memory(
        cache, address=address, price=today, redact=redact, now=time.time, version=__version__,
        trusted=environment.get("GITHUB_EVENT_NAME", "") in MERGED,
    )  # fmt: skip


async def foreseen(left: Sequence[Task], suites: Mapping[str, SuiteMetrics], memory: Memory | None) -> Estimate:
    """What is to be asked and may cost."""
    return await estimate(left, suites, listed_price, memory.knows if memory else _never)


async def estimated(left: Sequence[Task], suites: Mapping[str, SuiteMetrics], memory: Memory | None, limits: Limits) -> Estimate:
    """The same, held against the budget.

    Raises:
        CouldNotRun: The day's money is spent, or it is above the budget and policy starts no such run.
    """
    found = await foreseen(left, suites, memory)
    if found.calls and limits.daily_usd is not None and limits.budget_usd <= 0:
        raise CouldNotRun(
            f"nothing was asked: the {money(limits.daily_usd)} of `run.daily_usd` were spent by runs of the last 24 hours on this pull "
            "request, or on this machine. Wait, or raise it on the base branch."
        )
    if found.usd is not None and found.usd > limits.budget_usd and limits.over_budget == "refuse":
        raise CouldNotRun(
            f"nothing was asked: {in_words(found, limits.budget_usd)}, and `run.over_budget` is `refuse`. "
            "Raise `run.budget_usd`, or ask less."
        )
    return found


def of_today(limits: Limits, spend: Spend) -> Limits:
    """The limits with no more of a budget than is left of the day's.

    Raises:
        CouldNotRun: What was spent cannot be told; nobody is asked then.
    """
    if limits.daily_usd is None:
        return limits
    return replace(limits, budget_usd=max(0.0, min(limits.budget_usd, limits.daily_usd - spend.last_day())))


def expected_usd(request: Request) -> float | None:
    """What a call is likely to cost by the list price of its model; None where there is none."""
    return likely_usd(request, listed_price(request.model))


def _never(_request: Request, _nth: int) -> bool:
    return False
