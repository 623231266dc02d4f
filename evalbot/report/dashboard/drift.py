"""What became different on the page: shifts beside the reference, and whether the judges themselves have changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalbot.domain.dashboard import JudgeShown, Production, ShiftShown
from evalbot.report.dashboard.words import tag, when
from evalbot.report.escape import text
from evalbot.report.frame import table
from evalbot.report.numbers import MISSING, count, difference, p_value, percent, score

_STATES: Mapping[str, tuple[str, str]] = {
    "shifted": ("▲ shifted", "warn"),
    "steady": ("no shift shown", "plain"),
    "low_volume": ("◔ n too small to judge", "warn"),
    "no_reference": ("◌ no reference yet", "plain"),
}
_JUDGES: Mapping[str, tuple[str, str]] = {
    "steady": ("✓ grades as before", "good"),
    "drifted": ("▼ grades otherwise", "bad"),
    "unheard": ("○ gave no grades", "none"),
    "": ("○ not measured: no canaries", "none"),
}


def section(made: Production) -> Iterator[str]:
    """Both tables, each left out where there is nothing to put into it."""
    if made.shifts:
        yield '<h3>What became different</h3><p class="soft small">At the last whole hour, beside the reference; different is not worse.</p>'
        yield from table(("What", "", "Now", "Reference", "Window", "n", "p"), [_shift(one) for one in made.shifts], range(1, 7))
    if made.judges:
        yield '<h3>Judges</h3><p class="soft small">Canaries are answers with frozen grades: where they are graded otherwise the judge has changed, not the product.</p>'
        yield from table(("Judge", "", "Change", "Graded", "Lost", "Asked"), [_judge(one) for one in made.judges], range(1, 6))


def _shift(one: ShiftShown) -> list[str]:
    figure = percent if one.share else score
    known = one.value is not None
    return [
        text(one.what), tag(*_STATES.get(one.state, (one.state, "plain"))), figure(one.value), figure(one.reference), text(one.window or MISSING),
        count(one.n) if known else MISSING, p_value(one.p),
    ]  # fmt: skip


def _judge(one: JudgeShown) -> list[str]:
    asked = one.at is not None
    numbers = [difference(one.drift), count(one.n), count(one.lost)] if asked else [MISSING] * 3
    return [f"<code>{text(one.metric)}</code>", tag(*_JUDGES.get(one.state, (one.state, "plain"))), *numbers, when(one.at)]
