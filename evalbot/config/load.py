"""Reads `evalbot.yml`: shape, then everything that it names, then the domain's frozen values."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from evalbot.adapters.located import Located
from evalbot.adapters.providers.federation import audience_of
from evalbot.adapters.strict_yaml import read_yaml
from evalbot.config.checks import Checked, check
from evalbot.config.problems import problems, shown
from evalbot.config.shape import AuthPart, File, GatesPart, HarvestPart, ModelPart, MonitorPart, SuitePart
from evalbot.config.spans import seconds_of
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Partition
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.models import Federation, Model, Price
from evalbot.domain.monitoring import MonitorPolicy
from evalbot.domain.policy import (
    Approvals,
    CostGate,
    CoverageGate,
    Gates,
    Limits,
    PassGate,
    Policy,
    ReportOptions,
    ScoreGate,
    SuitePolicy,
)
from evalbot.domain.ports import Tree

_LISTED = 50


def policy_in(tree: Tree, path: str) -> Policy:
    """The policy of a tree's configuration file; raises ConfigError as `load_policy`, and where there is no such file."""
    if not tree.exists(path):
        raise ConfigError(Problem("no configuration here.", path, None, "`evalbot init` writes one."))
    return load_policy(tree.read(path), path)


def load_policy(text: bytes, path: str) -> Policy:
    """The policy of a configuration file. Nothing else is read: files that it names are checked when they are used.

    A suite's metrics are those of `metrics`, and the judge of its `judge` shorthand before or, where `metrics` names
    "judge", among them; without `metrics` that judge is the only one. `gates.scores` without `metric` tests the first
    metric of type judge that is not `report_only`, else the first numeric one.

    Args:
        text: The file's bytes.
        path: Its path, for messages.

    Raises:
        ConfigError: Everything that is wrong, each with its line; the first 50 problems.
    """
    located = read_yaml(text, path)
    if not isinstance(located.value, dict):
        what = "is empty" if located.value is None else f"must be a mapping, not {shown(located.value)}"
        raise ConfigError(located.problem(f"the configuration {what}.", hint="Begin with `version: 1` and `suites:`."))
    found: list[Problem] = []
    file: File | None = None
    try:
        file = File.model_validate(located.value)
    except ValidationError as error:
        found += problems(error, File, located)
    checked = check(located, found)
    if found or file is None:
        raise ConfigError(_sorted(found))
    return _policy(file, checked, located)


def _sorted(found: list[Problem]) -> list[Problem]:
    ordered = sorted(dict.fromkeys(found), key=lambda problem: problem.line or 0)
    more = len(ordered) - _LISTED
    return [*ordered[:_LISTED], Problem(f"and {more} more.")] if more > 0 else ordered


def _policy(file: File, checked: dict[str, Checked], located: Located) -> Policy:
    run, report, approvals = file.run, file.report, file.approvals
    return Policy(
        models={name: _model(part) for name, part in file.models.items()},
        suites={name: _suite(name, part, checked[name], located) for name, part in file.suites.items()},
        limits=Limits(
            tuple(dict.fromkeys(map(Partition, run.partitions))), run.concurrency, run.golden_seconds, run.total_seconds,
            run.budget_usd, run.unknown_price, run.seed, run.over_budget, run.flex, run.daily_usd,
        ),
        approvals=Approvals(approvals.golden, approvals.policy, approvals.accept_by_author, True) if approvals else Approvals(),
        report=ReportOptions(report.max_examples, report.show_outputs, report.guidance),
        path=located.path,
        document=located.value,
        harvest=_harvest(file.harvest, located) if file.harvest else None,
        monitor=_monitor(file.monitor, located) if file.monitor else None,
    )  # fmt: skip


def _harvest(part: HarvestPart, located: Located) -> HarvestPolicy:
    from evalbot.config.harvest import harvest_policy  # a check has no use for sources

    return harvest_policy(part, located.line("harvest") or 0)


def _monitor(part: MonitorPart, located: Located) -> MonitorPolicy:
    stream = part.stream.model_dump(exclude_unset=True) | {"type": part.stream.type}
    return MonitorPolicy(
        part.suite, stream, part.store, part.judge_share, part.flush_seconds, part.drift.weekly_alpha, part.drift.min_effect, part.drift.min_n,
        part.drift.min_share, part.drift.min_length, seconds_of(part.canary_every), part.drift.floors, seconds_of(part.alerts.cooldown), part.alerts.webhook_env or "", part.alerts.issue, part.alerts.openmetrics or "",
        tuple(part.redact), located.line("monitor") or 0, part.keep_samples, part.names or "",
    )  # fmt: skip


def _model(part: ModelPart) -> Model:
    price = Price(part.price.input, part.price.output, part.price.cached_input) if part.price else None
    return Model(
        part.provider, part.model, part.params.given(), part.base_url, part.api_key_env, part.api, price,
        federation=_federation(part.provider, part.auth),
    )  # fmt: skip


def _federation(provider: str, part: AuthPart | None) -> Federation | None:
    if part is None:
        return None
    given = part.model_dump(exclude={"type", "audience"}, exclude_none=True)
    return Federation(part.audience or audience_of(provider), tuple(sorted(given.items())))


def _suite(name: str, part: SuitePart, checked: Checked, located: Located) -> SuitePolicy:
    return SuitePolicy(
        name, tuple(part.prompt or part.prompts or ()), part.model or "", tuple(part.dataset or part.datasets or ()),
        metrics=checked.metrics, params=part.params.given(), epochs={str(key): count for key, count in part.epochs.items()}, owner=part.owner,
        gates=_gates(part.gates, checked.tested), target=part.target, line=located.line("suites", name),
        prompts_lines=_lines(located, len(part.prompt or part.prompts or ()), "suites", name, "prompt" if part.prompt else "prompts"),
        datasets_lines=_lines(located, len(part.dataset or part.datasets or ()), "suites", name, "dataset" if part.dataset else "datasets"),
    )  # fmt: skip


def _lines(located: Located, count: int, *keys: str) -> tuple[int, ...]:
    """The line of each entry of a list; of the one value where there is no list."""
    return tuple(located.line(*keys, index) for index in range(count))


def _gates(part: GatesPart, tested: tuple[str, ...]) -> Gates:
    scores: dict[str, Any] = part.scores.model_dump(exclude={"metric"})
    return Gates(
        golden=PassGate(**part.golden.model_dump()),
        regression=PassGate(**part.regression.model_dump()),
        adversarial=PassGate(**part.adversarial.model_dump()),
        scores=ScoreGate(metrics=tested, **scores),
        coverage=CoverageGate(**part.coverage.model_dump()),
        cost=CostGate(**part.cost.model_dump()),
    )
