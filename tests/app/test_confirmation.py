"""Confirmation end to end: what is asked again, what both sides share, and what the summary keeps of it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.app.checking import PROMPT, House, a_row, by_quality, files, golden, lines
from tests.loopback import echo, verdict

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
FOR_PRO = "You are the support assistant. quality=good{% if tier == 'pro' %} Be brief.{% endif %}\n"


def tiers(count=12):
    return [row | {"input": {"user_input": f"Question {row['id']}?", "tier": "pro" if n % 2 else "free"}} for n, row in enumerate(golden(count))]


def asked(result, name):
    return [call for call in result.server.calls if call.schema is None and f"Question {name}?" in call.user]


def status(result):
    return {row["example"]: row["status"] for row in result.summary["golden"]}


def grading(low):
    """Judges every answer 5, but 1 where `low(question, nth grade of that question)`."""
    seen: Counter[str] = Counter()

    def answer(call):
        if call.schema is None:
            return echo(call)
        question = call.text.split("Question ")[1][:4]
        seen[question] += 1
        return verdict(call, score=1 if low(question, seen[question]) else 5)

    return answer


def test_requests_that_are_identical_on_both_sides_share_their_confirmations(tmp_path):
    house = House(tmp_path, files(golden=lines(tiers()), regression=None)).head({"prompts/support.md": FOR_PRO})

    result = house.check(grading(lambda question, _: question in ("g-02", "g-03")))

    assert len(asked(result, "g-02")) == 5  # free: one request on both sides, asked once and confirmed four times
    assert len(asked(result, "g-03")) == 10  # pro: two requests
    assert status(result) == {"g-02": "pre_existing", "g-03": "pre_existing"}
    again = [row for row in result.rows if row["example"] == "g-02" and row["confirmation"]]
    assert (len(again), sum(row["shared"] for row in again)) == (8, 4)
    assert result.summary["coverage"] == {"planned": 24, "scored": 24, "errors": {}}


def test_an_identical_request_can_never_be_a_new_failure(tmp_path):
    """Whatever the grades of the shared answers are, they are both sides'."""
    house = House(tmp_path, files(golden=lines(tiers()), regression=None)).head({"prompts/support.md": FOR_PRO})

    result = house.check(grading(lambda question, nth: question == "g-02" and nth != 2))

    (row,) = [row for row in result.summary["golden"] if row["example"] == "g-02"]
    assert (row["status"], row["head_failures"], row["base_failures"]) == ("pre_existing", 4, 4)


def test_a_deterministic_failure_says_that_asking_again_told_nothing(tmp_path):
    house = House(tmp_path, files(regression=None)).head({"prompts/support.md": PROMPT.format(quality="bad")})

    result = house.check(by_quality({"good": lambda n: 5, "bad": lambda n: 1 if n == 4 else 5}))

    (finding,) = [f for f in result.summary["findings"] if f["rule"] == "new_failure"]
    assert finding["message"].endswith("fails 5 of 5 at head, base 0 of 5 (deterministic: the same answer 5 times)")
    assert [row["same_answer"] for row in result.summary["golden"]] == [True]
    assert "deterministic" in result.comment


def test_a_flake_is_counted_and_never_hidden(tmp_path):
    house = House(tmp_path, files(regression=None)).head(SAME)
    grades: Counter[str] = Counter()

    def answer(call):
        if call.schema is None:
            grades["answers"] += 1
            return f"answer {grades['answers']} of quality={call.system.split('quality=')[1].split()[0]} to {call.user}"
        at_head = "quality=same to Question g-05?" in call.text
        grades["g-05"] += at_head
        return verdict(call, score=1 if at_head and grades["g-05"] == 1 else 5)

    result = house.check(answer)

    assert (result.verdict, status(result)) == ("pass", {"g-05": "flaky"})
    assert result.summary["flakes"] == [
        {"suite": "support", "prompt": "prompts/support", "example": "g-05", "partition": "golden", "side": "head", "failures": 1, "answers": 5}
    ]
    assert result.summary["golden"][0]["same_answer"] is False
    (flips,) = result.summary["flips"]
    assert (flips["pass_to_fail"], flips["fail_to_pass"], flips["n_pairs"]) == (["g-05"], [], 12)


@pytest.mark.parametrize("golden_confirm", [0, 1])
def test_confirm_says_how_often_it_is_asked_again(tmp_path, golden_confirm):
    config = files()["evalbot.yml"] + f"    gates: {{golden: {{confirm: {golden_confirm}}}}}\n"
    house = House(tmp_path, files(config=config, regression=None)).head({"prompts/support.md": PROMPT.format(quality="bad")})

    result = house.check(by_quality({"good": lambda n: 5, "bad": lambda n: 1 if n == 4 else 5}))

    assert (result.verdict, status(result)) == ("fail", {"g-04": "new_failure"})
    assert sum(row["confirmation"] for row in result.rows) == 2 * golden_confirm
    assert [row["runs"] for row in result.summary["golden"]] == [golden_confirm + 1]


def test_slices_by_tag_are_there_for_programs_and_never_gate(tmp_path):
    rows = [a_row(f"r-{n:02}", "regression", tags=["refund"] if n < 12 else ["other"]) for n in range(30)]
    house = House(tmp_path, files(golden=lines(golden(2)), regression=lines(rows)))
    house.head({"prompts/support.md": PROMPT.format(quality="bad")})

    result = house.check(by_quality({"good": lambda n: 5, "bad": lambda n: 4 if n < 12 else 5}))

    slices = {row["tag"]: row for row in result.summary["slices"]}
    assert (slices["refund"]["effect"], slices["refund"]["n_pairs"], slices["refund"]["gated"]) == (-1.0, 12, False)
    assert slices["other"]["effect"] == 0.0
    assert "By tag and metadata: 2 comparisons, 1 down by more than luck explains" in result.comment
    assert {finding["rule"] for finding in result.summary["findings"]} <= {"regression", "likely_drop", "insufficient_data"}
