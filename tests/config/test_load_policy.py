"""What a configuration means: the short form, the long one, and every default."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from evalbot.domain.examples import Partition
from evalbot.domain.models import Model, Price
from evalbot.domain.policy import (
    Approvals,
    CostGate,
    CoverageGate,
    Gates,
    Limits,
    MetricSpec,
    PassGate,
    ReportOptions,
    ScoreGate,
)
from tests.config.documents import FULL, SHORT, loaded


def test_four_lines_under_a_suite_are_enough() -> None:
    policy = loaded(SHORT)
    suite = policy.suites["support"]
    assert (suite.prompts, suite.model, suite.datasets) == (
        ("prompts/support.md",),
        "openai/gpt-5-mini",
        ("evals/support.json",),
    )
    assert suite.metrics == (MetricSpec("judge", "judge", {"model": "anthropic/claude-sonnet-5"}, 7),)
    assert suite.line == 3
    assert suite.gates == Gates(scores=ScoreGate(metrics=("judge",)))
    assert (policy.limits, policy.approvals, policy.report) == (Limits(), Approvals(), ReportOptions())
    assert not policy.approvals.given
    assert suite.gates.golden.breaks_at == 3
    assert suite.epochs_of(Partition.GOLDEN) == 1
    assert policy.path == "evalbot.yml"


def test_every_key_is_read() -> None:
    policy = loaded(FULL)
    suite = policy.suites["support"]
    assert policy.models == {
        "app": Model("openai", "gpt-5-mini", {"max_output_tokens": 800}),
        "grader": Model("anthropic", "claude-sonnet-5"),
        "vllm": Model("openai", "qwen3", {}, "http://127.0.0.1:8080/v1", "LOCAL_KEY", "chat", Price(0, 0)),
    }
    assert suite.gates == Gates(
        golden=PassGate(2, 3, "block"),
        regression=PassGate(4, 3, new_failures="warn"),
        adversarial=PassGate(0, None),
        scores=ScoreGate(("quality", "f1"), "either", 0.01, 0.2, 5, "holm", True, "inconclusive"),
        coverage=CoverageGate(0.9, 0.99),
        cost=CostGate(1.0, "block"),
    )
    assert policy.limits == Limits((Partition.GOLDEN, Partition.ADVERSARIAL), 8, 60.0, 600.5, 2.0, "refuse", 7)
    assert policy.approvals == Approvals(2, 0, True, given=True)
    assert policy.report == ReportOptions(1, False, "Ask first.")
    assert (suite.params, suite.owner, suite.epochs) == (
        {"temperature": 0},
        "@org/support-quality",
        {"golden": 2, "default": 1},
    )
    assert [spec.name for spec in suite.metrics] == ["rules", "f1", "quality"]
    assert suite.metrics[2].options["anchors"] == {"1": "a", "2": "b", "3": "c", "4": "d", "5": "e"}
    assert [spec.line for spec in suite.metrics] == [7, 9, 10]


def test_the_document_is_plain_json_of_the_file() -> None:
    document = loaded(FULL).document
    assert json.loads(json.dumps(document)) == document
    assert document["harvest"]["since"] == "24h"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("3", {"default": 3}), ("{golden: 2}", {"golden": 2}), ("{}", {})],
)
def test_epochs_are_a_number_or_by_partition(written: str, meant: dict[str, int]) -> None:
    assert loaded(f"{SHORT}    epochs: {written}\n").suites["support"].epochs == meant


def test_a_list_and_a_string_are_the_same_for_files() -> None:
    text = SHORT.replace("prompt: prompts/support.md", "prompts: prompts/support.md").replace(
        "dataset: e", "datasets: [a, e]#"
    )
    assert loaded(text).suites["support"].prompts == ("prompts/support.md",)
    assert loaded(text).suites["support"].datasets == ("a", "e")


SUITE = (
    "version: 1\nmetrics: {f1: {type: token_f1, threshold: 0.5}, e: {type: exact_match}, j: {type: judge, model: openai/x}, \
r: {type: judge, model: openai/x, report_only: true}}\nsuites: {s: {prompt: p, model: openai/m, dataset: d, %s}}\n"
)


@pytest.mark.parametrize(
    ("suite", "metrics", "tested"),
    [
        ("judge: openai/x", ["judge"], ("judge",)),
        ("metrics: [f1, e]", ["f1", "e"], ("f1",)),
        ("metrics: [f1, j]", ["f1", "j"], ("j",)),
        ("metrics: [r, f1]", ["r", "f1"], ("f1",)),
        ("metrics: [f1], judge: openai/x", ["judge", "f1"], ("judge",)),
        ("metrics: [f1, judge], judge: openai/x", ["f1", "judge"], ("judge",)),
        ("metrics: [f1, j], gates: {scores: {metric: f1}}", ["f1", "j"], ("f1",)),
        ("metrics: [f1, j], gates: {scores: {metric: [j, f1, j]}}", ["f1", "j"], ("j", "f1")),
    ],
)
def test_which_metrics_a_suite_has_and_which_are_tested(
    suite: str, metrics: list[str], tested: tuple[str, ...]
) -> None:
    found = loaded(SUITE % suite).suites["s"]
    assert [spec.name for spec in found.metrics] == metrics
    assert found.gates.scores.metrics == tested


def test_one_suites_shorthand_is_not_another_suites_metric_of_that_name() -> None:
    text = (
        SHORT
        + "  second: {prompt: p, model: local/x, dataset: d, metrics: [judge]}\nmetrics:\n  judge: {type: judge, model: local/y}\n"
    )
    policy = loaded(text)
    assert policy.suites["support"].metrics[0].options == {"model": "anthropic/claude-sonnet-5"}
    assert policy.suites["second"].metrics[0].options == {"model": "local/y"}


def test_params_of_ours_and_others_are_kept_as_written() -> None:
    text = SHORT + "    params: {temperature: 1, stop: END, top_p: 0.5, reasoning: {effort: low}, seed: null}\n"
    assert loaded(text).suites["support"].params == {
        "temperature": 1, "stop": "END", "top_p": 0.5, "reasoning": {"effort": "low"},
    }  # fmt: skip


def test_variables_are_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    policy = loaded(SHORT.replace("prompts/support.md", "${OPENAI_API_KEY}.md"))
    assert policy.suites["support"].prompts == ("${OPENAI_API_KEY}.md",)


def test_reading_a_configuration_loads_nothing_heavy() -> None:
    code = (
        "import sys; from evalbot.config import load_policy; "
        f"load_policy({SHORT.replace('judge: anthropic', 'metrics: [e] #').encode() + b'metrics: {e: {type: exact_match}}'!r}, 'e'); "
        "print(sorted({'jsonschema', 'jinja2', 'scipy', 'numpy', 'openai', 'anthropic', 'github', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
