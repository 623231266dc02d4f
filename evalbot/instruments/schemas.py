"""JSON Schema of an answer: never fetched from anywhere, and limited in the time that it may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.instruments.patterns import compiled, found

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Specification

# What jsonschema calls for one keyword: validator, the keyword's value, the instance, the schema around it.
Keyword: TypeAlias = Callable[[Any, Any, Any, Any], "Iterator[ValidationError] | None"]

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_LONGEST_MESSAGE = 160
_ends_at: ContextVar[float] = ContextVar("_ends_at")


def validator(schema: object) -> Validator:
    """A validator that opens no connection; raises ValueError where the schema is none, or leaves its own document."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, extend, validator_for
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012, specification_with

    if not isinstance(schema, Mapping):
        raise ValueError("json_schema must be a schema (a mapping) or the path of one")
    _refuse_unsafe(schema)
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(dict(schema))
    except SchemaError as error:
        raise ValueError(f"it is no JSON Schema: {error.message[:_LONGEST_MESSAGE]} (at {error.json_path})") from None
    _refuse_dangling(schema, specification_with(kind.META_SCHEMA["$schema"], default=DRAFT202012))
    timed = {name: _timed(_BOUNDED.get(name, cast(Keyword, keyword))) for name, keyword in kind.VALIDATORS.items()}
    limited: type[Validator] = extend(kind, timed)  # type: ignore[no-untyped-call]  # typed by its docstring only
    return limited(dict(schema), registry=Registry())


def read_schema(read: Callable[[str], bytes], path: str) -> Mapping[str, object]:
    """The schema in a file; raises ConfigError where the file cannot be read or holds none."""
    try:
        found = parse_json(read(path).decode("utf-8-sig"))
        validator(found)
    except (ValueError, RecursionError) as error:
        raise ConfigError(Problem(f"the JSON Schema cannot be used: {error}.", path)) from None
    return cast("Mapping[str, object]", found)


def mismatch(limited: Validator, text: str, seconds: float) -> str:
    """Why an answer does not fit, with the place in it; empty where it fits.

    Raises:
        TimeoutError: It took longer than `seconds`.
    """
    try:
        value = parse_json(text)
    except (ValueError, RecursionError) as error:
        return f"is not JSON: {error}"
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        fault = next(iter(limited.iter_errors(value)), None)
    finally:
        _ends_at.reset(token)
    return f"does not fit the schema at {fault.json_path}: {fault.message[:_LONGEST_MESSAGE]}" if fault else ""


def _refuse_unsafe(schema: object) -> None:
    for part in _parts(schema):
        for keyword in _REFERENCES:
            target = part.get(keyword)
            if isinstance(target, str) and not target.startswith("#"):
                raise ValueError(f"{keyword} leads to {target!r}; only references within the schema (#/…) are followed")
        _refuse_unsafe_patterns(part)


def _refuse_dangling(schema: Mapping[str, Any], specification: Specification[Any]) -> None:
    """Raises ValueError where a reference leads to nothing, which would otherwise show only once answers are paid for."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if any("$id" in part or "id" in part for part in _parts(list(schema.values()))):
        return  # references may start from the inner document; these are resolved when they are met
    empty: Registry[Any] = Registry()
    resolver = empty.with_resource("", specification.create_resource({**schema, "$id": ""})).resolver()
    for part in _parts(schema):
        for target in (part.get(keyword) for keyword in _REFERENCES):
            try:
                resolver.lookup(target if isinstance(target, str) else "#")
            except Unresolvable:
                raise ValueError(f"the reference {target!r} leads to nothing") from None


def _refuse_unsafe_patterns(part: Mapping[str, object]) -> None:
    patterns = part.get("patternProperties")
    if isinstance(patterns, Mapping):
        if "unevaluatedProperties" in part:
            raise ValueError(
                "unevaluatedProperties beside patternProperties is not supported; use additionalProperties"
            )
        for pattern in patterns:
            compiled(pattern)
    if isinstance(part.get("pattern"), str):
        compiled(part["pattern"])


def _parts(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _parts(inner)


def _left() -> float:
    """Seconds that are left; raises TimeoutError when none are."""
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the schema took too long")
    return left


def _timed(keyword: Keyword) -> Keyword:
    def limited(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _left()
        yield from keyword(validator, value, instance, schema) or ()

    return limited


# jsonschema runs these three with the standard library's `re`, which nothing can stop once it has begun.


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: ARG001
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and not found(compiled(pattern), instance, _left()):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: ARG001
    if validator.is_type(instance, "object"):
        for pattern, inner in patterns.items():
            for key in _matching(instance, pattern):
                yield from validator.descend(instance[key], inner, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "object"):
        return
    known = {*schema.get("properties", {})}
    for pattern in schema.get("patternProperties", {}):
        known |= set(_matching(instance, pattern))
    extra = [key for key in instance if key not in known]
    if validator.is_type(allowed, "object"):
        for key in extra:
            yield from validator.descend(instance[key], allowed, path=key)
    elif not allowed and extra:
        yield ValidationError(f"additional properties are not allowed: {', '.join(map(repr, extra))}")


def _matching(instance: Mapping[str, object], pattern: str) -> list[str]:
    expression = compiled(pattern)
    return [key for key in instance if found(expression, key, _left())]


_BOUNDED: dict[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}
