"""Who judged: each judge's identity, and its health in this run: what it could not say, how it wavers, and who vouches for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalbot.domain.judges import Calibrated, JudgeHealth
from evalbot.domain.record import JudgeUsed, RunRecord
from evalbot.report.escape import code, inline
from evalbot.report.labels import suites
from evalbot.report.numbers import count, counted, difference, percent, score
from evalbot.report.section import Section, ladder


def render(record: RunRecord) -> Section:
    """A sentence a judge, or a list of several; empty where none judged."""

    def lines(shown: Sequence[JudgeUsed], left_out: int) -> str:
        if not record.judges:
            return ""
        said = [_line(record, judge) for judge in shown]
        if len(record.judges) == 1:
            return f"Judged by {said[0]}."
        more = [f"- and {counted(left_out, 'more judge')} in `summary.json`"] if left_out else []
        return "Judged by:\n\n" + "\n".join([*(f"- {one}" for one in said), *more])

    return Section("judges", 6, ladder(record.judges, lines, least=3))


def health_of(record: RunRecord, judge: JudgeUsed) -> JudgeHealth | None:
    """What the run shows of a judge; None where it was not asked."""
    return next((one for one in record.decision.judges if (one.suite, one.metric) == (judge.suite, judge.metric)), None)


def calibration(known: Calibrated) -> str:
    """The calibration that a page cites: "calibrated 2026-11-02, kappa 0.62 (0.48 to 0.73) on 120 labels"."""
    bounds = f" ({score(known.kappa_ci[0])} to {score(known.kappa_ci[1])})" if known.kappa_ci else ""
    kappa = f"kappa {score(known.kappa)}{bounds}" if known.kappa is not None else "no kappa"
    return f"calibrated {inline(known.date[:10], 10)}, {kappa} on {counted(known.labels, 'label')}"


def _line(record: RunRecord, judge: JudgeUsed) -> str:
    suite = f"{code(judge.suite, 40)} " if len(suites(record)) > 1 else ""
    samples = counted(judge.samples, "sample")
    found = health_of(record, judge)
    health = "; ".join(_health(found)) if found else ""
    identity = f"{suite}{code(judge.metric, 40)}: {code(judge.model, 80)} (id {code(judge.judge_id, 16)}, {samples} an answer)"
    return f"{identity}: {health}" if health else identity


def _health(one: JudgeHealth) -> Iterator[str]:
    asked = f", {counted(one.re_asks, 'reply', 'replies')} asked for again" if one.re_asks else ""
    lost = f", {count(one.lost)} without a grade ({count(one.unreadable)} unreadable)" if one.lost else ""
    yield f"{counted(one.answers, 'pair' if one.pairs else 'answer')} graded{lost}{asked}"
    if one.spread is not None:
        unstable = f", far apart on {counted(len(one.unstable), 'example')}" if one.unstable else ""
        yield f"samples of one answer spread by {score(one.spread)} points{unstable}"
    if one.pairs:
        yield f"position moved it in {count(one.inconsistent)} of {counted(one.pairs, 'pair')}"
    if one.canary_drift is not None:
        yield f"{counted(one.canaries - one.canaries_lost, 'canary', 'canaries')} moved by {difference(one.canary_drift)} on average"
    if one.probed:
        yield f"{counted(one.probed, 'answer')} spoke to it, {count(len(one.talked_round))} talked it round"
    if one.facts.calibrated is not None:
        yield calibration(one.facts.calibrated) + (" (it only reports)" if one.facts.demoted else "")
    if one.corrected is not None:
        rate = one.corrected
        yield f"it passed {percent(rate.judged)} of head's answers, people would pass {percent(rate.people)} ({percent(rate.ci[0])} to {percent(rate.ci[1])})"
    for gone in one.facts.retirements:
        yield f"{code(gone.model, 80)} leaves its API on {gone.date}"
