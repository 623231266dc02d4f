"""A pairwise metric from configuration to comment: both sides of each example, side by side, and never a gate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.app.checking import CONFIG, PROMPT, House, Result, files, golden, lines, regression
from tests.loopback import Call, bad_request, verdict
from tests.scripted_judges import ScriptedJudge, quality, sections

DUEL = CONFIG.replace(
    "suites:\n",
    "metrics:\n  rules: {type: checks, checks: [{name: said, min_words: 1}]}\n"
    "  duel: {type: pairwise, model: anthropic/claude-sonnet-5, criteria: [more helpful]}\nsuites:\n",
).replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [rules, duel]\n").replace(
    "{name: said, min_words: 1}", "{name: said, words: {min: 1}}"
)  # fmt: skip


def script(judge: ScriptedJudge, better: int = 4, worse: int = 2) -> Any:
    """Answers are worth `better` where the prompt says good and `worse` where it says bad; the judge compares them."""

    def answer(call: Call) -> Any:
        if call.schema is None:
            worth = worse if "quality=bad" in call.system else better
            return f"quality={worth} to {call.user}" + (" and more words than needed" if worth == worse else "")
        return judge.reply(call.user, call.schema, call.n)

    return answer


def house(tmp_path: Path, config: str = DUEL) -> House:
    return House(tmp_path, files(config=config, regression=lines(regression(12)))).head({"prompts/support.md": PROMPT.format(quality="bad")})


def row(result: Result, partition: str) -> Any:
    return next(one for one in result.summary["pairwise"] if one["partition"] == partition)


def test_a_worse_head_loses_every_pair_and_still_passes(tmp_path: Path) -> None:
    result = house(tmp_path).check(script(ScriptedJudge()))
    found = row(result, "regression")
    assert (found["wins"], found["ties"], found["losses"], found["inconsistent"]) == (0, 0, 12, 0)
    assert found["p"] == pytest.approx(2 / 2**12)  # the sign test: all of 12 one way
    assert (result.verdict, result.findings.get("judge_health")) == ("pass", None)
    assert row(result, "all")["losses"] == 24
    assert "Side by side by `duel`" in result.comment
    assert "The longer answer won 0 of 24 decided" in result.comment  # head's are padded


def test_each_pair_costs_two_calls_and_stands_on_head_s_row(tmp_path: Path) -> None:
    result = house(tmp_path).check(script(ScriptedJudge()))
    assert result.summary["calls"]["judge"] == 2 * 24
    heads = [one for one in result.rows if one["side"] == "head"]
    assert {one["scores"]["duel"]["value"] for one in heads} == {-1.0}
    assert {one["scores"]["duel"]["status"] for one in result.rows if one["side"] == "base"} == {"not_applicable"}
    assert sum(one["judge_calls"] for one in heads) == 2 * 24


def test_a_second_run_pays_for_no_comparison_again(tmp_path: Path) -> None:
    place = house(tmp_path)
    first = place.check(script(ScriptedJudge()))
    second = place.check(script(ScriptedJudge()))
    assert second.summary["calls"]["judge"] == second.summary["calls"]["model"] == 0
    assert second.summary["pairwise"] == first.summary["pairwise"]


def test_a_comparison_that_was_lost_is_asked_for_again_and_the_answers_are_not(tmp_path: Path) -> None:
    place, good = house(tmp_path), script(ScriptedJudge())

    def judge_down(call: Call) -> Any:
        return good(call) if call.schema is None else bad_request()

    first = place.check(judge_down)
    assert (first.verdict, row(first, "regression")["n_pairs"]) == ("pass", 0)
    second = place.check(good)
    assert (second.summary["calls"]["model"], second.summary["calls"]["judge"]) == (0, 2 * 24)
    assert row(second, "regression")["losses"] == 12


# JDG-07
def test_a_judge_that_goes_by_place_voids_the_column_and_is_named(tmp_path: Path) -> None:
    result = house(tmp_path).check(script(ScriptedJudge(first_place=0.6)))
    found = row(result, "regression")
    assert (found["void"], found["p"], found["win_rate"], found["ci"]) == (True, None, None, None)
    assert result.findings["judge_health"] == ["warns"]
    assert result.verdict == "pass"
    assert "the column is void" in result.comment


def test_at_30_percent_the_column_still_stands(tmp_path: Path) -> None:
    rows = lines(golden(10))
    place = House(tmp_path, files(config=DUEL, golden=rows, regression=None)).head({"prompts/support.md": PROMPT.format(quality="bad")})
    for biased, void in ((3, False), (4, True)):
        result = place.check(_first_place_for(biased), report_dir=f"report-{biased}")
        assert (row(result, "golden")["inconsistent"], row(result, "golden")["void"]) == (biased, void)
        (tmp_path / "report" / "results.jsonl").unlink()


def _first_place_for(count: int) -> Any:
    """A judge that goes by place for the first so many golden questions."""
    good = script(ScriptedJudge())

    def answer(call: Call) -> Any:
        asked = re.search(r"Question g-(\d\d)", call.user)
        if call.schema is not None and asked and int(asked[1]) < count:
            return verdict(call, preferred="A")
        return good(call)

    return answer


def test_the_same_answers_on_both_sides_are_ties_that_nobody_is_asked_about(tmp_path: Path) -> None:
    place = House(tmp_path, files(config=DUEL, regression=lines(regression(12)))).head({"prompts/support.md": PROMPT.format(quality="same")})
    result = place.check(script(ScriptedJudge()))
    found = row(result, "regression")
    assert (found["ties"], found["identical"], found["asked"], found["p"]) == (12, 12, 0, 1.0)
    assert result.summary["calls"]["judge"] == 0
    assert "are identical answers" in result.comment


def test_nothing_measured_is_no_row(tmp_path: Path) -> None:
    result = House(tmp_path, files(config=DUEL)).head({"README.md": "hello"}).check()
    assert (result.verdict, result.summary["pairwise"]) == ("not_applicable", [])


def test_it_can_be_tried_without_a_key(tmp_path: Path) -> None:
    config = DUEL.replace("anthropic/claude-sonnet-5", "local/rubric").replace("openai/gpt-5-mini", "local/extractive")
    asked = {"input": {"user_input": "How long do refunds take?"}, "expected_output": "Refunds take five days."}
    rows = lines([one | asked for one in golden(10)])
    start = files(config=config, golden=rows, regression=None, prompt="Always be kind.\n\nRefunds take five days.\n\nRefunds are free.\n")
    result = House(tmp_path, start).head({"prompts/support.md": "Always be kind.\n\nRefunds are free.\n"}).check(env={})
    found = row(result, "golden")
    assert (found["losses"], found["inconsistent"], found["void"]) == (10, 0, False)


def test_the_reported_inconsistency_is_the_judge_s_own(tmp_path: Path) -> None:
    """By the judge's own draws: which pairs it goes by place on is known before it is asked."""
    judge = ScriptedJudge(first_place=0.2)
    result = house(tmp_path).check(script(judge))
    seen = {tuple(sorted((parts["answer_a"], parts["answer_b"]))) for parts in map(sections, (c.user for c in result.server.calls if c.schema))}
    by_place = sum(judge._preferred(*pair) == judge._preferred(*reversed(pair)) == "A" for pair in seen)
    assert len(seen) == 24
    assert all(quality(a) != quality(b) for a, b in seen)
    assert row(result, "all")["inconsistent"] == by_place
    assert by_place > 0
