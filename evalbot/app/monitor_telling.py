"""Who hears of alerts: a webhook, one issue that stands while anything is wrong, and a file for Prometheus."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalbot.adapters.alerting import Gauge, openmetrics, to_webhook, write_whole
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.app.wiring import World
from evalbot.domain.canonical import digest
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import AlertKind, MonitorPolicy, Standing
from evalbot.domain.pulls import GitHub, Refused
from evalbot.gate.alerts import Report
from evalbot.report.alerts import LABELS, alerts_body, alerts_marker, alerts_over, alerts_title

_HEARD_OF = 86_400.0  # seconds: what is older is in the store and on the dashboard


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

    async def tell(self, found: Report) -> None:
        """Everybody who is to hear of it."""
        if self.policy.webhook_env:
            self._note(await self._webhook(found.at))
        if self.github is not None:
            await self._issue(self.github, found.at)
        if self.policy.openmetrics:
            kinds = Counter(str(alert.kind) for alert in self.store.told())
            counters = {"kept": self.store.total(), **self.store.counters()}
            self._note(self._metrics(openmetrics(self.policy.suite, measures(found, self.store.standing()), kinds, counters)))

    def _metrics(self, text: str) -> str:
        try:
            write_whole(Path(self.policy.openmetrics), text)
        except OSError as error:
            return f"{self.policy.openmetrics}: the file for Prometheus could not be written: {error.strerror or error}"
        return ""

    async def _webhook(self, now: float) -> str:
        """What it has not heard of yet; where it does not listen, the next round tries again, for a day."""
        before, after, alerts = self.store.unsent(now - _HEARD_OF)
        if not alerts:
            return ""
        url = self.world.environment.get(self.policy.webhook_env, "").strip()
        if not url:
            return f"{self.policy.webhook_env} is not set, so no alert was sent"
        if not self.store.sent(before, after):
            return ""
        problem = await asyncio.to_thread(to_webhook, url, alerts, self.policy.suite)
        if problem:
            self.store.sent(after, before)
        return f"the webhook did not take the alerts ({problem}); they are sent again" if problem else ""

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


def measures(found: Report, standing: Sequence[Standing] = ()) -> list[Gauge]:
    """What a metrics file says of a report, and of the alerts that are not over."""
    windows: list[Gauge] = []
    for name, count in found.counts.items():
        labels = {"window": name}
        windows += [("samples", labels, float(count)), ("violations", labels, float(found.violations[name]))]
        rate = found.hallucination_rate[name]
        windows += [] if rate is None else [("hallucination_rate", labels, rate)]
        windows += [("score_mean", {**labels, "metric": metric}, mean) for metric, mean in found.means[name].items()]
        windows += [("score_p10", {**labels, "metric": metric}, low) for metric, low in found.p10[name].items()]
    windows += [("state", {"measure": one.measure, "state": one.state}, 1.0) for one in found.drift]
    return windows + [("standing_alerts", {"kind": kind}, float(count)) for kind, count in sorted(_counted(standing).items())]


def _counted(standing: Sequence[Standing]) -> dict[str, int]:
    """Of every kind, those of which none stands too: a series that vanishes looks like one that was never there."""
    return {str(kind): sum(one.alert.kind is kind for one in standing) for kind in AlertKind}
