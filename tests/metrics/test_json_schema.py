"""json_schema: the answer as strict JSON against a schema, wherever the schema stands."""

from __future__ import annotations

import json

import pytest

from evalbot.domain.errors import ConfigError, ErrorClass
from evalbot.domain.models import Outcome
from evalbot.metrics.json_schema import JsonSchema
from tests.metrics.asking import answered, measured

SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["refund", "other"]}, "days": {"type": "integer", "minimum": 0}},
    "required": ["label"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"label": "refund"}', True),
        ('\n {"label": "other", "days": 5} \n', True),
        ('{"label": "complaint"}', False),
        ('{"label": "refund", "days": -1}', False),
        ('{"label": "refund", "why": "because"}', False),
        ('{"label": "refund", "label": "other"}', False),
        ('```json\n{"label": "refund"}\n```', False),
        ('Sure: {"label": "refund"}', False),
        ("[]", False),
        ("", False),
        ("NaN", False),
    ],
)
def test_an_answer_fits_or_does_not(text: str, fits: bool) -> None:
    score = measured(JsonSchema(SCHEMA), answered(text))
    assert (score.value, score.passed) == (float(fits), fits)
    assert bool(score.reason) is not fits


def test_an_empty_answer_fits_nothing() -> None:
    assert measured(JsonSchema({}), answered("", Outcome.EMPTY)).passed is False


def test_the_schema_may_stand_in_a_file() -> None:
    metric = JsonSchema("schemas/answer.json").with_files({"schemas/answer.json": json.dumps(SCHEMA).encode()}.__getitem__)
    assert metric.schema == SCHEMA
    assert measured(metric, answered('{"label": "refund"}')).passed is True


@pytest.mark.parametrize("content", [b"{", b'{"type": "strange"}', b"[]", b"\xff", b'{"$ref": "http://127.0.0.1/x"}'])
def test_a_file_without_a_schema_is_named_before_anything_is_paid_for(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"schemas/answer\.json: the JSON Schema cannot be used"):
        JsonSchema("schemas/answer.json").with_files(lambda path: content)


@pytest.mark.parametrize("schema", [{"type": "strange"}, {"$ref": "https://example.com/schema"}, ""])
def test_RX_04_a_schema_in_place_is_checked_as_well(schema: object) -> None:
    assert JsonSchema(schema).problems()  # type: ignore[arg-type]


def test_RX_04_a_schema_that_needs_too_long_is_no_verdict_on_the_answer() -> None:
    metric = JsonSchema({"type": "string", "pattern": "(a+)+$"})
    score = measured(metric, answered(json.dumps("a" * 40 + "!")))
    assert score.passed is False or score.error is ErrorClass.METRIC
