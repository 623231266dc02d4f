"""action.yml against the contract: nobody can rely on a name that drifts."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalbot.adapters.runner import OUTPUT_NAMES
from evalbot.app.inputs import COMMANDS, COMMENTS, FORKS, Inputs, inputs

ROOT = Path(__file__).parents[1]
INPUTS = {
    "github-token", "config", "command", "key", "openai-api-key", "anthropic-api-key", "suites", "partitions", "base", "head", "epochs", "comment",
    "fork", "advisory", "cache-dir", "report-dir",
}  # fmt: skip
OUTPUTS = {
    "verdict", "reason", "regressions", "newly-failing", "changed-prompts", "comment-url", "check-url", "proposal-url", "cost-usd", "model-calls",
    "judge-calls", "cached-calls", "base-sha", "head-sha", "policy-sha", "report-path", "summary-path", "junit-path",
}  # fmt: skip
OURS = ("./", "evalbot/evalbot@")


def _action() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def _workflows() -> list[Path]:
    return sorted(path for folder in (".github/workflows", "examples/workflows") for path in (ROOT / folder).glob("*.y*ml"))


def _with(workflow: dict[str, Any]) -> list[str]:
    """Every name under `with:` of the steps that use this action."""
    steps = [step for job in workflow["jobs"].values() for step in job.get("steps", [])]
    return [name for step in steps if str(step.get("uses", "")).startswith(OURS) for name in step.get("with", {})]


def test_the_inputs_are_the_contract_s_and_the_program_s() -> None:
    assert set(_action()["inputs"]) == INPUTS
    assert {field.name.replace("_", "-") for field in fields(Inputs)} - {"warnings"} == INPUTS


def test_the_outputs_are_the_contract_s_and_the_program_s() -> None:
    assert set(_action()["outputs"]) == OUTPUTS == set(OUTPUT_NAMES)


def test_every_input_is_optional_and_described() -> None:
    for name, about in _action()["inputs"].items():
        assert about["required"] is False, name
        assert about["description"].strip(), name


def test_the_defaults_are_the_program_s_own() -> None:
    defaults = {f"INPUT_{name.upper()}": str(about.get("default", "")) for name, about in _action()["inputs"].items()}
    assert defaults.pop("INPUT_GITHUB-TOKEN") == "${{ github.token }}"
    assert inputs(defaults) == Inputs()


@pytest.mark.parametrize(("name", "words"), [("command", COMMANDS), ("comment", COMMENTS), ("fork", FORKS)])
def test_a_description_names_every_word_that_fits(name: str, words: tuple[str, ...]) -> None:
    description = _action()["inputs"][name]["description"]
    assert [word for word in words if word not in description] == []


@pytest.mark.parametrize("path", _workflows(), ids=lambda path: path.name)
def test_a_workflow_sets_no_input_that_does_not_exist(path: Path) -> None:
    assert set(_with(yaml.safe_load(path.read_text(encoding="utf-8")))) <= INPUTS


def test_a_misspelt_input_would_be_seen() -> None:
    workflow = yaml.safe_load("jobs: {a: {steps: [{uses: ./, with: {advisry: true}}, {uses: actions/checkout@v5, with: {ref: x}}]}}")
    assert _with(workflow) == ["advisry"]


def test_the_entrypoint_is_python_and_may_be_run() -> None:
    entrypoint = ROOT / "entrypoint"
    assert entrypoint.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
    assert os.access(entrypoint, os.X_OK)
