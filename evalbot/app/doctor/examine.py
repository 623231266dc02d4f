"""The whole examination: configuration first, then all that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.app.doctor.advice import Advice, broken, fine
from evalbot.app.doctor.datasets import datasets
from evalbot.app.doctor.models import keys, lives, prices
from evalbot.app.doctor.repository import required
from evalbot.app.doctor.workflows import job_names, workflows
from evalbot.app.inputs import KEY, default_key
from evalbot.app.validate import validate_tree
from evalbot.config import load_policy
from evalbot.domain.errors import ConfigError
from evalbot.domain.examples import Partition
from evalbot.domain.models import Model
from evalbot.domain.policy import Policy


def examine(root: Path, config: str, environment: Mapping[str, str], today: date, *, offline: bool) -> list[Advice]:
    """Everything that can be said of the work tree, worst first within each topic as it comes.

    Args:
        root: The repository.
        config: The configuration's path.
        environment: For keys and GitHub's token.
        today: For how long models stay.
        offline: Ask neither a provider nor GitHub.

    Raises:
        ConfigError: `root` is in no git repository.
    """
    repository = Repository(root)
    tree = repository.work_tree()
    try:
        validated = validate_tree(tree, config)
    except ConfigError as error:
        return [broken("configuration", problem.message, problem.hint, _place(problem.path, problem.line)) for problem in error.problems]
    policy = load_policy(tree.read(config), config)
    models = used(policy)
    said = [fine("configuration", f"{config} is valid: {_counted(validated.counts)}.")]
    said += keys(models, environment)
    said += lives(models, environment, today, offline=offline)
    said += prices(models)
    said += datasets(tree, policy, validated)
    said += workflows(tree, any(model.federation for model in models))
    if not offline:
        key = default_key(config)
        check = "evalbot" if key == KEY else f"evalbot / {key}"
        said += required(environment, repository.remote(), check, job_names(tree))
    return said


def used(policy: Policy) -> Sequence[Model]:
    """Every model that answers or grades, each once."""
    return list({(model.endpoint, model.model): model for model in _named(policy)}.values())


def _named(policy: Policy) -> Iterator[Model]:
    for suite in policy.suites.values():
        names = [suite.model, *(name for spec in suite.metrics for name in _models_of(spec.options))]
        yield from (policy.model(name) for name in names if name)


def _models_of(options: Mapping[str, object]) -> list[str]:
    jury = options.get("jury")
    return [str(name) for name in [options.get("model"), *(jury if isinstance(jury, list | tuple) else [])] if isinstance(name, str)]


def _counted(counts: Mapping[str, Mapping[Partition, int]]) -> str:
    return "; ".join(f"suite {name} with " + ", ".join(f"{count} {partition}" for partition, count in each.items() if count) for name, each in counts.items())


def _place(path: str, line: int | None) -> str:
    return f"{path}:{line}" if line else path
