"""Samples that an alert of the monitor names: a harvest looks at each of them, and an alert is a reason to propose one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalbot.adapters.monitor_store import told_in
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.samples import Window


@dataclass(frozen=True)
class Alerted:
    """What alerts of a window say: a sample's own id → the alerts that name it, such as "hallucination_detected: grounded".

    `since` is when the first of these samples was answered; infinite without any.
    """

    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: float = float("inf")

    def stretched(self, window: Window) -> Window:
        """The window from the first of the samples on: an alert may come days after what it names."""
        return Window(min(window.since, self.since), window.until)


def alerted(policy: HarvestPolicy, root: Path, window: Window) -> Alerted:
    """Alerts that were told or went on since the window began; none where the configuration names no store.

    Raises:
        CouldNotRun: The store is not there or cannot be read: what it would have named is not known.
    """
    if not policy.alerts:
        return Alerted()
    path = root / policy.alerts
    if not path.is_file():
        raise CouldNotRun(f"harvest.alerts: there is no {policy.alerts}. The monitor writes it where `monitor.store` says; bring it here first.")
    alerts, when = told_in(path, window.since)
    found: dict[str, dict[str, None]] = {}
    for alert in alerts:
        for name in alert.samples:
            found.setdefault(name, {})[f"{alert.kind}: {alert.about}" if alert.about else str(alert.kind)] = None
    return Alerted({name: tuple(said) for name, said in found.items()}, min(when.values(), default=float("inf")))
