"""Who hears of alerts: a webhook, one issue that stands while anything is wrong, and a file for Prometheus."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalbot.adapters.alerting import openmetrics, to_webhook, write_whole
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.app.wiring import World
from evalbot.domain.canonical import digest
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import Alert, MonitorPolicy, Standing
from evalbot.domain.pulls import GitHub, Refused
from evalbot.gate.alerts import Report
from evalbot.report.alerts import LABELS, alerts_body, alerts_marker, alerts_over, alerts_title


@dataclass
class Telling:
    """Tells, and goes on where somebody does not listen: what went wrong is in `said`, once each.

    Args:
        github: Makes a client for one errand; None where no issue is wanted.
        owner: The suite's, whom the issue names.
    """

    policy: MonitorPolicy
    store: MonitorStore
    world: World
    github: Callable[[], GitHub] | None = None
    owner: str = ""
    said: list[str] = field(default_factory=list)

    async def tell(self, told: Sequence[Alert], found: Report) -> None:
        """Everybody who is to hear of it."""
        if told and self.policy.webhook_env:
            self._note(await asyncio.to_thread(self._webhook, told))
        if self.github is not None:
            await self._issue(self.github, found.at)
        if self.policy.openmetrics:
            kinds = Counter(str(alert.kind) for alert in self.store.told())
            counters = {"kept": self.store.total(), **self.store.counters()}
            write_whole(Path(self.policy.openmetrics), openmetrics(self.policy.suite, measures(found), kinds, counters))

    def _webhook(self, told: Sequence[Alert]) -> str:
        url = self.world.environment.get(self.policy.webhook_env, "").strip()
        return to_webhook(url, told, self.policy.suite) if url else f"{self.policy.webhook_env} is not set, so no alert was sent"

    async def _issue(self, github: Callable[[], GitHub], now: float) -> None:
        """Bring the issue up to date where something was told or is over; of two workers that see it one does."""
        standing, before = self.store.standing(), self.store.said()
        words = digest([[one.alert.kind, one.alert.about, one.told] for one in standing]) if standing else ""
        if words == before or not self.store.say(before, words):
            return
        try:
            await asyncio.to_thread(self._write, github, standing, now)
        except (Refused, CouldNotRun) as error:
            self.store.say(words, before)  # the next round tries again
            self._note(f"the issue could not be written: {error}")

    def _write(self, github: Callable[[], GitHub], standing: Sequence[Standing], now: float) -> None:
        client, suite = github(), self.policy.suite
        marker = alerts_marker(suite)
        if standing:
            client.write_issue(marker, alerts_title(suite), self.world.redact(alerts_body(suite, self.owner, standing)), LABELS)
        elif (known := client.own_issue(marker, LABELS)) is not None:
            client.close_issue(known, alerts_over(suite, known.body, now))

    def _note(self, problem: str) -> None:
        if problem and problem not in self.said:
            self.said.append(problem)


def measures(found: Report) -> dict[tuple[str, str, str], float]:
    """What a metrics file says of a report."""
    values: dict[tuple[str, str, str], float] = {("samples", name, ""): float(count) for name, count in found.counts.items()}
    values |= {("violations", name, ""): float(count) for name, count in found.violations.items()}
    values |= {("hallucination_rate", name, ""): rate for name, rate in found.hallucination_rate.items() if rate is not None}
    values |= {("score_mean", name, metric): mean for name, means in found.means.items() for metric, mean in means.items()}
    return values | {("score_p10", name, metric): low for name, lows in found.p10.items() for metric, low in lows.items()}
