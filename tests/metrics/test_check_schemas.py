"""JSON Schema checks: nothing is fetched, nothing runs for ever (RX-04)."""

from __future__ import annotations

import time

import pytest

from evalbot.domain.errors import ErrorClass
from evalbot.instruments.schemas import mismatch, validator
from evalbot.metrics.checks import Checks
from tests.metrics.asking import answered, measured


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"properties": {"a": {"$ref": "https://example.com/a.json#/x"}}},
        {"allOf": [{"$dynamicRef": "file:///etc/passwd"}]},
        {"$ref": "other.json"},
    ],
)
def test_a_reference_that_leaves_the_schema_is_refused(schema: dict[str, object]) -> None:
    (problem,) = Checks(({"json_schema": schema},)).problems()
    assert "only references within the schema" in problem


def test_a_reference_within_the_schema_is_followed() -> None:
    schema = {"$defs": {"price": {"type": "number"}}, "properties": {"a": {"$ref": "#/$defs/price"}}}
    assert mismatch(validator(schema), '{"a": 1}', 1.0) == ""
    assert "$.a" in mismatch(validator(schema), '{"a": "1"}', 1.0)


def test_a_reference_to_nothing_is_found_before_anything_is_asked() -> None:
    with pytest.raises(ValueError, match="leads to nothing"):
        validator({"properties": {"a": {"$ref": "#/$defs/prise"}}, "$defs": {"price": {}}})


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no JSON Schema"):
        validator({"type": "strng"})
    with pytest.raises(ValueError, match="mapping"):
        validator([])


def test_older_drafts_keep_their_meaning() -> None:
    draft7 = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{"type": "string"}],
        "additionalItems": False,
    }
    assert mismatch(validator(draft7), '["a"]', 1.0) == ""
    assert mismatch(validator(draft7), '["a", 1]', 1.0) != ""


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"x_a": 1}', True),
        ('{"x_a": "1"}', False),
        ('{"b": true}', True),
        ('{"c": 1}', False),
        ("{}", True),
        ("3", True),
    ],
)
def test_pattern_properties_and_additional_properties_work_together(text: str, fits: bool) -> None:
    schema = {"properties": {"b": {}}, "patternProperties": {"^x_": {"type": "number"}}, "additionalProperties": False}
    assert (mismatch(validator(schema), text, 1.0) == "") is fits


def test_additional_properties_may_have_a_schema() -> None:
    schema = {"properties": {"a": {}}, "additionalProperties": {"type": "number"}}
    assert mismatch(validator(schema), '{"a": "x", "b": 1}', 1.0) == ""
    assert "$.b" in mismatch(validator(schema), '{"b": "1"}', 1.0)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^(a|aa)+$"}}},
        {"additionalProperties": {"patternProperties": {"^(a|aa)+$": {}}}},
        {"patternProperties": {"^(a|aa)+$": {}}, "additionalProperties": False},
    ],
)
def test_a_pattern_inside_a_schema_is_stopped_too(schema: dict[str, object]) -> None:
    key = "a" * 60 + "!"
    text = f'{{"a": "{key}", "{key}": {{"{key}": 1}}}}'
    began = time.monotonic()
    score = measured(Checks(({"json_schema": schema},)), answered(text))
    assert time.monotonic() - began < 10
    assert (score.error, score.passed) == (ErrorClass.METRIC, None)


def test_a_schema_that_branches_for_ever_is_stopped() -> None:
    levels = {f"l{n}": {"anyOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 4} for n in range(30)}
    schema = {"$ref": "#/$defs/l0", "$defs": {**levels, "l30": False}}
    began = time.monotonic()
    score = measured(Checks(({"json_schema": schema},)), answered("1"))
    assert time.monotonic() - began < 10
    assert score.error is ErrorClass.METRIC


def test_unevaluated_properties_beside_patterns_is_refused_since_it_cannot_be_stopped() -> None:
    with pytest.raises(ValueError, match="not supported"):
        validator({"patternProperties": {"a": {}}, "unevaluatedProperties": False})
