"""The JSON Schema that editors get, and the page that people read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from evalbot.config import schema
from evalbot.config.reference import render_reference
from tests.config.documents import FULL, SHORT

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_it_is_a_schema_and_takes_what_the_loader_takes() -> None:
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    for text in (SHORT, FULL, SHORT + "    epochs: 3\n"):
        assert list(validator.iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "version: 1", "version: 2\nsuites: {}", SHORT + "    judg: x", SHORT + "    epochs: 0", SHORT + "    epochs: {goldn: 1}",
        SHORT + "run: {concurrency: 0}", SHORT + "metrics: {f1: {}}", SHORT + "metrics: {f1: {type: tokn_f1}}",
        SHORT + "metrics: {f1: {type: token_f1, treshold: 1}}", SHORT + "    target: {type: comand}", SHORT + "    target: {type: command, rum: [x]}",
        SHORT.replace("prompts/support.md", "[]"), SHORT + "    gates: {scores: {alpha: 1}}",
    ],
)  # fmt: skip
def test_it_refuses_what_the_loader_refuses(text: str) -> None:
    assert not Draft202012Validator(schema()).is_valid(yaml.safe_load(text))


def test_every_key_says_what_it_is() -> None:
    document = schema()
    parts = [document, *document["$defs"].values()]
    assert all(part.get("description") for part in parts)
    # a key that holds a part may leave the words to the part
    assert [
        key
        for part in parts
        for key, value in part.get("properties", {}).items()
        if not {"description", "$ref"} & set(value)
    ] == []


def test_the_page_is_what_the_shape_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_reference(), (
        "run: python -m evalbot.config.reference > docs/configuration.md"
    )


def test_the_page_names_every_key() -> None:
    page = render_reference()
    for part in schema()["$defs"].values():
        for key in part.get("properties", {}):
            assert f"| `{key}` |" in page
