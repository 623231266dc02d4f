"""What is known of a suite's judges before they are asked: identity, family, retirement, calibration, and who only reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from evalbot.adapters.providers.lifetimes import retirement
from evalbot.app.calibration_record import read_record
from evalbot.domain.canonical import digest
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.families import family
from evalbot.domain.judges import Calibrated, Floor, JudgeFacts
from evalbot.domain.models import Model
from evalbot.domain.ports import Judging, Metric, Tree
from evalbot.gate.health import shortcomings
from evalbot.instruments.calibration import CalibrationRule, calibration_rule


def judge_id(metric: Metric, asked: Sequence[Model]) -> str:
    """12 hex digits over everything that can move a judge's scores: its own identity, and its models with their params."""
    return digest([metric.identity(), [[m.provider, m.model, m.base_url, m.api, m.params] for m in asked]])[:12]


def judge_facts(
    metrics: Mapping[str, Metric], models: Mapping[str, Model], subjects: Iterable[Model], tree: Tree, today: str
) -> tuple[JudgeFacts, ...]:
    """What is known of every metric that asks a model.

    Args:
        models: The models that metrics ask, by the name under which they ask.
        subjects: The models that answer.
        tree: The policy's files: calibration records lie there.
        today: ISO date of the run; without one nothing is too old.

    Raises:
        ConfigError: A calibration record is none.
    """
    listed = list(subjects)
    answering = list(dict.fromkeys(model.label for model in listed))
    families = {family(model) for model in listed} - {""}
    return tuple(
        _facts(name, metric, models, families, answering, tree, today) for name, metric in metrics.items() if metric.models
    )


def demoted(metrics: Mapping[str, Metric], facts: Sequence[JudgeFacts]) -> dict[str, Metric]:
    """The metrics, with those judges reporting only whose calibration says so."""
    quiet = {one.metric for one in facts if one.demoted}
    return {name: replace(cast(Any, metric), report_only=True) if name in quiet else metric for name, metric in metrics.items()}


def nothing_decides(suite: str, facts: Sequence[JudgeFacts], path: str, line: int | None) -> ConfigError:
    """Why a suite whose judges only report is refused: nothing could fail any more."""
    why = "; ".join(f"{one.metric} {one.demoted}" for one in facts if one.demoted)
    hint = "Calibrate again, add a check, or set `on_fail: warn`."
    return ConfigError(Problem(f"nothing can pass or fail in suite {suite!r}: {why}.", path, line, hint))


def _facts(
    name: str, metric: Metric, models: Mapping[str, Model], families: set[str], subjects: Sequence[str], tree: Tree, today: str
) -> JudgeFacts:
    asked = [models[one] for one in metric.models]
    embedders = getattr(metric, "embedders", ())  # an embedding prefers nobody
    shared = sorted({family(models[one]) for one in metric.models if one not in embedders} & families)
    rule = calibration_rule(getattr(metric, "calibration", None)) if isinstance(metric, Judging) else None
    known = _calibrated(name, rule, tree) if rule else None
    found = JudgeFacts(
        name, judge_id(metric, asked), tuple(model.label for model in asked), int(getattr(metric, "samples", 1)), today,
        ", ".join(shared), tuple(subjects), tuple(one for model in asked if (one := retirement(model)) is not None),
        None if rule is None else Floor(rule.min_kappa, rule.max_age_days, rule.on_fail == "report_only", rule.record), known,
    )  # fmt: skip
    return replace(found, demoted=" and ".join(shortcomings(found))) if rule and rule.on_fail == "report_only" else found


def _calibrated(name: str, rule: CalibrationRule, tree: Tree) -> Calibrated | None:
    return read_record(tree.read(rule.record), rule.record).get(name) if tree.exists(rule.record) else None
