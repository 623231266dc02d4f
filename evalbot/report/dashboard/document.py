"""The page around it all: what stands at a glance, then production, alerts, suites and cost, and how to read them."""

from __future__ import annotations

from collections.abc import Iterator

from evalbot.domain.dashboard import Dashboard, Production, Standing, SuiteShown
from evalbot.report.dashboard import alerts, production, suites
from evalbot.report.dashboard.words import FRESH_SECONDS, ago, severity_tag, spent, standing_tag, tag, verdict_tag, when
from evalbot.report.escape import text
from evalbot.report.frame import asset, foot, head, table
from evalbot.report.numbers import counted

_DAY = 86_400.0
_READING = (
    "Brackets and bands are 95% intervals: Student's for means, Wilson's for shares; in trends of suites the normal one, as in the comment. "
    "The test behind worse and no fall shown is the alerts' own. A gap in a line, and every “nothing measured”, is just that: no measurement, no good news. "
    "Hollow points stand on too few samples to be judged."
)


def document(made: Dashboard) -> Iterator[str]:
    """The page in pieces. It loads nothing and connects nowhere; without a script it shows everything at once."""
    script = asset(__package__, "dashboard.js")
    name = f"evalbot dashboard{f' · {made.repository}' if made.repository else ''}"
    yield from head(name, asset(__package__, "style.css"), script)
    yield f"<header>\n<h1>{text(name)}</h1>\n"
    yield f'<p class="soft small">Made {when(made.at)} by evalbot {text(made.version)}. <span id="age" data-at="{made.at:.0f}" role="status"></span></p>\n'
    yield "".join(f'<p class="note">{text(note)}</p>\n' for note in made.notes)
    yield '<nav aria-label="Sections"><a href="#production">Production</a> <a href="#alerts">Alerts</a> <a href="#suites">Suites</a> <a href="#cost">Cost</a></nav>\n'
    yield "</header>\n<main>\n"
    yield from _glance(made)
    yield from production.section(made.production)
    yield from alerts.section(made)
    yield from suites.section(made)
    yield from _cost(made)
    yield f'<footer class="soft small"><p>{text(_READING)}</p></footer>\n</main>\n'
    yield foot(script)


def _glance(made: Dashboard) -> Iterator[str]:
    yield '<section aria-label="At a glance"><div class="tiles">'
    yield _tile("#production", "Production", *_watched(made.production))
    yield _tile("#alerts", "Alerts in 24 h", *_told(made))
    for suite in made.suites:
        yield _tile("#suites", f"Suite {suite.name}", *_ran(suite, made.at))
    yield _tile("#cost", "Cost in 7 days", "", " · ".join(f"{cost.what}: {spent(cost.spent, '7 d')}" for cost in made.costs) or "nothing ran")
    yield "</div></section>\n"


def _tile(link: str, name: str, label: str, words: str) -> str:
    """`label` is markup of ours."""
    return f'<a class="tile" href="{link}"><b>{text(name)}</b>{label}<span class="small">{text(words)}</span></a>'


def _watched(made: Production | None) -> tuple[str, str]:
    if made is None:
        return standing_tag(Standing.NOTHING), "no monitor's store is here"
    return standing_tag(made.standing), made.words


def _told(made: Dashboard) -> tuple[str, str]:
    """None is told apart from none that could have been told."""
    found = made.production
    if found is None or found.last is None or made.at - found.last > _DAY:
        return standing_tag(Standing.NOTHING), "so nothing could be told"
    recent = [alert for alert in found.alerts if made.at - alert.at <= _DAY]
    if not recent:
        return tag("none", "plain"), "of what was measured"
    worst = "high" if any(alert.severity == "high" for alert in recent) else recent[0].severity
    return severity_tag(worst), f"{counted(len(recent), 'alert')}, the last one {ago(made.at - recent[0].at)}"


def _ran(suite: SuiteShown, now: float) -> tuple[str, str]:
    if not suite.runs:
        return standing_tag(Standing.NOTHING), "no run is stored"
    age = now - suite.runs[0].at
    return verdict_tag(suite.runs[0].verdict, age), ago(age) + (": nothing measured since" if age > FRESH_SECONDS else "")


def _cost(made: Dashboard) -> Iterator[str]:
    yield '<section id="cost"><h2>Cost</h2>\n'
    spans = ("24 h", "7 d", "28 d")
    rows = [[text(cost.what), *(text(spent(cost.spent, name)) for name in spans)] for cost in made.costs]
    yield from table(("What", *spans), rows, range(1, 4))
    yield '<p class="soft small">Models and judges at the configured prices. Cost unknown: a price is not configured. Checks of pull requests are not in it.</p></section>\n'


