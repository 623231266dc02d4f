"""Production on the page: a window a tab, a card a measure, and what else the monitor counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalbot.domain.dashboard import HALLUCINATION, VIOLATIONS, Cell, Measure, Production, WindowShown
from evalbot.domain.monitoring import AlertKind
from evalbot.report.dashboard import drift
from evalbot.report.dashboard.charts import Chart
from evalbot.report.dashboard.words import figure, span, standing_tag, when
from evalbot.report.escape import text
from evalbot.report.numbers import count, counted, money, score

TITLES = {"1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days"}
_ABOUT: Mapping[str, str] = {AlertKind.HALLUCINATION: HALLUCINATION, AlertKind.CONSTRAINT: VIOLATIONS}
ENDS = {"1h": "1 h ago", "24h": "24 h ago", "7d": "7 days ago"}


def section(made: Production | None) -> Iterator[str]:
    """The whole part; without a monitor it says that nothing is measured."""
    yield '<section id="production"><h2>Production</h2>\n'
    if made is None:
        yield '<p class="nothing">Nothing measured: there is no store of a monitor here.</p></section>\n'
        return
    yield f"<p>Suite <code>{text(made.suite)}</code> {standing_tag(made.standing)} {text(made.words)}. Newest sample: {when(made.last)}."
    yield f" {_reference(made)}</p>\n"
    yield '<div class="tabs" role="tablist" aria-label="Window" hidden>'
    for window in made.windows:
        yield f'<button role="tab" id="tab-{window.name}" aria-controls="window-{window.name}">{TITLES.get(window.name, text(window.name))}</button>'
    yield "</div>\n"
    for window in made.windows:
        yield from _window(made, window)
    yield from drift.section(made)
    yield f"{_counters(made)}</section>\n"


def _reference(made: Production) -> str:
    if made.reference is None:
        return "There is no reference yet: it is the first whole week that was seen."
    return f"Compared with the reference from {when(made.reference[0])} to {when(made.reference[1])}."


def _window(made: Production, window: WindowShown) -> Iterator[str]:
    yield f'<div class="window" id="window-{window.name}" role="tabpanel" aria-labelledby="tab-{window.name}"><h3>{TITLES.get(window.name, text(window.name))}</h3>\n'
    yield f"<p>{_summary(made, window)}</p>\n"
    yield '<div class="cards">'
    for measure in made.measures:
        yield _card(made, window.name, measure, window.cells[measure.name])
    yield "</div></div>\n"


def _summary(made: Production, window: WindowShown) -> str:
    if not window.samples:
        return '<span class="nothing">Nothing measured: no sample came.</span>'
    cost = f"judging cost {money(window.cost_usd)}" if window.judged else "nothing was judged"
    few = f" With fewer than {made.min_n} samples nothing is judged worse or steady." if window.samples < made.min_n else ""
    return f"<b>{counted(window.samples, 'sample')}</b>, {count(window.judged)} of them judged, {counted(window.violations, 'constraint violation')}, {cost}.{few}"


def _card(made: Production, window: str, measure: Measure, cell: Cell) -> str:
    share = measure.share
    estimate = cell.estimate
    why = f'<p class="why">{text(cell.why)}</p>' if cell.why else ""
    if estimate.value is None:
        big = '<p class="big nothing">—</p>'
    else:
        big = f'<p class="big">{figure(estimate.value, share=share)} <span class="soft">{span(estimate, share=share)}</span></p>'
    chart = Chart(cell.points, f"{measure.name}, {TITLES.get(window, window)}", share, (ENDS.get(window, ""), "now"), cell.reference, made.min_n if window != "1h" else 0)
    head = f"<header><h4>{text(measure.name)}</h4>{standing_tag(cell.standing)}</header>"
    return f'<article class="card {cell.standing}">{head}{big}{why}<p class="soft small">{_facts(measure, cell)}{_lead(made, measure)}</p>{chart.picture()}{chart.numbers()}</article>\n'


def _facts(measure: Measure, cell: Cell) -> str:
    """n first, since every other number stands on it."""
    facts = [f"n {count(cell.estimate.n)}"]
    facts += [f"p10 {score(cell.p10)}"] if cell.p10 is not None else []
    facts += [f"reference {figure(cell.reference, share=measure.share)}"] if cell.reference is not None else []
    facts += [text(measure.about)] if measure.share else []
    facts += ["lower is better"] if measure.lower_is_better and not measure.share else []
    return " · ".join(facts)


def _lead(made: Production, measure: Measure) -> str:
    """The way to the newest alert about it."""
    at = next((number for number, alert in enumerate(made.alerts, 1) if measure.name in (alert.about, _ABOUT.get(alert.kind))), None)
    return f' · <a href="#alert-{at}">its newest alert</a>' if at else ""


def _counters(made: Production) -> str:
    if not made.counters:
        return ""
    found = ", ".join(f"{text(name)} {count(value)}" for name, value in sorted(made.counters.items()))
    return f'<p class="soft small">Since the store began the monitor also counted: {found}.</p>'
