"""Findings and the verdict that follows from them: the vocabulary of a decision, and its JSON shape's parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evalbot.domain.canonical import digest
from evalbot.domain.judges import JudgeHealth
from evalbot.domain.runs import Part, Side


class Verdict(StrEnum):
    """The sum of a run."""

    PASS = "pass"  # noqa: S105 - not a password
    NOT_APPLICABLE = "not_applicable"
    ACCEPTED = "accepted"
    FAIL = "fail"
    CONFIG_ERROR = "config_error"
    INCONCLUSIVE = "inconclusive"
    NEEDS_APPROVAL = "needs_approval"
    CANCELLED = "cancelled"

    @property
    def exit_code(self) -> int:
        """The process's exit status for this verdict."""
        return EXIT_CODES[self]


EXIT_CODES = {
    Verdict.PASS: 0, Verdict.NOT_APPLICABLE: 0, Verdict.ACCEPTED: 0, Verdict.FAIL: 1, Verdict.CONFIG_ERROR: 2,
    Verdict.INCONCLUSIVE: 3, Verdict.NEEDS_APPROVAL: 4, Verdict.CANCELLED: 130,
}  # fmt: skip

# A run's verdict is its worst suite's; the worst comes first.
PRECEDENCE = (
    Verdict.CANCELLED, Verdict.CONFIG_ERROR, Verdict.NEEDS_APPROVAL, Verdict.FAIL,
    Verdict.INCONCLUSIVE, Verdict.ACCEPTED, Verdict.PASS, Verdict.NOT_APPLICABLE,
)  # fmt: skip


class Level(StrEnum):
    """What a finding does to the verdict."""

    BLOCKS = "blocks"
    WARNS = "warns"
    NOTES = "notes"


class Rule(StrEnum):
    """Every rule that can find something; each has a heading in docs/rules.md."""

    REGRESSION = "regression"
    LIKELY_DROP = "likely_drop"
    NEW_FAILURE = "new_failure"
    UNSTABLE = "unstable"
    PRE_EXISTING = "pre_existing"
    ADDED_FAILURE = "added_failure"
    FLAKY = "flaky"
    EXAMPLE_EDITED = "example_edited"
    EXAMPLE_DELETED = "example_deleted"
    POLICY_CHANGED = "policy_changed"
    COVERAGE = "coverage"
    INSUFFICIENT_DATA = "insufficient_data"
    COST = "cost"
    JUDGE_HEALTH = "judge_health"
    JUDGE_PREVIEW = "judge_preview"
    BOOTSTRAP = "bootstrap"
    PROMPT_NEW = "prompt_new"
    PROMPT_DELETED = "prompt_deleted"
    LEAKAGE = "leakage"
    SECRET_LEAK = "secret_leak"  # noqa: S105 - not a password
    JUDGE_DIRECTED = "judge_directed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    `example` is part of its identity (one example, or the metric where several are tested); `examples` are shown beside it.
    `proves` is False where it says that nothing could be proved (→ inconclusive, not fail).
    """

    rule: Rule
    level: Level
    message: str
    suite: str = ""
    prompt: str = ""
    partition: str = ""
    example: str = ""
    examples: tuple[str, ...] = ()
    proves: bool = True

    @property
    def id(self) -> str:
        """8 hex digits from rule, suite, prompt, partition and example: measuring again gives it again."""
        return digest([self.rule, self.suite, self.prompt, self.partition, self.example])[:8]


class Conclusion(StrEnum):
    """The five documented conclusions of a score test."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    TRIVIAL = "statistically_significant_but_trivial"
    NO_CHANGE = "no_change"
    INSUFFICIENT_DATA = "insufficient_data"


class Assurance(StrEnum):
    """What the data can promise beside the conclusion."""

    SHOWN = "shown"
    LIKELY_DROP = "likely_drop"
    RULED_OUT = "ruled_out"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Test:
    """A t-test. `ci` is the two-sided 95 % interval of head − base; `t` and `df` are None where no test was needed."""

    __test__ = False  # not a pytest class

    t: float | None
    df: float | None
    p: float | None
    ci: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of the table: suite × prompt × partition (or "all") × metric. Signs: effect and ci are head − base."""

    suite: str
    prompt: str
    partition: str
    metric: str
    n_planned: int
    n_base: int
    n_head: int
    n_pairs: int
    base_mean: float | None
    head_mean: float | None
    effect: float | None
    conclusion: Conclusion
    assurance: Assurance
    gated: bool
    welch: Test | None = None
    paired: Test | None = None
    p_holm: float | None = None
    min_detectable_effect: float | None = None
    drop_bound: float | None = None
    min_effect: float = 0.3
    min_examples: int = 10
    reason: str = ""  # why it concludes nothing, where it does not
    blocks: bool = False
    correlation: float | None = None  # Pearson, base against head, per example
    sd_difference: float | None = None
    n_changed: int = 0  # pairs whose scores differ
    n_needed: int | None = None  # pairs that would settle min_effect at 80 % power
    lower_is_better: bool = False
    alpha: float = 0.05
    test: str = "welch"  # the gate's: welch, paired or either
    sd_base: float | None = None  # spread of the examples' scores
    sd_head: float | None = None
    n_repeats: float = 1.0  # scores behind each example's mean, on average: its epochs, else its judge samples
    repeats: str = ""  # what those are: "epochs", "samples", or nothing where each example was scored once
    intra_example_correlation: float | None = None  # ICC(1) of the repeats
    n_missing: int = 0  # scores that are missing, both sides
    worst_case: Conclusion | None = None  # with every missing score at its worst; None where none is missing
    refused: bool = False  # the scores are wrong in themselves: `reason` names the example
    tag: str = ""  # of a slice: what its examples share, a tag or `metadata.field = value`

    @property
    def sensitive_to_missing(self) -> bool:
        """Whether the missing scores could have turned the conclusion."""
        return self.worst_case is not None and self.worst_case is not self.conclusion


@dataclass(frozen=True, slots=True)
class Flips:
    """Examples of a prompt × partition that pass on one side and fail on the other. Both p are McNemar's, two-sided."""

    suite: str
    prompt: str
    partition: str
    worse: tuple[str, ...]  # pass at base, fail at head
    better: tuple[str, ...]
    n_pairs: int  # examples that passed or failed on both sides
    p_mid: float
    p_exact: float


@dataclass(frozen=True, slots=True)
class Flake:
    """An example whose answers on one side do not agree: some pass and some fail, confirmations included."""

    suite: str
    prompt: str
    example: str
    partition: str
    side: Side
    failures: int
    answers: int


@dataclass(frozen=True, slots=True)
class PartitionCount:
    """Passes of one side on one partition, policy's rows only; `added` counts head's new rows apart."""

    suite: str
    prompt: str
    partition: str
    side: Side
    planned: int
    passed: int
    failed: int
    unscored: int
    added: int
    latency_ms: float | None
    failure_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Duel:
    """What a pairwise judge preferred on a prompt × partition (or "all"), by example; it informs and never gates.

    `wins` are head's. `identical` of the ties had the same answer on both sides and were not asked about. `asked` counts
    pairs of calls, one for each order of the two answers, and `inconsistent` those of them that preferred the same place
    both times. `void` is True where that is too often for the column to mean anything; then `p` and `win_rate` are None.
    `longer_won` of `longer_decided` decided examples went to the longer answer; lengths are mean characters.
    """

    suite: str
    prompt: str
    partition: str
    metric: str
    n_planned: int
    n_pairs: int
    wins: int
    ties: int
    losses: int
    identical: int
    p: float | None
    p_mid: float | None
    win_rate: float | None
    ci: tuple[float, float] | None
    asked: int
    inconsistent: int
    void: bool
    longer_won: int
    longer_decided: int
    longer_ci: tuple[float, float]
    base_length: float
    head_length: float

    @property
    def leans(self) -> bool:
        """Whether the longer answer won, or lost, more often than luck explains."""
        return self.longer_decided > 0 and not self.longer_ci[0] <= 0.5 <= self.longer_ci[1]


class PassStatus(StrEnum):
    """What became of an example that failed at head."""

    NEW_FAILURE = "new_failure"
    UNSTABLE = "unstable"
    PRE_EXISTING = "pre_existing"
    ADDED_FAILURE = "added_failure"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class FailedExample:
    """An example that failed at head, with its confirmation: failures of `runs` answers per side."""

    suite: str
    prompt: str
    example: str
    partition: str
    status: PassStatus
    head_failures: int
    base_failures: int | None
    runs: int
    part: Part = Part.EXAM
    reasons: tuple[str, ...] = ()
    same_answer: bool = False  # every answer at head was the same text: asking again told nothing new of the model


@dataclass(frozen=True, slots=True)
class Coverage:
    """Planned answers (policy's rows, both sides) and how many of them gave everything that gates need."""

    planned: int = 0
    scored: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)  # error class → answers


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that was decided about a run."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    partitions: tuple[PartitionCount, ...] = ()
    failed_examples: tuple[FailedExample, ...] = ()
    coverage: Coverage = Coverage()
    flips: tuple[Flips, ...] = ()
    slices: tuple[Comparison, ...] = ()  # advisory: a comparison a tag or metadata value, over all partitions that ran
    flakes: tuple[Flake, ...] = ()
    duels: tuple[Duel, ...] = ()
    judges: tuple[JudgeHealth, ...] = ()
