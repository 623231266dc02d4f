"""Where alerts go: a webhook in Slack's shape, and a file that Prometheus reads (OpenMetrics)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from evalbot.domain.monitoring import Alert

Gauge: TypeAlias = tuple[str, Mapping[str, str], float]
_ICONS = {"high": ":red_circle:", "medium": ":large_orange_circle:"}
_SLACK = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "`": "ˋ"}
_HELP = {
    "samples": "Samples of the window.", "violations": "Broken rules of the window.", "hallucination_rate": "Share of judged answers that say what their context does not support.",
    "score_mean": "Mean of a metric.", "score_p10": "Tenth percentile of a metric.", "state": "1 for the state that a measure is in.", "standing_alerts": "Alerts that are not over.",
}  # fmt: skip
_MOST = 20
_SECONDS = 10.0
_UNSAFE = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def to_webhook(url: str, alerts: Sequence[Alert], suite: str) -> str:
    """Post all of them in one message, once; what went wrong in a few words, or nothing. A redirect is none of ours to follow."""
    import requests  # a worker without a webhook has no use for it

    lines = [f"{_ICONS[one.severity]} *{one.kind}* ({one.severity}), suite {_plain(suite, 60)}: {_plain(one.message, 400)}" for one in alerts[:_MOST]]
    lines += [f"and {len(alerts) - _MOST} more"] if len(alerts) > _MOST else []
    try:
        with requests.post(url, json={"text": "\n".join(lines)}, timeout=_SECONDS, allow_redirects=False, stream=True) as answer:
            return "" if answer.status_code < 300 else f"HTTP {answer.status_code}"
    except (requests.RequestException, ValueError) as error:
        return type(error).__name__


def openmetrics(suite: str, gauges: Sequence[Gauge], alerts: Mapping[str, int], counters: Mapping[str, int]) -> str:
    """The text of an OpenMetrics file.

    Args:
        gauges: (name, labels, value) of what goes up and down.
        alerts: Kind of alert → how many were told.
        counters: What the worker counted: samples, dropped, dead.
    """
    lines: list[str] = []
    for measure in dict.fromkeys(name for name, _, _ in gauges):
        lines += [f"# TYPE evalbot_{measure} gauge", f"# HELP evalbot_{measure} {_HELP.get(measure, measure)}"]
        lines += [f"evalbot_{measure}{{{_labels({'suite': suite, **labels})}}} {value!r}" for name, labels, value in gauges if name == measure]
    lines += ["# TYPE evalbot_alerts counter", "# HELP evalbot_alerts Alerts that were told."]
    lines += [*(f"evalbot_alerts_total{{{_labels({'suite': suite, 'kind': kind})}}} {count}" for kind, count in sorted(alerts.items()))]
    lines += ["# TYPE evalbot_monitor_entries counter", "# HELP evalbot_monitor_entries Samples that were kept, and what else was counted."]
    lines += [*(f"evalbot_monitor_entries_total{{{_labels({'suite': suite, 'what': name})}}} {count}" for name, count in sorted(counters.items()))]
    return "\n".join([*lines, "# EOF", ""])


def write_whole(path: Path, text: str) -> None:
    """Put a file in place at once: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{"".join(_UNSAFE.get(char, char) for char in value)}"' for name, value in labels.items())


def _plain(text: str, most: int) -> str:
    """One line in which nothing is a mention, a link or bold for Slack; what sits between a scheme and a name keeps it from making a link."""
    short = " ".join(text.split())[:most].replace("://", ":\u200b//")
    return "".join(_SLACK.get(char, char) for char in short if char.isprintable() or char == "\u200b")
