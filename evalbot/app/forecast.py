"""The estimate without the run: what a comparison would ask and may cost. No key is needed, nobody is asked, no result is written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalbot.app.beforehand import foreseen, memory_of, of_today
from evalbot.app.case import systems_of
from evalbot.app.review import CheckOptions, commits_of, planned_cases
from evalbot.app.wiring import World
from evalbot.domain.record import Estimate
from evalbot.domain.runs import ChangedPrompt
from evalbot.engine.resume import Earlier
from evalbot.report.estimate import in_words


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a check of some commits would ask. `planned` counts answers, `known` those of them that an earlier run paid for."""

    changed: tuple[ChangedPrompt, ...]
    planned: int
    known: int
    estimate: Estimate
    budget_usd: float
    refused: bool


def forecast(root: Path, options: CheckOptions, world: World) -> Forecast:
    """Work out what `evalbot check` with these options would say before its first call.

    Raises:
        ConfigError: The configuration, a prompt or a dataset is wrong.
        CouldNotRun: The commits cannot be had.
    """
    commits = commits_of(root, options, world)
    policies, cases = planned_cases(commits, options, lambda: 0, world.now())
    suites = {case.suite.name: case.for_engine for case in cases if case.tasks}
    tasks = [task for case in cases for task in case.tasks]
    limits, cache = of_today(policies.policy.limits, world.spend()), world.cache()
    try:
        memory = memory_of(cache, systems_of(cases), world.environment, world.redact)
        left = Earlier(world.earlier(), suites).left(tasks)
        found = asyncio.run(foreseen(left, suites, memory))
    finally:
        cache.close()
    refused = limits.over_budget == "refuse" and found.usd is not None and found.usd > limits.budget_usd
    return Forecast(tuple(one for case in cases for one in case.changed), len(tasks), len(tasks) - len(left) + found.cached, found, limits.budget_usd, refused)


def words(found: Forecast) -> str:
    """The forecast for a terminal."""
    if not found.planned:
        return "Nothing to ask: no prompt, model or example of a suite has changed."
    changed = [f"{one.suite}: {one.path} ({', '.join(one.causes)})" for one in found.changed]
    asked = in_words(found.estimate, found.budget_usd) if found.estimate.calls else "no call: every answer is known already"
    return "\n".join(
        [
            *changed,
            f"{found.planned:,} answers planned, {found.known:,} of them known already; {asked}.",
            *(["`run.over_budget` is `refuse`: such a run would not start."] if found.refused else []),
            "Confirmations of first failures and second tries come on top.",
        ]
    )


def as_json(found: Forecast) -> dict[str, Any]:
    """The forecast as plain JSON values."""
    return {
        "changed": [{"suite": one.suite, "prompt": one.prompt, "path": one.path, "causes": list(one.causes)} for one in found.changed],
        "planned": found.planned, "known": found.known, "calls": found.estimate.calls, "cost_usd": found.estimate.usd,
        "unknown_prices": list(found.estimate.unknown), "budget_usd": found.budget_usd, "refused": found.refused,
    }  # fmt: skip
