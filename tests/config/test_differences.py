"""What of a pull request is a policy change, and what is its subject."""

from __future__ import annotations

import pytest

from evalbot.config import compare_policies
from tests.config.documents import FULL, SHORT, loaded


def differences(old: str, new: str, text: str = FULL) -> tuple[str, ...]:
    assert old in text
    return compare_policies(loaded(text), loaded(text.replace(old, new)))


def test_the_same_file_has_no_differences() -> None:
    assert compare_policies(loaded(FULL), loaded(FULL)) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1\n", "# a comment\nversion:   1\n\n"),
        ("{provider: openai, model: gpt-5-mini, params: {max_output_tokens: 800}}", "{model: gpt-5-mini, provider: openai}"),
        ("budget_usd: 2,", "budget_usd: 2.0,"),
        ("model: gpt-5-mini", "model: gpt-5"),
        ("max_output_tokens: 800", "max_output_tokens: 900"),
        ("    model: app\n", "    model: openai/gpt-5\n"),
        ("params: {temperature: 0}", "params: {temperature: 1}"),
        ('prompts: ["prompts/support/**/*.md"]', "prompt: prompts/other.md"),
        ('datasets: ["evals/support/*.jsonl"]', "dataset: evals/support/*.jsonl"),
        ("harvest: ", "#arvest: "),
    ],
    ids=["comments and spaces", "order of keys", "5 and 5.0", "model behind a name", "params behind a name", "model", "params",
         "prompts", "spelling of datasets", "a section of no meaning"],
)  # fmt: skip
def test_neither_the_subject_nor_its_spelling_is_policy(old: str, new: str) -> None:
    found = differences(old, new)
    assert (
        found == ()
        if not old.startswith("harvest")
        else len(found) == 1 and found[0].startswith('harvest: {"alerts":null,"allow_public":false,"dataset":') and found[0].endswith("→ nothing")
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("alpha: 0.01", "alpha: 0.2", "suites.support.gates.scores.alpha: 0.01 → 0.2"),
        ("alpha: 0.01, ", "", "suites.support.gates.scores.alpha: 0.01 → 0.05"),
        ("budget_usd: 2", "budget_usd: 500", "run.budget_usd: 2.0 → 500.0"),
        ("show_outputs: false", "show_outputs: true", "report.show_outputs: false → true"),
        ("provider: openai, base", "provider: anthropic, base", "models.vllm.provider: 'openai' → 'anthropic'"),
        ("http://127.0.0.1:8080/v1", "https://evil.example", "models.vllm.base_url: 'http://127.0.0.1:8080/v1' → 'https://evil.example'"),
        ("api_key_env: LOCAL_KEY, ", "", "models.vllm.api_key_env: 'LOCAL_KEY' → nothing"),
        ("output: 0", "output: 1", "models.vllm.price.output: 0.0 → 1.0"),
        ("claude-sonnet-5", "claude-haiku-5", "models.grader.model: 'claude-sonnet-5' → 'claude-haiku-5'"),
        ("articles: drop", "articles: keep", "metrics.f1.articles: 'drop' → 'keep'"),
        ("[rules, f1, quality]", "[f1, quality]", 'suites.support.metrics: ["rules","f1","quality"] → ["f1","quality"]'),
        ("evals/support/*.jsonl", "evals/easy/*.jsonl", 'suites.support.datasets: ["evals/support/*.jsonl"] → ["evals/easy/*.jsonl"]'),
        ("golden: 2, policy: 0", "golden: 2, policy: 1", "approvals.policy: 0 → 1"),
        ("judge_share: 0.5", "judge_share: 0.2", "monitor.judge_share: 0.5 → 0.2"),
        ("non_inferiority: true", "non_inferiority: false", "suites.support.gates.scores.non_inferiority: true → false"),
    ],
)  # fmt: skip
def test_everything_else_is_listed_with_both_values(old: str, new: str, line: str) -> None:
    assert differences(old, new) == (line,)


def test_a_default_that_is_written_out_is_no_difference() -> None:
    spelled = SHORT + "    gates: {scores: {alpha: 0.05}, golden: {confirm: 4}}\nrun: {concurrency: 32}\n"
    assert compare_policies(loaded(SHORT), loaded(spelled)) == ()


def test_approvals_that_appear_are_a_difference_even_with_the_default_values() -> None:
    # where they are absent, the owner of a user's repository may accept alone
    assert compare_policies(loaded(SHORT), loaded(SHORT + "approvals: {}\n")) == (
        'approvals: nothing → {"accept_by_author":false,"golden":1,"policy":1}',
    )


def test_a_suite_that_only_head_has_is_no_policy_change_and_one_that_it_drops_is() -> None:
    more = SHORT + "  second: {prompt: p, model: local/x, dataset: d, judge: local/x}\n"
    assert compare_policies(loaded(SHORT), loaded(more)) == ()
    (line,) = compare_policies(loaded(more), loaded(SHORT))
    assert line == "suites.second: removed"


def test_a_name_for_a_model_of_a_provider_in_use_is_no_policy_change() -> None:
    named = (
        SHORT.replace("openai/gpt-5-mini", "app")
        + "models: {app: {provider: openai, model: gpt-5, params: {seed: 1}}}\n"
    )
    assert compare_policies(loaded(SHORT), loaded(named)) == ()


@pytest.mark.parametrize(
    "model",
    [
        "{provider: local, model: x}", "{provider: openai, model: x, base_url: 'https://evil.example'}",
        "{provider: openai, model: x, api_key_env: OTHER_KEY}", "{provider: openai, model: x, price: {input: 0, output: 0}}",
    ],
)  # fmt: skip
def test_a_new_endpoint_key_price_or_provider_is_a_policy_change(model: str) -> None:
    assert len(compare_policies(loaded(SHORT), loaded(f"{SHORT}models: {{app: {model}}}\n"))) == 1


def test_a_judge_behind_a_name_is_policy() -> None:
    named = (
        SHORT.replace("anthropic/claude-sonnet-5", "grader")
        + "models: {grader: {provider: anthropic, model: claude-sonnet-5}}\n"
    )
    assert compare_policies(
        loaded(named), loaded(named.replace("model: claude-sonnet-5", "model: tiny, params: {temperature: 1}"))
    ) == (
        "models.grader.model: 'claude-sonnet-5' → 'tiny'",
        "models.grader.params.temperature: nothing → 1.0",
    )


def test_values_are_cut_to_sixty_characters() -> None:
    (line,) = differences('"Ask first."', f'"{"x" * 500}"')
    assert len(line.split(" → ")[1]) == 60
