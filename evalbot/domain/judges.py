"""Judges: what is known of them before a run, what a run shows of their health, and the words of their calibration."""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[float, float]
SOON_DAYS = 90  # before a model's end: time enough to choose another one and calibrate it


@dataclass(frozen=True, slots=True)
class Retirement:
    """When a model leaves its vendor's API, as an ISO date, and where that is said."""

    model: str
    date: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Attacked:
    """How a judge took known attack phrases glued to wrong answers: tries, those that talked it round, and the worst phrase."""

    tried: int
    talked_round: int
    worst: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A judge's pass and fail beside people's: `passes` of `good` answers it passes, `fails` of `bad` answers it fails."""

    good: int
    passes: int
    bad: int
    fails: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """Head's pass rate by the judge, and the one that people would give, with its 95 % interval."""

    judged: float
    people: float
    ci: Interval


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What `evalbot calibrate` last found of a judge.

    `kappa` is the quadratic weighted one (None where it has no value), `judge_id` the judge that was measured, `date` the
    ISO date of the measurement and `labelled` that of the newest label.
    """

    date: str
    judge_id: str
    labels: int
    raters: int
    kappa: float | None
    kappa_ci: Interval | None = None
    bias: float | None = None
    labelled: str = ""
    attacked: Attacked | None = None
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Floor:
    """What is asked of a judge's agreement with people; `record` is the path of the record of `evalbot calibrate`."""

    min_kappa: float
    max_age_days: float
    report_only: bool  # what happens to a judge that is below
    record: str = ""


@dataclass(frozen=True, slots=True)
class JudgeFacts:
    """What is known of a judge before it is asked.

    `models` and `subjects` are "provider/model"; `family` names the family that a judge shares with a subject, if one does.
    `today` is the run's ISO date. `demoted` says why the judge only reports in this run, where its calibration makes it.
    """

    metric: str
    judge_id: str
    models: tuple[str, ...]
    samples: int
    today: str = ""
    family: str = ""
    subjects: tuple[str, ...] = ()
    retirements: tuple[Retirement, ...] = ()
    floor: Floor | None = None
    calibrated: Calibrated | None = None
    demoted: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """A frozen graded answer, its frozen grade, and the grade that the judge gives it now (None where it gave none)."""

    frozen: float
    now: float | None


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """What a run showed of one judge.

    `answers` were graded and `lost` were not, `unreadable` of those for want of a reply that is a grade. `re_asks` counts
    replies that had to be asked for again, `repaired` those whose JSON was mended. `spread` is the pooled standard deviation
    of the samples of one answer, in points, None where each was graded once; `unstable` answers had samples far apart.
    `pairs` and `inconsistent` are a pairwise judge's. `canary_drift` is the mean of now − frozen, in points, and
    `canary_p` its paired t-test. `talked_round` of `probed` answers that speak to the judge moved it when their words were
    glued to a wrong answer; of `untested` that could not be found out.
    """

    suite: str
    metric: str
    facts: JudgeFacts
    answers: int = 0
    lost: int = 0
    unreadable: int = 0
    re_asks: int = 0
    repaired: int = 0
    spread: float | None = None
    unstable: tuple[str, ...] = ()
    pairs: int = 0
    inconsistent: int = 0
    canaries: int = 0
    canaries_lost: int = 0
    canary_drift: float | None = None
    canary_p: float | None = None
    probed: int = 0
    untested: int = 0
    talked_round: tuple[str, ...] = ()
    corrected: Corrected | None = None
