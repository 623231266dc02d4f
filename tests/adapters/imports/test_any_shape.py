"""Whatever a file of another tool holds: it is imported, or refused in a line; it never crashes."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as some

from evalbot.adapters.imports.github_prompts import read_prompt_file
from evalbot.adapters.imports.openai_evals import read_samples
from evalbot.adapters.imports.promptfoo import read_promptfoo
from evalbot.domain.errors import ConfigError
from tests.adapters.imports.test_promptfoo import usable
from tests.adapters.prompts.files import Files

WORDS = some.sampled_from(
    ["", "a", "{{a}}", "{{ a | dump }}", "{% if", "file://p.txt", "file://x.csv", "file://t.yaml", "file://gone.json", "file://../up.txt", "**", "p.txt", "p.py:f", "openai:gpt-5", "contains: x", "is-json", "equals", "not-regex", "(", "llm-rubric", "assert-set", "javascript", "output.length < 3", "golden", "user", "#/assertionTemplates/a", "similar(0.8): x"]
)
SCALARS = some.none() | some.booleans() | some.integers(-3, 3) | some.floats(allow_nan=False, allow_infinity=False) | WORDS
KEYS = some.sampled_from(["a", "vars", "assert", "type", "value", "threshold", "description", "options", "transform", "id", "label", "raw", "config", "role", "content", "input", "ideal", "item", "name", "string", "contains", "uses", "llm", "prompt", "expected", "$ref", "path", "tests", "metadata", "weight"])
VALUES = some.recursive(SCALARS, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
OTHERS = {"p.txt": "Hi {{a}}\n---\nHo", "x.csv": 'a,__expected\n1,"contains: 2"\n', "t.yaml": "- vars: {a: 1}\n"}


def files(name: str, value: object) -> Files:
    return Files({**OTHERS, name: json.dumps(value)})


@settings(max_examples=300)
@given(some.fixed_dictionaries({"prompts": VALUES}, optional=dict.fromkeys(("providers", "tests", "defaultTest", "scenarios", "assertionTemplates", "description", "targets"), VALUES)))
def test_promptfoo(value: dict[str, object]) -> None:
    with suppress(ConfigError):
        read_promptfoo(files("promptfooconfig.json", value), "promptfooconfig.json", "evals", usable)


@settings(max_examples=150)
@given(some.dictionaries(KEYS, VALUES, max_size=5))
def test_openai_evals(value: dict[str, object]) -> None:
    with suppress(ConfigError):
        read_samples(files("s.jsonl", value), "s.jsonl", "evals")


@settings(max_examples=150)
@given(some.fixed_dictionaries({"messages": VALUES}, optional=dict.fromkeys(("testData", "evaluators", "model", "description"), VALUES)))
def test_prompt_files(value: dict[str, object]) -> None:
    with suppress(ConfigError):
        read_prompt_file(files("p.prompt.yml", value), "p.prompt.yml")
