"""Prices that metrics need, looked up before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evalbot.adapters.prices import price
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.models import Model, Usage
from evalbot.domain.policy import SuitePolicy
from evalbot.domain.ports import Metric


def check_prices(suite: SuitePolicy, metrics: Mapping[str, Metric], models: Iterable[Model], path: str) -> None:
    """Raises ConfigError where a metric needs the price of a model that has none."""
    if not any(getattr(metric, "needs_price", False) for metric in metrics.values()):
        return  # the table of prices takes longer to load than anything else here
    lines = {spec.name: spec.line for spec in suite.metrics}
    unknown = sorted({model.label for model in models if price(model, Usage(1, 1), model.model) is None})
    problems = [
        Problem(
            f"metric {name!r} needs a known price, and that of {label} is unknown.", path, lines.get(name) or suite.line or None,
            "Give it as `price` under `models`.",
        )
        for name, metric in metrics.items()
        if getattr(metric, "needs_price", False)
        for label in unknown
    ]  # fmt: skip
    if problems:
        raise ConfigError(problems)

