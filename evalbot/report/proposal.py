"""The text of a proposal: one checklist row an example, with the evidence, and what a person has to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.harvest import Catch, Counts, Failure, HarvestPolicy
from evalbot.report.escape import block, code, inline
from evalbot.report.numbers import counted
from evalbot.report.table import details

_MOST_CHARACTERS = 60_000
_ANSWER = 1500
_SIGNALS = {"metrics": "the metrics", "error": "an error", "feedback": "bad feedback", "alert": "an alert of the monitor", "named": "the word of somebody who named it"}


def proposal_title(suite: str, count: int) -> str:
    """One line without a word of production."""
    return f"evalbot: {counted(count, 'regression example')} from production for suite {suite}"


def proposal_body(policy: HarvestPolicy, failures: Sequence[Failure], kept: Sequence[Example], catch: Catch) -> str:
    """GitHub's Markdown, at most 60,000 characters: the evidence of the last rows gives way first, then rows do.

    Args:
        failures: Proposed by this run.
        kept: Proposed by earlier runs and still in the pull request, as reviewers left them.
    """
    head = [
        "Answers that failed in production, as examples for you to judge. **Nothing here gates anything yet**: a row counts once it is merged "
        "without `status: proposed`.",
        "For each row: is it a failure? Write `source.root_cause` and, where there is one right answer, `expected_output`; then remove "
        f"the line's `status`. Delete the rows that you do not want. They are in {code(policy.dataset)}. Closing this pull request rejects them all.",
        _how_redacted(policy.names),
    ]
    rows = [_row(failure) for failure in failures]
    rows += map(_earlier_row, kept)
    tail = [*_recurred(catch.recurred), _counts(catch.counts)]
    evidence = [*map(_evidence, failures), *map(_earlier_evidence, kept)]
    left = 0
    while True:
        more = f"\n\nAnd {counted(left, 'row')} more in the file." if left else ""
        text = "\n\n".join([*head, "\n".join(rows) + more, *evidence, *tail]) + "\n"
        if len(text) <= _MOST_CHARACTERS:
            return text
        if evidence:
            evidence.pop()
        else:
            rows.pop()
            left += 1


def _how_redacted(names: str) -> str:
    if names:
        return f"Personal data was taken out by pattern, and names that {code(names, 100)} knows. It misses some, and addresses are not looked for: please look."
    return "Personal data was taken out by pattern. Names and addresses in running text are not found that way: please look."


def _row(failure: Failure) -> str:
    told = {"metrics": failure.kinds, "alert": failure.alerts}
    why = " and ".join(_SIGNALS[signal] + _listed(told.get(signal, ())) for signal in failure.signals)
    fresh = f"; the present prompt fails it {failure.fresh[0]} of {failure.fresh[1]} times" if failure.fresh[1] else ""
    seen = f"; seen {failure.seen} times" if failure.seen > 1 else ""
    return f"- [ ] {code(failure.example)}: failed by {why}{fresh}{seen}. Cluster: {inline(failure.cluster, 80)}{_link(failure.sample.url)}"


def _earlier_row(example: Example) -> str:
    """Of a row that waits since an earlier run, what it says itself."""
    failed, seen = example.metadata.get("failed"), example.metadata.get("seen")
    why = _listed([str(word) for word in failed]) if isinstance(failed, list | tuple) else ""
    times = f"; seen {seen} times" if isinstance(seen, int) and seen > 1 else ""
    cluster = f". Cluster: {inline(example.cluster, 80)}" if example.cluster else ""
    return f"- [ ] {code(example.id)} (from an earlier run){': failed' + why if why else ''}{times}{cluster}{_link(str(example.source.get('url') or ''))}"


def _link(url: str) -> str:
    """GitHub takes a row as done where "[x]" stands anywhere in it."""
    return f"; source {code(url.replace('[', '%5B'), 200)}" if url else ""


def _listed(words: Sequence[str]) -> str:
    return f" ({', '.join(code(word, 80) for word in words[:4])})" if words else ""


def _asked(asked: Mapping[str, Json]) -> list[str]:
    return [f"{inline(name, 60)}:\n\n{block(_words(value), 600)}" for name, value in asked.items()]


def _earlier_evidence(example: Example) -> str:
    """The question; the answer is in no row, since a wrong one must not pass for a right one."""
    parts = [*_asked(example.input), "What was answered stands in an earlier version of this text (above it, *edited*)."]
    return details(f"Evidence: {inline(example.id, 80)}", "\n\n".join(parts))


def _evidence(failure: Failure) -> str:
    sample = failure.sample
    parts = _asked(sample.input)
    parts.append(f"What was answered:\n\n{block(sample.output or '', _ANSWER)}")
    parts += [f"- {inline(reason, 400)}" for reason in failure.reasons[:5]]
    if sample.expected is not None:
        parts.append(f"A person's correction, as a candidate for `expected_output`:\n\n{block(sample.expected, _ANSWER)}")
    return details(f"Evidence: {inline(failure.example, 80)}", "\n\n".join(parts))


def _recurred(recurred: Mapping[str, int]) -> list[str]:
    if not recurred:
        return []
    worst = sorted(recurred.items(), key=lambda item: (-item[1], item[0]))[:20]
    listed = ", ".join(f"{code(name, 60)} ({times})" for name, times in worst)
    return [f"**Seen again.** Failures of this window that the datasets hold already: {listed}. Their examples were merged and production still fails them."]


def _counts(counts: Counts) -> str:
    steps = (
        (counts.fetched, "records"), (counts.sampled, "looked at"), (counts.failed, "failed"), (counts.known, "known to the datasets"),
        (counts.decided, "decided before"), (counts.repaired, "not failed by the present prompt"), (counts.held_back, "held back by the caps"),
        (counts.proposed, "proposed"),
    )  # fmt: skip
    lost = [f"{count} {what}" for count, what in ((counts.unusable, "unusable"), (counts.erased, "of those who asked to be forgotten"), (counts.not_redacted, "dropped because redaction failed"), (counts.unscored, "not scored")) if count]
    return "This run: " + ", ".join(f"{count:,} {what}" for count, what in steps) + (f"; {', '.join(lost)}" if lost else "") + "."


def _words(value: Json) -> str:
    return value if isinstance(value, str) else str(value)
