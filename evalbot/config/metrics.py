"""Metrics from their YAML options: each option checked against the metric's own fields, then the metric itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalbot.config.options import At, Written, at_line, build
from evalbot.domain.errors import ConfigError, Problem, named_at
from evalbot.domain.policy import MetricSpec, SuitePolicy
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Decides
from evalbot.metrics import METRICS


def build_metrics(suite: SuitePolicy, path: str, read: Callable[[str], bytes]) -> dict[str, Metric]:
    """The metrics of a suite by name, in the order of the configuration, with the files that they name read.

    Args:
        suite: The suite as configured.
        path: The configuration, for messages.
        read: The bytes of a file of the repository (`Tree.read` of the policy sha).

    Raises:
        ConfigError: Everything that is wrong with any of them.
    """
    built: dict[str, Metric] = {}
    problems: list[Problem] = []
    for spec in suite.metrics:
        metric = construct(spec, at_line(path, spec.line), problems)
        if metric is None:
            continue
        try:
            built[spec.name] = _with_files(metric, read)
        except ConfigError as error:
            problems += named_at(error, f"metric {spec.name!r}", path, spec.line or None)
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return built


def suite_decides(metrics: Mapping[str, Metric]) -> frozenset[str]:
    """Names of the metrics that make an example pass or fail: those that always do, else those that do so alone."""
    for rank in (Decides.YES, Decides.ALONE):
        if names := frozenset(name for name, metric in metrics.items() if metric.decides is rank):
            return names
    return frozenset()


def construct(spec: MetricSpec, at: At, problems: list[Problem]) -> Metric | None:
    """The metric without its files, or None where something is wrong, which is added to `problems`."""
    metric: Metric | None = build(Written(f"metric {spec.name!r}", spec.type, spec.options), METRICS, "metric", at, problems)
    return metric


def _with_files(metric: Metric, read: Callable[[str], bytes]) -> Metric:
    with_files = getattr(metric, "with_files", None)
    return with_files(read) if callable(with_files) else metric
