"""Nothing is paid for twice: what an earlier run of the same plan left in the report's folder is used again."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from tests.app.checking import CONFIG, PROMPT, House, by_quality, files
from tests.loopback import Answer, nothing

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}


def facts(result):
    """What a run says, without what it cost to say it."""
    summary = result.summary
    return [summary[key] for key in ("verdict", "comparisons", "golden", "findings", "coverage")]


def test_the_same_run_again_asks_nobody_and_says_the_same(tmp_path):
    house = House(tmp_path).head(WORSE)
    first = house.check()
    said = facts(first)

    again = house.check()

    assert again.server.calls == []
    assert facts(again) == said
    assert first.record.calls.model == len(first.rows)
    assert again.summary["calls"] == {"model": 0, "judge": 0, "cached": first.record.calls.model + first.record.calls.judge, "retried": 0}
    assert again.summary["cost_usd"] == 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"evalbot.yml": CONFIG.replace("gpt-5-mini", "gpt-5-nano")},
        {"prompts/support.md": PROMPT.format(quality="same")},
    ],
    ids=["model", "prompt"],
)
def test_a_change_pays_for_its_own_side_only(tmp_path, change):
    house = House(tmp_path).head(WORSE)
    house.check()

    again = house.head(change).check()

    assert {row["side"] for row in again.rows if not row["cached"]} == {"head"}
    assert {row["side"] for row in again.rows if row["cached"]} == {"base"}


@pytest.mark.parametrize("label", ["openai/gpt-5-mini", "anthropic/claude-sonnet-5"])
def test_a_model_that_answers_under_another_name_by_now_is_asked_again_on_both_sides(tmp_path, label):
    def named(date):
        def say(call):
            said = by_quality()(call)
            return Answer(said, model=f"{call.model}-{date}") if label.endswith(call.model) else said

        return say

    house = House(tmp_path).head(WORSE)
    first = house.check(named("2025-08-07"))
    assert {row["answered_by"].get(label) for row in first.rows} <= {f"{label.split('/')[1]}-2025-08-07", None}

    again = house.head({"prompts/support.md": PROMPT.format(quality="same")}).check(named("2026-11-20"))

    assert not any(row["cached"] for row in again.rows)  # base too, although its rows were there
    assert [row["side"] for row in again.rows].count("base") == [row["side"] for row in first.rows if not row["confirmation"]].count("base")
    assert "under another name by now" in again.comment
    assert again.summary["recalled"]["rows"] == 0


def test_another_judge_grades_everything_anew(tmp_path):
    house = House(tmp_path).head(WORSE)
    house.check()
    house.on_main({"evalbot.yml": CONFIG.replace("claude-sonnet-5", "claude-opus-5")})

    again = house.check()

    assert not any(row["cached"] for row in again.rows)


def test_another_threshold_is_another_question(tmp_path):
    judged = CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [q]\n") + "metrics:\n  q: {type: judge, model: anthropic/claude-sonnet-5, min: %s}\n"
    house = House(tmp_path, files(config=judged % 2)).head(WORSE)
    house.check()
    house.on_main({"evalbot.yml": judged % 5})

    assert not any(row["cached"] for row in house.check().rows)


def test_what_could_not_be_measured_is_asked_again(tmp_path, no_waiting):
    house = House(tmp_path).head(WORSE)
    broken = house.check(lambda call: nothing() if call.schema is None and "quality=bad" in call.system else by_quality()(call))
    assert broken.verdict == "inconclusive"

    mended = house.check()

    assert mended.verdict == "fail"
    assert {row["side"] for row in mended.rows if row["cached"]} == {"base"}


def test_torn_and_foreign_lines_are_passed_over(tmp_path):
    house = House(tmp_path).head(WORSE)
    first = house.check()
    journal = first.folder / "results.jsonl"
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([*lines[:-1], '{"suite": "support", "side"', "[]", '{"schema": "other"}', lines[-1][:40]]))

    again = house.check()

    assert facts(again) == facts(first)
    assert len([call for call in again.server.calls if call.schema is None]) == 1


def test_results_older_than_a_day_are_not_believed(tmp_path):
    house = House(tmp_path).head(WORSE)
    first = house.check()
    yesterday = time.time() - 25 * 3600
    os.utime(first.folder / "results.jsonl", (yesterday, yesterday))

    assert not any(row["cached"] for row in house.check().rows)


def test_an_answer_whose_grade_was_lost_is_only_graded_anew_also_where_it_confirms(tmp_path, no_waiting):
    house = House(tmp_path).head(WORSE)
    graded = by_quality()
    seen = Counter[bytes]()

    def last_confirmations_go_ungraded(call):
        seen[call.raw] += 1
        return nothing() if call.schema is not None and seen[call.raw] > 1 else graded(call)

    broken = house.check(last_confirmations_go_ungraded)
    assert {row["error"] for row in broken.rows if row["confirmation"]} == {"judge_error"}
    calm = House(tmp_path / "calm").head(WORSE).check()

    mended = house.check()

    assert facts(mended) == facts(calm)
    assert not [call for call in mended.server.calls if call.schema is None], "every answer was paid for already"
    assert mended.server.calls
