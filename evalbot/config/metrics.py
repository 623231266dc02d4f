"""Metrics from their YAML options: each option checked against the metric's own fields, then the metric itself."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from evalbot.config.problems import keys_of, named, shown, told, wanted
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.policy import MetricSpec, SuitePolicy
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Decides
from evalbot.metrics import METRICS


class At(Protocol):
    """Makes a problem at the line of one of a metric's options."""

    def __call__(self, message: str, *keys: str | int, hint: str = "") -> Problem:
        """The problem; without keys at the metric's own line."""


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
            problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return built


def suite_decides(metrics: Mapping[str, Metric]) -> frozenset[str]:
    """Names of the metrics that make an example pass or fail: those that always do, else those that do so alone."""
    for rank in (Decides.YES, Decides.ALONE):
        if names := frozenset(name for name, metric in metrics.items() if metric.decides is rank):
            return names
    return frozenset()


def option_names(kind: type[Metric]) -> list[str]:
    """What may be written under a metric of this class, in its own order."""
    return list(_fields(kind))


def construct(spec: MetricSpec, at: At, problems: list[Problem]) -> Metric | None:
    """The metric without its files, or None where something is wrong, which is added to `problems`."""
    before = len(problems)
    try:
        kind: Any = METRICS.get(spec.type)
    except ConfigError as error:
        if spec.type not in (known := METRICS.names()):
            problems.append(at(f"there is no metric type {shown(spec.type)}.", "type", hint=nearest(spec.type, known)))
            return None
        problems += [at(f"metric {spec.name!r}: {found.message}", "type", hint=found.hint) for found in error.problems]
        return None
    values = _options(spec, kind, at, problems)
    if len(problems) > before:
        return None
    try:
        metric: Metric = kind(**values)
        objections = getattr(metric, "problems", None)
        for text in objections() if callable(objections) else ():
            option = re.split(r"\W", text, maxsplit=1)[0]
            problems.append(at(f"metric {spec.name!r}: {text}", *([option] if option in spec.options else [])))
    except ConfigError as error:
        problems += [at(f"metric {spec.name!r}: {found.message}", hint=found.hint) for found in error.problems]
    except ValueError as error:
        problems.append(at(f"metric {spec.name!r}: {error}"))
    return metric if len(problems) == before else None


def at_line(path: str, line: int) -> At:
    """Problems of a metric whose single options' lines are not known any more."""

    def at(message: str, *_: str | int, hint: str = "") -> Problem:
        return Problem(message, path, line or None, hint)

    return at


def _with_files(metric: Metric, read: Callable[[str], bytes]) -> Metric:
    with_files = getattr(metric, "with_files", None)
    return with_files(read) if callable(with_files) else metric


def _options(spec: MetricSpec, kind: Any, at: At, problems: list[Problem]) -> dict[str, Any]:
    known = _fields(kind)
    values: dict[str, Any] = {}
    for name, value in spec.options.items():
        if name not in known:
            hint = nearest(name, known)
            problems.append(
                at(f"metric {spec.name!r}: type {spec.type!r} has no option {name!r:.60}.", name, hint=hint)
            )
            continue
        try:
            values[name] = _adapters(kind)[name].validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            problems += _wrong(spec.name, name, value, _hints(kind)[name], error, at)
    for name, field in known.items():
        if name not in spec.options and field.default is MISSING and field.default_factory is MISSING:
            problems.append(at(f"metric {spec.name!r} has no {name!r}; type {spec.type!r} needs it."))
    return values


def _wrong(metric: str, option: str, value: object, hint: Any, error: ValidationError, at: At) -> Iterator[Problem]:
    if (
        get_origin(hint) in (Union, types.UnionType)
        and len([each for each in get_args(hint) if each is not type(None)]) > 1
    ):
        # pydantic lists what each branch of a union has against the value; nobody wants to read that
        yield at(f"metric {metric!r}: {option} must be {wanted(hint)}, not {shown(value)}.", option)
        return
    for found in error.errors(include_url=False):
        keys = (option, *keys_of(found))
        must, advice = told(found)
        yield at(f"metric {metric!r}: {named(keys, found)} {must}.", *keys, hint=advice)


def _fields(kind: Any) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(kind) if field.init} if is_dataclass(kind) else {}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    # Json is recursive through a string, which pydantic cannot follow; what came out of the file is JSON already.
    return get_type_hints(kind, localns={"Json": Any, "Mapping": Mapping, "Sequence": Sequence}, include_extras=True)


@cache
def _adapters(kind: Any) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(_hints(kind)[name]) for name in _fields(kind)}
