"""Suites on the page: runs on the default branch, and trends of every prompt and partition with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalbot.domain.dashboard import Dashboard, RunShown, SuiteShown, Trend
from evalbot.report.dashboard.charts import Chart
from evalbot.report.dashboard.words import figure, moment, span, verdict_tag, when
from evalbot.report.escape import text
from evalbot.report.frame import table
from evalbot.report.numbers import count, counted, money

FIRST = 10
MOST_CHARTS = 40


def section(made: Dashboard) -> Iterator[str]:
    """Every suite of the configuration, also those that never ran."""
    yield '<section id="suites"><h2>Suites</h2>\n'
    for suite in made.suites:
        yield from _suite(suite, made.at)
    yield "</section>\n"


def _suite(suite: SuiteShown, now: float) -> Iterator[str]:
    owner = f' <span class="soft small">owner {text(suite.owner)}</span>' if suite.owner else ""
    yield f'<div class="suite"><h3><code>{text(suite.name)}</code>{owner}</h3>\n'
    if not suite.runs:
        yield '<p class="nothing">Nothing measured: no run of it is on the branch <code>evalbot-history</code>.</p></div>\n'
        return
    last = suite.runs[0]
    yield f"<p>{verdict_tag(last.verdict, now - last.at)} {when(last.at)} at <code>{text(last.commit[:7])}</code></p>\n"
    for partition in dict.fromkeys(trend.partition for trend in suite.trends):
        yield f'<h4>{text(partition)}</h4><div class="cards">'
        some = [trend for trend in suite.trends if trend.partition == partition]
        yield from map(_trend, some[:MOST_CHARTS])
        yield "</div>\n"
        if some[MOST_CHARTS:]:
            yield f'<p class="soft small">{counted(len(some) - MOST_CHARTS, "more trend")} of this partition: <code>--json</code> has all of them.</p>\n'
    yield "<h4>Runs</h4>"
    yield from _runs(suite.runs[:FIRST])
    if suite.runs[FIRST:]:
        yield f"<details><summary>{count(len(suite.runs) - FIRST)} more</summary>"
        yield from _runs(suite.runs[FIRST:])
        yield "</details>"
    yield "</div>\n"


def _trend(trend: Trend) -> str:
    share = not trend.metric
    name = trend.metric or "passes"
    newest = trend.points[-1]
    ends = (moment(trend.points[0].at), moment(newest.at)) if len(trend.points) > 1 else ("", moment(newest.at))
    chart = Chart(trend.points, f"{trend.prompt}, {trend.partition}, {name}", share, ends)
    if newest.estimate.value is None:
        big = '<p class="big nothing">nothing measured</p>'
    else:
        big = f'<p class="big">{figure(newest.estimate.value, share=share)} <span class="soft">{span(newest.estimate, share=share)}</span></p>'
    return (
        f'<article class="card"><header><h5>{text(name)}</h5><span class="soft small">n {count(newest.estimate.n)}</span></header>{big}'
        f'<p class="soft small"><code>{text(trend.prompt)}</code></p>{chart.picture()}{chart.numbers()}</article>\n'
    )


def _runs(runs: Sequence[RunShown]) -> Iterator[str]:
    rows = [
        [
            when(run.at), f"<code>{text(run.commit[:7])}</code>", text(run.event), verdict_tag(run.verdict),
            ", ".join(f"<code>{text(rule)}</code>" for rule in run.findings), money(run.cost_usd),
        ]
        for run in runs
    ]  # fmt: skip
    yield from table(("Run", "Commit", "Event", "Verdict", "Findings", "Cost"), rows, range(2))
