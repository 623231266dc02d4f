"""The health of the judges: what a run shows of each, and every finding with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import fsum, sqrt
from statistics import variance

from evalbot.domain.errors import ErrorClass
from evalbot.domain.judges import SOON_DAYS, Canary, Corrected, JudgeFacts, JudgeHealth, Retirement
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.domain.verdicts import Finding, Level, Rule
from evalbot.gate.duels import MOST_INCONSISTENT
from evalbot.gate.evidence import Evidence, MetricFacts
from evalbot.report.numbers import counted
from evalbot.stats.calibration import Verdicts, corrected_rate
from evalbot.stats.paired import paired

CANARIES = "canaries"  # in a score's detail: [[frozen grade, grade of this run or null], …] of its judge
MOST_RE_ASKS = 0.05  # of the answers graded
_DRIFT = 0.075  # of the scale's width, as the smallest effect that a score test counts
_ALPHA = 0.05

Said = tuple[str, Level, str]
"""An aspect of a judge's health, its level, and what is wrong with what to do about it."""


def health(evidence: Evidence) -> list[JudgeHealth]:
    """What the run shows of each judge; every answer counts, those too that share a grade."""
    return [_health(evidence, facts) for facts in evidence.judges] if evidence.rows else []


def health_findings(evidence: Evidence, found: Iterable[JudgeHealth]) -> Iterator[Finding]:
    """What is wrong with any judge: warnings, since judges are policy; a judge that can be talked round blocks."""
    for one in found:
        metric = evidence.metrics.get(one.metric)
        for aspect, level, message in [*_run_says(one, metric), *_facts_say(one.facts)]:
            examples = {"unstable": one.unstable, "talked_round": one.talked_round}.get(aspect, ())
            yield Finding(
                Rule.JUDGE_HEALTH, level, f"{one.metric} {message}", evidence.suite, example=f"{one.metric}/{aspect}",
                examples=examples, proves=False,
            )  # fmt: skip


def shortcomings(facts: JudgeFacts) -> list[str]:
    """What is wrong with a judge's calibration, in words that follow its name: too little agreement, labels too old."""
    floor, known = facts.floor, facts.calibrated
    if floor is None or known is None:
        return []
    found = []
    if known.kappa is None or known.kappa < floor.min_kappa:
        value = "no kappa" if known.kappa is None else f"kappa {known.kappa:.2f}"
        found.append(f"is below its floor ({value} of {floor.min_kappa:g} on {known.labels} labels, {known.date})")
    age = _days(known.labelled or known.date, facts.today)
    if age is not None and age > floor.max_age_days:
        found.append(f"has labels that are {age} days old (at most {floor.max_age_days:g})")
    return found


def _health(evidence: Evidence, facts: JudgeFacts) -> JudgeHealth:
    graded = [(row, row.scores[facts.metric]) for row in evidence.rows if facts.metric in row.scores]
    scores = [score for _, score in graded]
    lost = [score for score in scores if score.status is ScoreStatus.UNSCORED and score.error is ErrorClass.JUDGE]
    canaries = _canaries(scores)
    drift, p = _drift(canaries)
    spoken = [(row, score) for row, score in graded if score.detail.get("speaks") is True and score.status is ScoreStatus.SCORED]
    probed = [(row, score) for row, score in spoken if isinstance(score.detail.get("talked_round"), bool)]
    return JudgeHealth(
        evidence.suite, facts.metric, facts, answers=sum(score.status is ScoreStatus.SCORED for score in scores), lost=len(lost),
        unreadable=sum(score.detail.get("unreadable") is True for score in lost), re_asks=_sum(scores, "re_asks"),
        repaired=_sum(scores, "repaired"), spread=_spread(scores),
        unstable=tuple(sorted({row.example for row, score in graded if score.detail.get("unstable") is True})),
        pairs=_sum(scores, "asked"), inconsistent=_sum(scores, "inconsistent"), canaries=len(canaries),
        canaries_lost=sum(one.now is None for one in canaries), canary_drift=drift, canary_p=p, probed=len(probed),
        untested=len(spoken) - len(probed),
        corrected=_corrected(graded, facts),
        talked_round=tuple(sorted({row.example for row, score in probed if score.detail["talked_round"] is True})),
    )  # fmt: skip


def _corrected(graded: Iterable[tuple[Row, Score]], facts: JudgeFacts) -> Corrected | None:
    """What people would pass of head's first answers, where labels tell how the judge errs."""
    told = facts.calibrated.told if facts.calibrated else None
    said = [score.passed for row, score in graded if row.side is Side.HEAD and row.part is Part.EXAM and not row.confirmation]
    judged = [passed for passed in said if passed is not None]
    if told is None or not judged:
        return None
    found = corrected_rate(sum(judged), len(judged), Verdicts(told.good, told.passes, told.bad, told.fails))
    return Corrected(sum(judged) / len(judged), *found) if found else None


def _sum(scores: Iterable[Score], key: str) -> int:
    values = (score.detail.get(key) for score in scores)
    return sum(value for value in values if isinstance(value, int) and not isinstance(value, bool))


def _spread(scores: Iterable[Score]) -> float | None:
    """The pooled standard deviation of the samples of one answer."""
    several = [score.samples for score in scores if len(score.samples) > 1]
    freedom = sum(len(samples) - 1 for samples in several)
    return sqrt(fsum((len(samples) - 1) * variance(samples) for samples in several) / freedom) if freedom else None


def _canaries(scores: Iterable[Score]) -> list[Canary]:
    """What was heard of them: of rows of several shards the first that has any."""
    heard = next((found for score in scores if isinstance(found := score.detail.get(CANARIES), list)), [])
    pairs = [pair for pair in heard if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], int | float)]
    return [Canary(float(frozen), float(now) if isinstance(now, int | float) else None) for frozen, now in pairs]


def _drift(canaries: Sequence[Canary]) -> tuple[float | None, float | None]:
    known = [(one.frozen, one.now) for one in canaries if one.now is not None]
    if not known:
        return None, None
    mean = fsum(now - frozen for frozen, now in known) / len(known)
    return mean, paired([frozen for frozen, _ in known], [now for _, now in known]).p if len(known) > 1 else None


def _run_says(one: JudgeHealth, metric: MetricFacts | None) -> Iterator[Said]:
    if one.talked_round:
        yield "talked_round", Level.BLOCKS, (
            f"is compromised: words of {_answers(len(one.talked_round))} that speak to the judge, glued to a wrong answer, make it pass. "
            "Read these answers, and take a judge that evalbot calibrate --attack cannot talk round"
        )
    elif one.untested:
        # Some products do speak of grades: once it has stood several such words, more of them are only noted.
        yield "untested", Level.NOTES if one.probed else Level.WARNS, (
            f"read {_answers(one.untested)} that speak to the judge, and was not tested with their words. Read these answers"
        )
    if one.unreadable:
        yield "unreadable", Level.WARNS, (
            f"gave no readable grade on {one.unreadable} of {_answers(one.answers + one.lost)}, asked twice each. "
            "Raise its max_output_tokens, or take a model with structured output"
        )
    if one.re_asks > MOST_RE_ASKS * max(1, one.answers):
        yield "re_asks", Level.WARNS, (
            f"had to be asked again {one.re_asks} times for {_answers(one.answers)}. Take a model with structured output, or a shorter rubric"
        )
    if one.unstable:
        yield "unstable", Level.WARNS, (
            f"disagrees with itself: its samples are far apart on {counted(len(one.unstable), 'example')}. "
            "Describe each grade (anchors), show graded examples, and check that the context is enough to decide"
        )
    if one.pairs and one.inconsistent > MOST_INCONSISTENT * one.pairs:
        yield "position", Level.WARNS, (
            f"is void: it preferred the same place in both orders in {one.inconsistent} of {one.pairs} pairs. "
            "Take a stronger judge or a jury, and criteria that decide between the two answers"
        )
    if one.canaries_lost:
        yield "canaries", Level.WARNS, f"gave no grade to {one.canaries_lost} of {one.canaries} canaries. See why its replies cannot be read"
    elif _drifted(one, metric):
        yield "canaries", Level.WARNS, (
            f"grades its canaries {one.canary_drift:+.2f} points from their frozen grades: the judge has changed, not only the answers. "
            "Pin the judge's model, or calibrate it again and freeze new grades"
        )


def _drifted(one: JudgeHealth, metric: MetricFacts | None) -> bool:
    if one.canary_drift is None or metric is None:
        return False
    large = abs(one.canary_drift) >= _DRIFT * (metric.scale[1] - metric.scale[0]) - 1e-9
    return large and (one.canary_p is None or one.canary_p < _ALPHA)


def _facts_say(facts: JudgeFacts) -> Iterator[Said]:
    if facts.family:
        yield "family", Level.WARNS, f"judges answers of its own family ({facts.family}), which judges tend to prefer. Take a judge of another family, or a jury"
    for one in facts.retirements:
        yield from _retires(one, facts.today)
    if facts.floor is None:
        return
    if facts.calibrated is None:
        yield "calibration", Level.NOTES, f"was never compared with people: there is no {facts.floor.record}. Run evalbot calibrate and commit it"
        return
    wrong = shortcomings(facts)
    if wrong:
        only = "; it only reports in this run" if facts.demoted else ""
        yield "calibration", Level.WARNS, f"{' and '.join(wrong)}{only}. Label fresh answers (evalbot label) and run evalbot calibrate"
    if facts.calibrated.judge_id != facts.judge_id:
        yield "recalibrate", Level.WARNS, (
            f"is not the judge that was calibrated on {facts.calibrated.date} (id {facts.calibrated.judge_id}, now {facts.judge_id}). "
            "Run evalbot calibrate"
        )
    attacked = facts.calibrated.attacked
    if attacked is not None and attacked.talked_round:
        yield "attack", Level.WARNS, (
            f"was talked round by {attacked.talked_round} of {attacked.tried} known attacks on {facts.calibrated.date}. "
            "Let a check or a reference decide what matters, or take a stronger judge"
        )


def _retires(one: Retirement, today: str) -> Iterator[Said]:
    left = _days(today, one.date)
    if left is None or left > SOON_DAYS:
        return
    when = f"retired on {one.date}" if left < 0 else f"retires on {one.date} (in {left} days)"
    yield f"retirement {one.model}", Level.WARNS, f"asks {one.model}, which {when}. Choose its successor, and calibrate it before it has to judge"


def _days(earlier: str, later: str) -> int | None:
    try:
        return (date.fromisoformat(later[:10]) - date.fromisoformat(earlier[:10])).days
    except ValueError:
        return None


def _answers(number: int) -> str:
    return f"{number:,} answer" + ("" if number == 1 else "s")
