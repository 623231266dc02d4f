"""A judge beside people, in figures: everything that `evalbot calibrate` works out, and the record that it keeps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from statistics import fmean
from typing import Any

from evalbot.app.labels import Label
from evalbot.app.talking_round import TalkedRound
from evalbot.domain.examples import Example
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Score
from evalbot.domain.thresholds import reaches
from evalbot.instruments.calibration import CalibrationRule
from evalbot.stats.agreement import Agreement, agreement, krippendorff_alpha, quadratic_weighted_kappa, spearman
from evalbot.stats.calibration import (
    Cell,
    Interval,
    Slope,
    Verdicts,
    bootstrap_ci,
    confusion,
    corrected_rate,
    mean_ci,
    slope,
    verdicts,
)

# By how many labels a kappa may be believed: its 95 % range at a true 0.58 is ±0.29 with 20, ±0.18 with 50, ±0.13 with 100.
ENOUGH = ((200, "stable"), (100, "enough to gate"), (50, "provisional"), (0, "too few to judge the judge"))
_PASS_FAIL = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled answer with all that people said of it."""

    example: Example
    output: str
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Figures:
    """What people and one judge say of the same answers. Grades where the judge has grades, else pass (1) and fail (0).

    `baseline` is what a judge that always says the commonest thing would agree. `corrected` holds, by partition of the last
    run, the judge's pass rate and the one that people would give, with its interval.
    """

    n: int = 0
    lost: int = 0
    raters: int = 0
    labelled: str = ""
    agreed: Agreement | None = None
    kappa_ci: Interval | None = None
    spearman_ci: Interval | None = None
    bias_ci: Interval | None = None
    within_one: float | None = None
    baseline: float | None = None
    alpha: float | None = None
    slope: Slope | None = None
    cells: tuple[Cell, ...] = ()
    known: Verdicts | None = None
    corrected: Mapping[str, tuple[float, float, Interval]] = field(default_factory=dict)
    graded: bool = True
    suite: str = ""
    metric: str = ""
    judge_id: str = ""
    model: str = ""
    date: str = ""
    rule: CalibrationRule | None = None
    attack: TalkedRound | None = None
    judging: bool = True

    @property
    def below(self) -> bool:
        """Whether the judge agrees less than its floor asks."""
        kappa = self.agreed.qwk if self.agreed else None
        return self.judging and self.rule is not None and (kappa is None or kappa < self.rule.min_kappa)

    @property
    def trust(self) -> str:
        """What so many labels are worth."""
        return next(word for least, word in ENOUGH if self.n >= least)

    def entry(self) -> dict[str, Any]:
        """What the record says of it."""
        a = self.agreed
        return {
            "date": self.date, "judge_id": self.judge_id, "model": self.model, "labels": self.n, "lost": self.lost,
            "raters": self.raters, "labelled": self.labelled or self.date,
            "kappa": None if a is None or a.qwk is None else {"value": a.qwk, "ci": _listed(self.kappa_ci)},
            "baseline": self.baseline,
            "spearman": None if a is None or a.spearman is None else {"value": a.spearman, "ci": _listed(self.spearman_ci)},
            "bias": a.bias if a else None, "bias_ci": _listed(self.bias_ci), "mae": a.mae if a else None,
            "exact": a.exact if a else None, "within_one": self.within_one, "alpha": self.alpha,
            "slope": None if self.slope is None else {"value": self.slope.value, "ci": list(self.slope.ci)},
            "confusion": [{**asdict(cell), "ci": list(cell.ci)} for cell in self.cells],
            "verdicts": asdict(self.known) if self.known else None,
            "attack": None if self.attack is None else asdict(self.attack.summed),
        }  # fmt: skip


def items_of(labels: Sequence[Label]) -> tuple[Item, ...]:
    """The labelled answers, each with the labels of all raters, in the order of their first label."""
    found: dict[tuple[str, str], list[Label]] = {}
    for label in labels:
        found.setdefault((label.example.id, label.output), []).append(label)
    return tuple(Item(own[0].example, own[0].output, tuple(own)) for own in found.values())


def figures(
    items: Sequence[Item], scores: Sequence[Score], metric: Metric, levels: Sequence[float], last: Mapping[str, tuple[int, int]]
) -> Figures:
    """Everything of one judge; answers that it gave no grade are counted and left out.

    Args:
        items: The labelled answers.
        scores: What the judge says of each.
        levels: Its grades; none where its scores are shares, so that only pass and fail can be compared.
        last: Partition → (passed, graded) of the last run.
    """
    known = [(item, score) for item, score in zip(items, scores, strict=True) if score.value is not None]
    labels = [label for item in items for label in item.labels]
    found = Figures(
        n=len(known), lost=len(items) - len(known), raters=len({label.rater for label in labels}),
        labelled=max((label.date for label in labels), default=""), graded=bool(levels), alpha=_alpha(items, levels),
    )  # fmt: skip
    said = _pass_fail(known, metric)
    rates = verdicts([good for good, _ in said], [passed for _, passed in said]) if said else None
    pairs = _grades(known) if levels else [(float(good), float(passed)) for good, passed in said]
    return _with(found, pairs, levels or _PASS_FAIL, rates, last)


def _with(
    found: Figures, pairs: Sequence[tuple[float, float]], levels: Sequence[float], rates: Verdicts | None,
    last: Mapping[str, tuple[int, int]],
) -> Figures:  # fmt: skip
    corrected = {
        partition: (passed / n, *rate)
        for partition, (passed, n) in sorted(last.items())
        if rates is not None and (rate := corrected_rate(passed, n, rates)) is not None
    }
    found = replace(found, known=rates, corrected=corrected, n=len(pairs) or found.n)
    if not pairs:
        return found
    human, judge = [h for h, _ in pairs], [j for _, j in pairs]
    level = [_nearest(j, levels) for j in judge]
    whole = [_nearest(h, levels) for h in human]
    step = levels[1] - levels[0]
    base = agreement(whole, level, levels)
    exact = Agreement(base.n, base.qwk, spearman(human, judge), fmean(j - h for h, j in pairs), fmean(abs(j - h) for h, j in pairs), base.exact)
    return replace(
        found, agreed=exact, kappa_ci=bootstrap_ci(whole, level, partial(_kappa, levels=levels)), spearman_ci=bootstrap_ci(human, judge, spearman),
        bias_ci=mean_ci([j - h for h, j in pairs]), within_one=fmean(abs(a - b) <= step for a, b in zip(whole, level, strict=True)),
        baseline=max(whole.count(value) for value in set(whole)) / len(whole), slope=slope(human, judge), cells=tuple(confusion(whole, level)),
    )  # fmt: skip


def _kappa(human: Sequence[float], judge: Sequence[float], levels: Sequence[float]) -> float | None:
    return quadratic_weighted_kappa(human, judge, levels)


def _grades(known: Sequence[tuple[Item, Score]]) -> list[tuple[float, float]]:
    """The people's mean grade and the judge's, of answers that people graded."""
    found = []
    for item, score in known:
        given = [label.score for label in item.labels if label.score is not None]
        if given and score.value is not None:
            found.append((fmean(given), score.value))
    return found


def _pass_fail(known: Sequence[tuple[Item, Score]], metric: Metric) -> list[tuple[bool, bool]]:
    """Whether most people pass an answer, and whether the judge does; without a majority an answer says nothing."""
    found = []
    for item, score in known:
        said = [word for label in item.labels if (word := _good(label, metric)) is not None]
        judged = score.passed if score.passed is not None else _reaches(score.value, item.example, metric)
        if judged is not None and 2 * sum(said) != len(said):
            found.append((2 * sum(said) > len(said), judged))
    return found


def _good(label: Label, metric: Metric) -> bool | None:
    return label.passed if label.passed is not None else _reaches(label.score, label.example, metric)


def _reaches(value: float | None, example: Example, metric: Metric) -> bool | None:
    minimum = getattr(metric, "minimum", None)
    return None if value is None or minimum is None else reaches(value, minimum, example.partition)


def _alpha(items: Sequence[Item], levels: Sequence[float]) -> float | None:
    """Krippendorff's alpha of the raters among each other; None with fewer than two."""
    raters = sorted({label.rater for item in items for label in item.labels})
    if len(raters) < 2:
        return None

    def said(item: Item, rater: str) -> float | None:
        label = next((one for one in item.labels if one.rater == rater), None)
        if label is None:
            return None
        return label.score if levels else None if label.passed is None else float(label.passed)

    return krippendorff_alpha([[said(item, rater) for item in items] for rater in raters], "ordinal" if levels else "nominal")


def _nearest(value: float, levels: Sequence[float]) -> float:
    """The nearest grade, of two as near the higher."""
    return min(levels, key=lambda level: (abs(level - value), -level))


def _listed(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
