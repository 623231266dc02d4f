"""Where alerts go: a webhook in Slack's shape, and a file that Prometheus reads (OpenMetrics)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from evalbot.adapters.sources.places import call
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import Alert

_ICONS = {"high": ":red_circle:", "medium": ":large_orange_circle:"}
_UNSAFE = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def to_webhook(url: str, alerts: Sequence[Alert], suite: str) -> str:
    """Post all of them in one message; what went wrong in a line, or nothing."""
    lines = [f"{_ICONS[one.severity]} *{one.kind}* ({one.severity}), suite {_plain(suite)}: {_plain(one.message)}" for one in alerts]
    try:
        call("POST", url, json={"text": "\n".join(lines)})
    except CouldNotRun:
        return "the webhook did not take the alerts"
    return ""


def openmetrics(suite: str, values: Mapping[tuple[str, str, str], float], alerts: Mapping[str, int], counters: Mapping[str, int]) -> str:
    """The text of an OpenMetrics file.

    Args:
        values: (name of the measure, window, metric) → value; the metric is "" where the measure has none.
        alerts: Kind of alert → how many were told.
        counters: What the worker counted: samples, dropped, dead.
    """
    lines: list[str] = []
    for measure in dict.fromkeys(name for name, _, _ in values):
        lines += [f"# TYPE evalbot_{measure} gauge"]
        for (name, window, metric), value in values.items():
            if name == measure:
                labels = {"suite": suite, "window": window} | ({"metric": metric} if metric else {})
                lines.append(f"evalbot_{measure}{{{_labels(labels)}}} {value!r}")
    lines += ["# TYPE evalbot_alerts counter", *(f"evalbot_alerts_total{{{_labels({'suite': suite, 'kind': kind})}}} {count}" for kind, count in sorted(alerts.items()))]
    lines += ["# TYPE evalbot_monitor_entries counter", *(f"evalbot_monitor_entries_total{{{_labels({'suite': suite, 'what': name})}}} {count}" for name, count in sorted(counters.items()))]
    return "\n".join([*lines, "# EOF", ""])


def write_whole(path: Path, text: str) -> None:
    """Put a file in place at once: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{"".join(_UNSAFE.get(char, char) for char in value)}"' for name, value in labels.items())


def _plain(text: str) -> str:
    """Nothing that Slack would make a mention, a link or bold of."""
    return "".join({"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(char, char) for char in text.replace("*", "∗").replace("`", "ˋ"))
