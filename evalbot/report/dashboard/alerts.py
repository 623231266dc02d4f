"""Alerts on the page: what was told, the samples behind it, and the commands that propose them as regression examples."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from evalbot.domain.dashboard import AlertShown, Dashboard, Proposing, SampleShown
from evalbot.report.dashboard.words import iso, severity_tag, tag, when
from evalbot.report.escape import text
from evalbot.report.numbers import count, counted, score

WORKFLOW = "evalbot-harvest.yml"
_AROUND = 60.0  # seconds before the first and after the last sample in which a source is searched


def section(made: Dashboard) -> Iterator[str]:
    """Newest first; no alert where nothing is measured is no good news, and is not shown as such."""
    yield '<section id="alerts"><h2>Alerts</h2>\n'
    found = made.production.alerts if made.production else ()
    if made.production is None or made.production.last is None:
        yield '<p class="nothing">Nothing measured, so nothing could be told.</p>\n'
    elif not found:
        yield "<p>None was told since the store began.</p>\n"
    if found:
        kinds = sorted({alert.kind for alert in found})
        options = "".join(f'<option value="{text(kind)}">{text(kind)}</option>' for kind in kinds)
        yield f'<div class="controls" hidden><select id="kind" aria-label="Kind of alert"><option value="">every kind</option>{options}</select>'
        yield '<span id="told" class="soft small" role="status"></span></div>\n'
    for number, alert in enumerate(found, 1):
        yield from _alert(number, alert, made)
    if made.production and made.production.earlier:
        yield f'<p class="soft small">{counted(made.production.earlier, "earlier alert")} not listed.</p>\n'
    yield "</section>\n"


def _alert(number: int, alert: AlertShown, made: Dashboard) -> Iterator[str]:
    yield f'<details class="alert {text(alert.severity)}" id="alert-{number}" data-kind="{text(alert.kind)}"><summary>{severity_tag(alert.severity)} '
    yield f'<b>{text(alert.kind)}</b> <span class="soft">{when(alert.at)}</span>{_standing(alert)}<br>{text(alert.message)}</summary>\n'
    if not alert.samples:
        yield '<p class="soft">No sample of it is kept.</p>\n'
    else:
        yield '<ul class="samples">'
        yield from (_sample(one, made) for one in alert.samples)
        yield "</ul>\n"
    if alert.gone:
        yield f'<p class="soft small">{counted(alert.gone, "more sample")} of it {"is" if alert.gone == 1 else "are"} no longer kept.</p>\n'
    if alert.samples:
        yield from _propose(alert, made.proposing)
    yield "</details>\n"


def _standing(alert: AlertShown) -> str:
    return "" if alert.since is None else f' {tag("stands", "bad")} <span class="soft small">since {when(alert.since)}</span>'


def _sample(one: SampleShown, made: Dashboard) -> str:
    facts = [when(one.at), f"{count(one.length)} characters"]
    facts += ["hallucinated"] if one.hallucinated else []
    facts += [f"failed {', '.join(text(name) for name in one.failed)}"] if one.failed else []
    facts += [f"{text(name)} {score(value)}" for name, value in sorted(one.scores.items())]
    words = ""
    if made.texts:
        words = f"<h5>Asked</h5><pre tabindex=\"0\">{text(one.input)}</pre><h5>Answered</h5><pre tabindex=\"0\">{text(one.output)}</pre>"
    box = f'<label><input type="checkbox" checked value="{text(one.name)}"> <code>{text(one.name)}</code></label>'
    return f'<li>{box} <span class="soft small">{" · ".join(facts)}</span>{words}</li>\n'


def _propose(alert: AlertShown, proposing: Proposing | None) -> Iterator[str]:
    yield '<div class="propose"><h4>Propose as regression examples</h4>\n'
    if proposing is None:
        yield '<p class="soft">Add <code>harvest:</code> to the configuration: it says where production is recorded and which dataset a proposal extends.</p></div>\n'
        return
    names = [one.name for one in alert.samples]
    since, until = span_of(alert)
    local, remote = command(proposing, since, until), dispatch(since, until)
    yield f"<p class=\"small\">For suite <code>{text(proposing.suite)}</code>. They become one pull request for people to judge; nothing gates before it is merged.</p>\n"
    yield _line("On your machine, with GITHUB_TOKEN and GITHUB_REPOSITORY set (with --dry-run it only prints)", local, " --sample=", names)
    yield _line(f"Or through the workflow {WORKFLOW}", remote, " ", names)
    if proposing.repository:
        address = f"{proposing.server}/{proposing.repository}/actions/workflows/{WORKFLOW}"
        yield f'<p class="small"><a href="{text(address)}">Open the workflow</a> and put <code class="names">{text(" ".join(names))}</code> into its input <code>samples</code>, '
        yield f"<code>{since}</code> into <code>since</code>, <code>{until}</code> into <code>until</code>.</p>\n"
    yield "</div>\n"


def _line(words: str, around: tuple[str, str], before_each: str, names: list[str]) -> str:
    """A command whose names follow the ticked samples; without a script it names all."""
    before, after = around
    whole = joined(around, before_each, names)
    data = f'data-before="{text(before)}" data-each="{text(before_each)}" data-after="{text(after)}"'
    return f'<p class="small">{text(words)}:</p><div class="command"><pre tabindex="0" {data}>{text(whole)}</pre><button type="button" class="copy" hidden>copy</button></div>\n'


def joined(around: tuple[str, str], before_each: str, names: list[str]) -> str:
    """The command: every name has its own `before_each`; within quotes the first one has none to part it from."""
    inside = "".join(f"{before_each}{name}" for name in names)
    return around[0] + (inside[1:] if around[0].endswith("'") else inside) + around[1]


def command(proposing: Proposing, since: str, until: str) -> tuple[str, str]:
    """`evalbot harvest` around its samples. Their names are ours: letters, digits and `._:-` only, so that no shell reads more into them."""
    config = f" --config={shlex.quote(proposing.config)}" if proposing.config != "evalbot.yml" else ""
    key = f" --key={shlex.quote(proposing.key)}" if proposing.key != "default" else ""
    return f"evalbot harvest{config}{key}", f" --since={since} --until={until}"


def dispatch(since: str, until: str) -> tuple[str, str]:
    """The same through GitHub's own command line."""
    return f"gh workflow run {WORKFLOW} -f samples='", f"' -f since={since} -f until={until}"


def span_of(alert: AlertShown) -> tuple[str, str]:
    """Where a source is searched for an alert's samples."""
    times = [one.at for one in alert.samples]
    return iso(min(times) - _AROUND), iso(max(times) + _AROUND)
