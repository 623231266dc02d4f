"""The PRV cases of the campaign through the front door: providers that fail, and what a run makes of it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.app.checking import CONFIG, PROMPT, House, by_quality, files, golden, lines, regression
from tests.loopback import (
    Call,
    LoopbackModels,
    content_filter,
    cut,
    drip,
    forbidden,
    html,
    no_choices,
    nothing,
    payment_required,
    quota,
    rate_limited,
    redirect,
    reset,
    server_error,
    truncated,
    unauthorized,
    wrong_model,
)

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
FEW = {"golden": lines(golden(4)), "regression": lines(regression(12))}
ANSWERS = 32
good = by_quality({"good": lambda n: 5, "same": lambda n: 5})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, files(config=CONFIG + "run: {concurrency: 4}\n", **FEW)).head(SAME)


def at_head(call: Call) -> bool:
    return call.schema is None and "quality=same" in call.system


def test_PRV_01_an_outage_of_heads_calls_only_is_no_regression_and_no_pass(house, no_waiting):
    result = house.check(lambda call: server_error() if at_head(call) else good(call))

    assert (result.verdict, result.exit_code) == ("inconclusive", 3)
    assert result.summary["coverage"]["errors"] == {"target_error": 16}
    assert not any(row["conclusion"] == "regression" for row in result.summary["comparisons"])
    assert "| `target_error` |" in result.comment
    assert {row["side"] for row in result.rows if row["error"]} == {"head"}


@pytest.mark.parametrize("fault", [server_error(), rate_limited(0), rate_limited()], ids=["500", "429 at once", "429"])
def test_PRV_02_a_fifth_of_all_calls_failing_at_random_loses_nothing(house, no_waiting, fault):
    dice = random.Random(3)
    calm = house.check(good)
    again = House(house.root / "again", files(config=CONFIG + "run: {concurrency: 4}\n", **FEW)).head(SAME)

    rough = again.check(lambda call: fault if dice.random() < 0.2 else good(call))

    for key in ("verdict", "comparisons", "coverage", "golden"):
        assert rough.summary[key] == calm.summary[key]
    assert rough.summary["calls"]["retried"] > 5
    assert rough.summary["coverage"]["scored"] == ANSWERS


def test_PRV_02_where_a_golden_example_lacks_its_answer_nothing_is_concluded(house, no_waiting):
    result = house.check(lambda call: server_error() if at_head(call) and "g-01" in call.user else good(call))

    assert (result.verdict, result.exit_code) == ("inconclusive", 3)


@pytest.mark.parametrize(
    "fault", [unauthorized(), forbidden(), payment_required(), quota()], ids=["401", "403", "402", "empty account"]
)
def test_PRV_04_a_refused_key_or_an_empty_account_ends_the_calls_to_it_at_once(house, fault):
    result = house.check(lambda call: fault if call.schema is None else good(call))

    assert result.verdict == "inconclusive"
    assert len(result.server.calls) <= 4, "what was in flight when the first refusal came, and nothing after it"
    assert str(fault.status) in result.comment
    assert LoopbackModels.OPENAI_KEY not in result.comment


BROKEN: dict[str, Any] = {
    "{}": lambda call: nothing(), "null": no_choices, "a web page": lambda call: html(), "another model": lambda call: wrong_model(),
    "half a body": lambda call: cut(), "a reset": lambda call: reset(),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_PRV_05_what_is_no_answer_is_an_error_and_never_an_empty_answer(house, no_waiting, kind):
    result = house.check(lambda call: BROKEN[kind](call) if call.schema is None else good(call))

    assert result.verdict == "inconclusive"
    assert {(row["output"], row["outcome"], row["error"], row["passed"]) for row in result.rows} == {(None, None, "target_error", None)}


@pytest.mark.parametrize("kind", BROKEN)
def test_PRV_05_a_judge_that_says_so_gives_no_grade(house, no_waiting, kind):
    result = house.check(lambda call: BROKEN[kind](call) if call.schema is not None else good(call))

    assert result.verdict == "inconclusive"
    assert {row["scores"]["judge"]["value"] for row in result.rows} == {None}


def test_CFG_05_a_redirect_is_never_followed(house, no_waiting):
    with LoopbackModels() as elsewhere:
        result = house.check(lambda call: redirect(f"{elsewhere.url}/v1/chat/completions"))
        assert elsewhere.paths == []
    assert result.verdict == "inconclusive"
    assert "redirect" in result.comment


def test_PRV_07_a_body_that_drips_ends_with_the_time_there_is(tmp_path):
    config = CONFIG + "run: {golden_seconds: 1.5, total_seconds: 1.5, concurrency: 4}\n"
    result = House(tmp_path, files(config=config, **FEW)).head(SAME).check(lambda call: drip(0.1))

    assert result.verdict == "inconclusive"
    assert result.summary["coverage"]["errors"] == {"stopped": ANSWERS}
    assert result.record.seconds < 10


@pytest.mark.parametrize("fault", [reset(), cut()], ids=["reset", "half a body"])
def test_PRV_08_a_broken_connection_is_tried_again(house, no_waiting, fault):
    seen = Counter[bytes]()

    def once(call: Call) -> Any:
        seen[call.raw] += 1
        return fault if seen[call.raw] == 1 else good(call)

    result = house.check(once)

    assert result.verdict == "pass"
    assert result.summary["calls"]["retried"] >= ANSWERS


def test_PRV_10_a_refused_prompt_is_the_models_answer_and_no_outage(house):
    result = house.check(lambda call: content_filter() if at_head(call) and "r-01" in call.user else good(call))

    row = next(row for row in result.rows if row["side"] == "head" and row["example"] == "r-01")
    assert (row["outcome"], row["error"]) == ("content_filter", None)
    assert result.summary["coverage"]["scored"] == ANSWERS


def test_PRV_11_an_answer_that_was_cut_off_is_judged_and_shown(house):
    result = house.check(lambda call: truncated(good(call)) if at_head(call) and "r-01" in call.user else good(call))

    row = next(row for row in result.rows if row["side"] == "head" and row["example"] == "r-01")
    assert (row["outcome"], row["error"], row["scores"]["judge"]["value"]) == ("truncated", None, 5)
