"""The record of a whole run: what every report is written from, so that all of them say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.errors import Problem
from evalbot.domain.examples import Example
from evalbot.domain.hunks import Suspect
from evalbot.domain.policy import Approvals, ReportOptions
from evalbot.domain.runs import ChangedPrompt, Row
from evalbot.domain.shards import Shard
from evalbot.domain.trend import TrendPoint
from evalbot.domain.verdicts import Decision


@dataclass(frozen=True, slots=True)
class Calls:
    """Answers asked for and got, by purpose; `cached` are those of either kind that an earlier run paid for. Retries apart."""

    model: int = 0
    judge: int = 0
    cached: int = 0
    retried: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run was likely to take before its first call: `calls` to be made, `cached` answers at hand, US dollars.

    `usd` is None where the price of one of the models in `unknown` ("provider/model") is not known.
    """

    calls: int
    cached: int = 0
    usd: float | None = 0.0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a run took from the cache, and what it found there and did not use.

    `oldest_seconds` is the age of the oldest reply that was used; `unpinned` are the models without a date in their name
    of which replies were used, as "provider/model". `stale` entries were too old, `untrusted` ones were kept by a run that
    is not believed, `corrupt` ones were not as they were written. `drifted` models answer under another name by now, so
    that their old replies were not used. `trouble` is why the cache could not be used, if so. `rows` are whole rows of earlier
    results that were used again, `ignored` those and torn lines that did not fit this run.
    """

    replies: int = 0
    oldest_seconds: float = 0.0
    unpinned: tuple[str, ...] = ()
    stale: int = 0
    untrusted: int = 0
    corrupt: int = 0
    drifted: tuple[str, ...] = ()
    trouble: str = ""
    rows: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class JudgeUsed:
    """A judge of this run; `judge_id` is 12 hex digits over everything that can move its scores."""

    suite: str
    metric: str
    judge_id: str
    model: str
    samples: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A line of head's file that somebody should read: its number from 1, and the words that matter."""

    path: str
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """What measuring a suite's prompts against themselves showed (`evalbot suite --aa`), over all runs with the same judges.

    `points` is the half width of the 95 % interval of such a difference in the latest run, the median of its rows; None
    where no row had enough examples.
    """

    suite: str
    runs: int
    rows: int
    false_alarms: int
    points: float | None


@dataclass(frozen=True, slots=True)
class PastRun:
    """An earlier run of the pull request: 7 digits of its head, when it began (ISO 8601), its title in plain words."""

    head: str
    at: str
    words: str


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """A run of whole suites at one commit, against what was stored of earlier ones.

    `against` maps each suite to the commit of its baseline, "" where it has none that can be compared. `unchanged` names
    suites of which nothing changed since, so that nothing was asked; `stored` those whose results are the baseline now.
    `owners` are asked when a suite gets worse.
    """

    against: Mapping[str, str]
    unchanged: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A decision with its evidence.

    `rows` are policy's and head's answers, confirmations too; `examples` finds each row's example by (suite, example
    hash). `problems` are filled on a `config_error`. `warnings` are single lines. `not_applied` lists what head changes in
    policy. `dropped_params` maps "provider/model" to the params that it rejected. `scales` maps (suite, metric) to
    its scale. `suspects` are the hunks of prompts that got worse, the most suspect first. `approvals` is what policy asks of
    people; `accept_id` is what a comment has to name to accept the findings. `digests` say what was compared: `subject`,
    `exam`, `policy`. `approved` is how many approvals the decision was made with; None where none could matter. `past` are
    earlier runs of the pull request, newest first. `suite` says what one commit was compared with, where that was no other
    commit; None for a comparison of two.
    """

    decision: Decision
    key: str = "default"
    event: str = "cli"
    pull_request: int | None = None
    base_sha: str = ""
    head_sha: str = ""
    policy_sha: str = ""
    changed: tuple[ChangedPrompt, ...] = ()
    rows: Sequence[Row] = ()
    examples: Mapping[tuple[str, str], Example] = field(default_factory=dict)
    judges: tuple[JudgeUsed, ...] = ()
    cost_usd: float | None = 0.0
    calls: Calls = Calls()
    started_at: str = ""
    seconds: float = 0.0
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()
    dropped_params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scales: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    options: ReportOptions = field(default_factory=ReportOptions)
    budget_usd: float | None = None
    examined: int = 0  # files that were looked at to find changed prompts
    bootstrap: bool = False
    approvals: Approvals | None = None
    accept_id: str | None = None
    version: str = ""
    noise: tuple[NoiseFloor, ...] = ()
    notices: tuple[Notice, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    trend: tuple[TrendPoint, ...] = ()  # newest first
    recalled: Recalled = Recalled()
    shard: Shard | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    approved: int | None = None
    past: tuple[PastRun, ...] = ()
    aggregates_only: bool = False  # a stranger's answers: nothing of them is published or kept
    suite: SuiteRun | None = None
    estimate: Estimate | None = None
