"""What every report says of its judges, and what each finding tells to do about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalbot.app.publish import publish
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from tests.app.checking import CONFIG, PROMPT, House, Result, files, golden, lines, regression
from tests.loopback import Call, LoopbackModels, verdict

HEAD = {"prompts/support.md": PROMPT.format(quality="same")}
LABELS = "evals/human/labels.jsonl"
RECORD = "evals/human/labels.calibration.json"
CANARY = {"input": "Where is my parcel?", "response": "On its way.", "score": 4, "reasoning": "right"}


def config(judge: str = "", model: str = "anthropic/claude-sonnet-5", metrics: str = "[rules, quality]") -> str:
    text = "metrics:\n  rules: {type: checks, checks: [{name: said, words: {min: 1}}]}\n  quality: {type: judge, model: " + model + judge + "}\nsuites:\n"
    return CONFIG.replace("suites:\n", text).replace("    judge: anthropic/claude-sonnet-5\n", f"    metrics: {metrics}\n")


def at(house: House, script: Any, today: str = "2026-11-26") -> Result:
    """A check on a day."""
    with LoopbackModels(script) as server:
        folder = house.root / "report"
        world = replace(World.real(server.env(), folder, quiet=True), now=lambda: f"{today}T06:00:00+00:00")
        record = review(house.repo.root, CheckOptions("main", "change"), world)
        publish(record, folder, world.redact)
        return Result(record, folder, server)


def house(tmp_path: Path, text: str, more: dict[str, str] | None = None) -> House:
    start = files(config=text, golden=lines(golden(4)), regression=lines(regression(4)))
    return House(tmp_path, {**start, **(more or {})}).head(HEAD)


def fine(call: Call) -> Any:
    return f"answer {call.system} {call.user}" if call.schema is None else verdict(call, score=5)


def told(result: Result) -> dict[str, str]:
    """Level → message of each finding on judges."""
    return {one["example"].partition("/")[2]: one["message"] for one in result.summary["findings"] if one["rule"] == "judge_health"}


def record(**entry: Any) -> str:
    known = {
        "date": "2026-11-01", "judge_id": "0" * 12, "model": "anthropic/claude-sonnet-5", "labels": 120, "raters": 2,
        "kappa": {"value": 0.62, "ci": [0.5, 0.72]}, "bias": 0.1, "labelled": "2026-10-30", "attack": None,
    }  # fmt: skip
    return json.dumps({"schema": "evalbot.calibration/1", "judges": {"quality": known | entry}})


CALIBRATED = ", calibration: {labels: evals/human/labels.jsonl%s}"


def test_a_healthy_judge_is_shown_and_nothing_is_found(tmp_path: Path) -> None:
    result = at(house(tmp_path, config()), fine)
    assert (result.verdict, told(result)) == ("pass", {})
    health = result.summary["judges"][0]["health"]
    assert (health["answers"], health["lost"], health["re_asks"], health["spread"]) == (16, 0, 0, None)
    assert "16 answers graded" in result.comment


def test_nothing_measured_is_no_health(tmp_path: Path) -> None:
    result = House(tmp_path, files(config=config())).head({"README.md": "x"}).check()
    assert (result.verdict, result.summary["judges"]) == ("not_applicable", [])


def test_a_judge_of_the_subject_s_family_is_warned_of(tmp_path: Path) -> None:
    result = at(house(tmp_path, config(model="openai/gpt-6-luna")), fine)
    assert "its own family (GPT)" in told(result)["family"]
    assert "jury" in told(result)["family"]
    assert result.verdict == "pass"


def test_an_embedding_model_of_the_subject_s_family_prefers_nobody(tmp_path: Path) -> None:
    text = config(metrics="[rules, similar]").replace("suites:\n", "  similar: {type: semantic_similarity, model: openai/text-embedding-3-small}\nsuites:\n")
    result = at(house(tmp_path, text), fine)
    assert (result.verdict, told(result)) == ("pass", {})


@pytest.mark.parametrize(
    ("today", "words"),
    [("2026-10-01", None), ("2026-12-01", "retires on 2027-01-14 (in 44 days)"), ("2027-02-01", "which retired on 2027-01-14")],
)
def test_a_judge_that_retires_soon_is_warned_of(tmp_path: Path, today: str, words: str | None) -> None:
    text = config(model="openai/gpt-4.1").replace("model: openai/gpt-5-mini", "model: anthropic/claude-haiku-5-5")
    result = at(house(tmp_path, text), fine, today)
    assert "leaves its API on 2027-01-14" in result.comment
    found = told(result).get("retirement openai/gpt-4.1")
    assert found is None if words is None else words in (found or "")


def test_a_judge_behind_an_endpoint_of_one_s_own_retires_when_its_owner_says_so(tmp_path: Path) -> None:
    models = "models:\n  mine: {provider: openai, model: gpt-4.1, base_url: 'http://127.0.0.1:1/v1', api_key_env: OPENAI_API_KEY, price: {input: 0, output: 0}}\n"
    text = config(model="mine").replace("metrics:\n", models + "metrics:\n", 1)
    with LoopbackModels(fine) as server:
        place = house(tmp_path, text.replace("http://127.0.0.1:1/v1", server.url + "/v1" if not server.url.endswith("/v1") else server.url))
        folder = tmp_path / "report"
        found = review(place.repo.root, CheckOptions("main", "change"), World.real(server.env(), folder, quiet=True))
    assert [facts.retirements for facts in (one.facts for one in found.decision.judges)] == [()]


def test_a_judge_that_was_never_compared_with_people_is_noted(tmp_path: Path) -> None:
    result = at(house(tmp_path, config(CALIBRATED % "")), fine)
    assert "evalbot calibrate" in told(result)["calibration"]
    assert [one["level"] for one in result.summary["findings"] if one["rule"] == "judge_health"] == ["notes"]


def test_every_comment_cites_the_calibration_in_its_footer(tmp_path: Path) -> None:
    result = at(house(tmp_path, config(CALIBRATED % ""), {RECORD: record()}), fine)
    footer = result.comment.rpartition("---\n")[2]
    assert "judge `quality` calibrated 2026-11-01, kappa 0.62 (0.50 to 0.72) on 120 labels" in footer


def test_what_people_would_pass_is_shown_where_labels_tell_how_the_judge_errs(tmp_path: Path) -> None:
    entry = record(verdicts={"good": 100, "passes": 90, "bad": 100, "fails": 70})

    def half(call: Call) -> Any:
        return fine(call) if call.schema is None else verdict(call, score=1 if "r-0" in call.user else 5)

    result = at(house(tmp_path, config(CALIBRATED % ", on_fail: report_only"), {RECORD: entry}), half)
    found = result.summary["judges"][0]["health"]["corrected"]
    # Rogan and Gladen by hand: (p + 0.7 - 1) / (0.9 + 0.7 - 1)
    assert found["people"] == pytest.approx((found["judged"] + 0.7 - 1) / 0.6)
    assert found["ci"][0] < found["people"] < found["ci"][1]
    assert "people would pass" in result.comment


@pytest.mark.parametrize("bad", [{"good": 1, "passes": 2, "bad": 1, "fails": 1}, {"good": 1}, [1, 2, 3, 4]])
def test_a_record_whose_parts_are_larger_than_the_whole_is_none(tmp_path: Path, bad: Any) -> None:
    result = at(house(tmp_path, config(CALIBRATED % ""), {RECORD: record(verdicts=bad)}), fine)
    assert (result.verdict, result.summary["problems"][0]["path"]) == ("config_error", RECORD)


def test_another_judge_than_the_calibrated_one_is_named(tmp_path: Path) -> None:
    place = house(tmp_path, config(CALIBRATED % ""), {RECORD: record()})
    result = at(place, fine)
    own = result.summary["judges"][0]["judge_id"]
    assert f"(id 000000000000, now {own})" in told(result)["recalibrate"]
    place = house(tmp_path / "same", config(CALIBRATED % ""), {RECORD: record(judge_id=own)})
    assert told(at(place, fine)) == {}


@pytest.mark.parametrize(
    ("entry", "today", "words"),
    [
        ({"kappa": {"value": 0.31, "ci": [0.2, 0.4]}}, "2026-11-26", "below its floor (kappa 0.31 of 0.4 on 120 labels, 2026-11-01)"),
        ({"kappa": None}, "2026-11-26", "no kappa of 0.4"), ({}, "2027-02-01", "94 days old (at most 90)"),
    ],
)  # fmt: skip
def test_too_little_agreement_and_old_labels_warn_or_let_the_judge_only_report(tmp_path: Path, entry: dict[str, Any], today: str, words: str) -> None:
    def harsh(call: Call) -> Any:
        return fine(call) if call.schema is None else verdict(call, score=1)

    warned = at(house(tmp_path / "warn", config(CALIBRATED % ""), {RECORD: record(**entry)}), harsh, today)
    assert words in told(warned)["calibration"]
    assert all(row["passed"] is False for row in warned.rows)
    quiet = at(house(tmp_path / "quiet", config(CALIBRATED % ", on_fail: report_only"), {RECORD: record(**entry)}), harsh, today)
    assert "it only reports in this run" in told(quiet)["calibration"]
    assert all(row["passed"] is True for row in quiet.rows)
    assert {row["gated"] for row in quiet.summary["comparisons"]} == {False}
    assert quiet.verdict == "pass"


def test_where_nothing_else_decides_a_judge_that_may_only_report_stops_the_run_before_it_costs(tmp_path: Path) -> None:
    text = config(CALIBRATED % ", on_fail: report_only", metrics="[quality]")
    result = at(house(tmp_path, text, {RECORD: record(kappa={"value": 0.1, "ci": None})}), fine)
    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert "nothing can pass or fail" in result.summary["reason"]
    assert "below its floor" in result.summary["reason"]


@pytest.mark.parametrize("bad", ["{", "[]", '{"schema": "x"}', '{"schema": "evalbot.calibration/1", "judges": {"quality": {}}}'])
def test_a_record_that_is_none_is_named(tmp_path: Path, bad: str) -> None:
    result = at(house(tmp_path, config(CALIBRATED % ""), {RECORD: bad}), fine)
    assert (result.verdict, result.summary["problems"][0]["path"], result.server.calls) == ("config_error", RECORD, [])


def test_a_judge_that_known_attacks_talk_round_is_named_with_its_date(tmp_path: Path) -> None:
    entry = record(attack={"tried": 60, "talked_round": 7, "worst": "plain order"})
    assert "talked round by 7 of 60 known attacks on 2026-11-01" in told(at(house(tmp_path, config(CALIBRATED % ""), {RECORD: entry}), fine))["attack"]


# canaries


def canaries(scores: list[int]) -> str:
    return "".join(json.dumps({**CANARY, "input": f"Canary {n}?", "score": score}) + "\n" for n, score in enumerate(scores))


def singing(now: int) -> Any:
    def answer(call: Call) -> Any:
        return verdict(call, score=now) if call.schema is not None and "Canary" in call.user else fine(call)

    return answer


@pytest.mark.parametrize(
    ("scores", "now", "drift"), [([4, 4, 4], 4, 0.0), ([4, 4, 4], 3, -1.0), ([2, 3, 4], 4, 1.0), ([4], 4, 0.0), ([4], 2, -2.0)]
)
def test_canaries_are_judged_again_and_their_drift_is_reported(tmp_path: Path, scores: list[int], now: int, drift: float) -> None:
    result = at(house(tmp_path, config(", canaries: evals/human/canaries.jsonl"), {"evals/human/canaries.jsonl": canaries(scores)}), singing(now))
    health = result.summary["judges"][0]["health"]
    assert (health["canaries"], health["canary_drift"]) == (len(scores), drift)
    # [2, 3, 4] → 4 drifts by a mean of 1 with p = 0.22 (scipy.stats.ttest_1samp([2, 1, 0], 0)): not more than its noise.
    assert ("canaries" in told(result)) is (drift in (-1.0, -2.0))
    assert result.verdict == "pass"


def test_a_verdict_that_is_worked_out_again_asks_no_canary(tmp_path: Path) -> None:
    place = house(tmp_path, config(", canaries: evals/human/canaries.jsonl"), {"evals/human/canaries.jsonl": canaries([4, 4, 4])})
    first = at(place, singing(2))
    again = at(place, singing(4))
    assert again.server.calls == []
    assert told(again)["canaries"] == told(first)["canaries"]  # and what they said is not forgotten
    assert again.summary["judges"][0]["health"]["canary_drift"] == -2.0


# bad input, named with file and line before anything is paid for


def test_a_graded_example_that_is_also_a_dataset_row_is_named_with_both_places(tmp_path: Path) -> None:
    shown = [CANARY, {**CANARY, "input": {"user_input": "Question  G-01?"}}]
    more = {"evals/human/shown.jsonl": "".join(json.dumps(row) + "\n" for row in shown)}
    result = at(house(tmp_path, config(", examples: evals/human/shown.jsonl"), more), fine)
    (problem,) = result.summary["problems"]
    assert (result.verdict, problem["path"], problem["line"], result.server.calls) == ("config_error", "evals/human/shown.jsonl", 2, [])
    assert "evals/golden.jsonl:2" in problem["message"]
    assert "'g-01'" in problem["message"]


def test_a_rubric_with_holes_is_named_with_its_line(tmp_path: Path) -> None:
    result = at(house(tmp_path, config(", anchors: {1: bad, 5: good}")), fine)
    (problem,) = result.summary["problems"]
    assert (result.verdict, problem["line"], result.server.calls) == ("config_error", 4, [])
    assert "anchors leave out 2, 3, 4" in problem["message"]
