"""Windows made the slow way, by looking at every sample: what the monitor's sums have to agree with."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.monitoring import Seen
from evalbot.domain.tallies import tally_of
from evalbot.gate.alerts import HOUR, Report, Spans
from evalbot.gate.alerts import report as reported
from evalbot.stats.drift import WINDOWS, DriftRule


def spans_of(now: float, window: Sequence[Seen], reference: Sequence[Seen]) -> Spans:
    hour = now // HOUR * HOUR
    of_day = int((hour - 1) // HOUR) % 24
    near = [one for one in reference if (int(one.at // HOUR) - of_day) % 24 in (0, 1, 23)]
    live, whole = ({name: [one for one in window if end - seconds <= one.at < end] for name, seconds in WINDOWS.items()} for end in (now, hour))
    references = {name: near if name == "1h" else reference for name in WINDOWS}
    return Spans(*({name: tally_of(some) for name, some in parts.items()} for parts in (live, whole, references)))


def report(
    now: float, window: Sequence[Seen], reference: Sequence[Seen], rule: DriftRule, lower: frozenset[str] = frozenset(), asked: frozenset[str] = frozenset()
) -> Report:  # fmt: skip
    return reported(now, spans_of(now, window, reference), rule, lower, asked)
