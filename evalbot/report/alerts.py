"""The issue that stands while production is worse than it was: what is wrong, since when, and when it is over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from evalbot.domain.monitoring import Standing
from evalbot.report.escape import code, inline
from evalbot.report.issue import named
from evalbot.report.numbers import counted
from evalbot.report.table import table

LABELS = ("evalbot", "production-alert")
_MOST = 50


def alerts_marker(suite: str) -> str:
    """The first line of the issue of a suite's monitor, by which the next worker finds it."""
    safe = re.sub(r"[^A-Za-z0-9._/-]", lambda found: f"%{ord(found[0]):X}", suite).replace("--", "-%2D")
    return f"<!-- evalbot:monitor suite={safe} -->"


def alerts_title(suite: str) -> str:
    """One line without words of a model or a file but the suite's name."""
    name = re.sub(r"[^\w .-]", "?", suite)[:60]
    return f"evalbot: production of suite {name} needs a look"


def alerts_body(suite: str, owner: str, standing: Sequence[Standing]) -> str:
    """The page. It has no words and no ids of production, which may name people: the samples are in the store."""
    rows = [
        [str(one.alert.kind), one.alert.severity, inline(one.alert.message, 300), f"{one.alert.count:,}", _when(one.since), _when(one.alert.at)]
        for one in standing[:_MOST]
    ]
    parts = [
        alerts_marker(suite),
        f"{named(owner)}production of suite {code(suite, 60)} has {counted(len(standing), 'alert')} that {'is' if len(standing) == 1 else 'are'} not over:",
        table(["alert", "severity", "what", "answers", "since", "last seen"], rows, numeric=[3]),
        "This issue is brought up to date when an alert is told or over, and closed when none is left.",
    ]
    return "\n\n".join(parts)


def alerts_over(suite: str, before: str, at: float) -> str:
    """The page of an issue that is over, with what it said last below."""
    _, _, rest = before.partition("\n")
    return f"{alerts_marker(suite)}\nNothing is wrong with production of suite {code(suite, 60)} any more ({_when(at)}).\n\n---\n\n{rest.strip()}"[:60_000]


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
