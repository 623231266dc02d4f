"""Policy: the rules of a run, always taken from the base branch (contract, sections 3, 4, 7 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Partition
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.models import Model
from evalbot.domain.monitoring import MonitorPolicy

Action = Literal["block", "warn"]


@dataclass(frozen=True, slots=True)
class PassGate:
    """The pass/fail gate of one partition.

    `confirm` fresh answers follow a first failure; the example is broken when `broken_at` of `confirm + 1` fail.
    """

    confirm: int = 4
    broken_at: int | None = None
    pre_existing: Action = "warn"  # golden only
    new_failures: Action = "block"

    @property
    def breaks_at(self) -> int:
        """`broken_at`, or by default the majority of `confirm + 1`."""
        return self.broken_at if self.broken_at is not None else (self.confirm + 1) // 2 + 1


@dataclass(frozen=True, slots=True)
class ScoreGate:
    """The score test. `metrics` are names; `min_effect` is in points of the metric, None = 0.075 × its scale's width."""

    metrics: tuple[str, ...] = ()
    test: Literal["welch", "paired", "either"] = "welch"
    alpha: float = 0.05
    min_effect: float | None = None
    min_examples: int = 10
    multiplicity: Literal["none", "holm"] = "none"
    non_inferiority: bool = False
    insufficient: Literal["warn", "inconclusive"] = "warn"


@dataclass(frozen=True, slots=True)
class CoverageGate:
    """Shares of the planned answers that must be scored, 0 to 1."""

    min: float = 0.95
    golden: float = 1.0


@dataclass(frozen=True, slots=True)
class CostGate:
    """`max_increase` is relative: 0.5 lets head cost half as much again per answer as base."""

    max_increase: float = 0.5
    action: Action = "warn"


@dataclass(frozen=True, slots=True)
class Gates:
    """All gates of one suite."""

    golden: PassGate = PassGate()
    regression: PassGate = PassGate()
    adversarial: PassGate = PassGate()
    scores: ScoreGate = ScoreGate()
    coverage: CoverageGate = CoverageGate()
    cost: CostGate = CostGate()

    def pass_gate(self, partition: Partition) -> PassGate | None:
        """The pass/fail gate of a partition; distribution has none."""
        gates = {Partition.GOLDEN: self.golden, Partition.REGRESSION: self.regression, Partition.ADVERSARIAL: self.adversarial}
        return gates.get(partition)


@dataclass(frozen=True, slots=True)
class Limits:
    """`run:` of the configuration: what a run may take."""

    partitions: tuple[Partition, ...] = (Partition.GOLDEN, Partition.REGRESSION)
    concurrency: int = 32
    golden_seconds: float = 300.0
    total_seconds: float = 1200.0
    budget_usd: float = 5.0
    unknown_price: Literal["allow", "refuse"] = "allow"
    seed: int = 0
    over_budget: Literal["allow", "refuse"] = "allow"
    flex: bool = False
    daily_usd: float | None = None

    @property
    def budget_names(self) -> str:
        """The settings that a budget comes from."""
        return "run.budget_usd sets it" if self.daily_usd is None else "run.budget_usd and run.daily_usd set it"


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many people must have approved. `given` is False when the configuration has no `approvals` at all."""

    golden: int = 1
    policy: int = 1
    accept_by_author: bool = False
    given: bool = False


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the comment shows."""

    max_examples: int = 3
    show_outputs: bool = True
    guidance: str = ""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric as configured: its name is the key in YAML, its type a registered one, its options checked."""

    name: str
    type: str
    options: Mapping[str, Json]
    line: int = 0


@dataclass(frozen=True, slots=True)
class SuitePolicy:
    """One suite as configured. `model` is a name of `models:` or "provider/model"; paths are globs from the root."""

    name: str
    prompts: tuple[str, ...]
    model: str
    datasets: tuple[str, ...]
    metrics: tuple[MetricSpec, ...]
    params: Mapping[str, Json] = field(default_factory=dict)
    epochs: Mapping[str, int] = field(default_factory=dict)  # partition or "default" → answers per example
    owner: str = ""
    gates: Gates = Gates()
    target: Mapping[str, Json] | None = None  # a target that is not a prompt
    line: int = 0
    prompts_lines: tuple[int, ...] = ()  # where each of `prompts` stands
    datasets_lines: tuple[int, ...] = ()

    def epochs_of(self, partition: Partition) -> int:
        """How many fresh answers each example of the partition gets."""
        return self.epochs.get(partition, self.epochs.get("default", 1))


@dataclass(frozen=True)
class Policy:
    """`evalbot.yml`, read and checked.

    `document` is the parsed file as plain JSON, for comparing base's policy with head's.
    """

    models: Mapping[str, Model]
    suites: Mapping[str, SuitePolicy]
    limits: Limits = Limits()
    approvals: Approvals = Approvals()
    report: ReportOptions = ReportOptions()
    path: str = "evalbot.yml"
    document: Mapping[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    harvest: HarvestPolicy | None = None
    monitor: MonitorPolicy | None = None

    def model(self, name: str) -> Model:
        """The model of a name of `models:` or of "provider/model"; KeyError where it is neither."""
        if name in self.models:
            return self.models[name]
        provider, slash, model = name.partition("/")
        if not (provider and slash and model):
            raise KeyError(name)
        return Model(provider, model)
