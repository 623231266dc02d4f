"""The BUD cases of the campaign: what a run may cost, and what runs of a day may."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from tests.app.checking import CONFIG, PROMPT, House, by_quality, files, golden, lines, regression
from tests.loopback import Answer, LoopbackModels, hang, server_error, verdict
from tests.pages import ROOT

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
FEW = {"golden": lines(golden(4)), "regression": lines(regression(12))}
CALLS = 64


def house(tmp_path: Path, run: str, *, price: str = "{input: 0, output: 10000}") -> House:
    """Each answer and each grade costs what its tokens say, at a cent a token of output unless said otherwise."""
    models = (
        f"models:\n  app: {{provider: openai, model: gpt-5-mini, price: {price}, params: {{max_output_tokens: 40}}}}\n"
        f"  grader: {{provider: anthropic, model: claude-sonnet-5, price: {price}, params: {{max_output_tokens: 40}}}}\n"
    )
    config = CONFIG.replace("openai/gpt-5-mini", "app").replace("anthropic/claude-sonnet-5", "grader")
    return House(tmp_path, files(config=config + models + f"run: {{{run}}}\n", **FEW)).head(SAME)


def cents(tokens: int) -> Any:
    """Answers and grades of so many tokens."""

    def answer(call: Any) -> Any:
        return Answer(by_quality()(call), usage=(0, tokens, 0))

    return answer


def test_BUD_01_a_plan_above_the_budget_is_refused_with_the_estimate_where_policy_says_so(tmp_path):
    # 64 calls of 10 tokens at a cent each, by the estimate of a quarter of max_output_tokens: 6.40.
    result = house(tmp_path, "budget_usd: 1.0, over_budget: refuse").check(cents(10))

    assert (result.verdict, result.exit_code, result.server.calls) == ("inconclusive", 3, [])
    assert "nothing was asked: about 64 calls, about $6.40 of a budget of $1.00" in result.record.decision.reason
    assert "run.budget_usd" in result.record.decision.reason


def test_BUD_01_else_golden_goes_first_and_the_estimate_is_said(tmp_path):
    result = house(tmp_path, "budget_usd: 1.0, concurrency: 2").check(cents(10))

    assert (result.verdict, result.exit_code) == ("inconclusive", 3)
    assert {row["partition"] for row in result.rows if row["output"]} == {"golden"}
    assert result.summary["estimate"] == {"calls": 64, "cached": 0, "usd": pytest.approx(6.4), "unknown": []}
    assert "about $6.40 of a budget of $1.00: golden first, and no call beyond it" in result.comment


def test_BUD_01_a_plan_within_the_budget_runs(tmp_path):
    result = house(tmp_path, "budget_usd: 7.0, over_budget: refuse").check(cents(10))

    assert (result.verdict, len(result.server.calls)) == ("pass", CALLS)
    assert result.summary["cost_usd"] == pytest.approx(6.4)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_BUD_02_spending_passes_the_cap_by_no_more_than_the_calls_in_flight(tmp_path, concurrency):
    # Answers take four times the tokens that the estimate counts on.
    result = house(tmp_path, f"budget_usd: 5.0, concurrency: {concurrency}").check(cents(40))

    assert result.verdict == "inconclusive"
    assert result.summary["cost_usd"] <= 5.0 + 0.4 * concurrency
    assert result.summary["cost_usd"] >= 4.0
    assert len([row for row in result.rows if row["output"]]) >= 4, "what was finished is kept"
    assert result.summary["coverage"]["errors"]["stopped"] > 0


def test_BUD_02_a_golden_example_that_has_failed_stays_failed_when_the_money_is_gone(tmp_path):
    def answer(call):
        worse = call.schema is not None and "answer of quality=bad" in call.text and "g-0" in call.text
        said = verdict(call, score=1) if worse else by_quality({"bad": lambda n: 5, "good": lambda n: 5})(call)
        return Answer(said, usage=(0, 10, 0))

    start = house(tmp_path, "budget_usd: 6.0, partitions: [golden], concurrency: 4")
    result = start.head({"prompts/support.md": PROMPT.format(quality="bad")}).check(answer)

    assert result.verdict == "fail"


def test_BUD_04_every_attempt_is_ours_and_counted(tmp_path, no_waiting):
    result = house(tmp_path, "budget_usd: 100, concurrency: 1").check(
        lambda call: server_error() if call.schema is None and "g-00" in call.text else cents(10)(call)
    )

    asked = [call for call in result.server.calls if call.schema is None and "g-00" in call.text]
    assert len(asked) == 2 * 5, "five attempts a side; an SDK that retried would make more"
    assert not any("x-stainless-retry-count" in call.headers and call.headers["x-stainless-retry-count"] != "0" for call in asked)
    assert result.verdict == "inconclusive"


def test_BUD_04_a_call_that_breaks_off_counts_against_the_budget(tmp_path):
    result = house(tmp_path, "budget_usd: 0.05, golden_seconds: 4, total_seconds: 4, concurrency: 1").check(lambda call: hang())

    assert result.verdict == "inconclusive"
    assert len(result.server.calls) == 1
    assert result.summary["cost_usd"] == 0.0, "what is not known to have been charged is no cost"


def test_BUD_05_a_push_cancels_the_run_of_the_push_before_it():
    workflow = yaml.safe_load((ROOT / "examples/workflows/evalbot.yml").read_text())
    assert "github.event.pull_request.number" in workflow["concurrency"]["group"]
    assert workflow["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_BUD_05_a_hundred_pushes_spend_no_more_than_the_day_has(tmp_path):
    pushed = house(tmp_path, "budget_usd: 5, daily_usd: 7, concurrency: 1")  # the first push costs 4.80, each later one 1.60, a call 0.10
    spent, paid = 0.0, []
    for push in range(8):
        pushed.head({"prompts/support.md": PROMPT.format(quality="good") + f"Push {push}.\n"})
        with LoopbackModels(by_quality()) as models:
            world = World.real(models.env(), tmp_path / f"report-{push}", quiet=True, cache_dir=tmp_path / "cache")
            found = review(pushed.repo.root, CheckOptions(base="main", head="change"), world)
        spent += found.cost_usd or 0.0
        paid.append((len(models.calls), found.decision.verdict.value))
    assert paid[:2] == [(48, "pass"), (16, "pass")]
    assert paid[2][1] == "inconclusive"
    assert paid[3:] == [(0, "inconclusive")] * 5
    assert "`run.daily_usd` were spent" in found.decision.reason
    assert spent == pytest.approx(7.0, abs=0.11)


def test_BUD_05_where_nothing_is_to_be_asked_a_spent_day_is_no_obstacle(tmp_path):
    pushed = house(tmp_path, "budget_usd: 5, daily_usd: 100").head(SAME)
    with LoopbackModels(by_quality()) as models:
        world = World.real(models.env(), tmp_path / "report", quiet=True, cache_dir=tmp_path / "cache")
        first = review(pushed.repo.root, CheckOptions(base="main", head="change"), world)
        (tmp_path / "cache/spend.jsonl").write_text(json.dumps({"at": time.time(), "usd": 1000.0}) + "\n")
        asked = len(models.calls)
        again = review(pushed.repo.root, CheckOptions(base="main", head="change"), world)
        assert len(models.calls) == asked
    assert again.decision.verdict == first.decision.verdict


def test_BUD_07_an_unknown_price_is_said_as_unknown_and_never_as_free(tmp_path):
    config = CONFIG.replace("openai/gpt-5-mini", "openai/some-model-of-tomorrow")
    result = House(tmp_path, files(config=config, **FEW)).head(SAME).check(by_quality())

    assert result.summary["cost_usd"] is None
    assert result.summary["estimate"]["usd"] is None
    assert result.summary["estimate"]["unknown"] == ["openai/some-model-of-tomorrow"]
    assert "of unknown cost" in result.comment


def test_BUD_01_the_estimate_stands_in_the_comment_before_the_first_call(on_github):
    scene = on_github(SAME, start=files(**FEW))
    seen = []

    def answer(call):
        seen.append(scene.comment if not seen else "")
        return by_quality()(call)

    ran = scene.opened(answer)

    assert ran.outputs["verdict"] == "pass"
    assert "evaluating" in seen[0]
    assert "The estimate is about 64 calls, about $" in seen[0]
