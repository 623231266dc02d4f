from __future__ import annotations

import pytest

from evalbot.domain.pulls import Annotation
from evalbot.domain.verdicts import Assurance
from evalbot.report.annotations import annotations
from tests.builders import PROMPT, a_change, a_comparison, a_decision, a_failure, a_finding, a_record, a_regression
from tests.report import situations
from tests.report.hostile import strings

PATH = f"{PROMPT}.md"
LINES = {PATH: [(3, 5)]}


def test_a_prompt_that_got_worse_is_annotated_on_its_changed_lines() -> None:
    assert annotations(situations.fail(), {PATH: [(3, 5), (9, 9)]}) == tuple(
        Annotation(
            PATH, start, end, "failure", "evalbot: prompts/support got worse",
            "judge went from 4.40 to 3.60 on regression (−0.80, 95% interval −1.35 to −0.25, 40 examples).\n"
            "1 golden example newly fails: refund-eu.",
        )
        for start, end in [(3, 5), (9, 9)]
    )  # fmt: skip


def test_the_lines_most_likely_at_fault_come_first_and_say_why() -> None:
    first, second = annotations(situations.fail(), {PATH: [(3, 5), (14, 17)]})
    assert (first.start_line, first.end_line) == (14, 17)
    assert first.message.startswith("Most likely at fault: 82% of the changed words in worse answers point here (3 examples).\n")
    assert "Most likely" not in second.message


@pytest.mark.parametrize("situation", ["passed", "outage"])
def test_a_prompt_that_did_not_is_not(situation: str) -> None:
    assert annotations(getattr(situations, situation)(), LINES) == ()


def test_nothing_at_all_is_no_annotation() -> None:
    assert annotations(a_record(), LINES) == ()
    assert annotations(a_record(changed=()), {}) == ()


def test_without_changed_lines_of_its_own_there_is_none() -> None:
    assert annotations(situations.fail(), {}) == ()
    assert annotations(situations.fail(), {PATH: []}) == ()
    assert annotations(situations.fail(), {"other.md": [(1, 1)]}) == ()


def test_a_likely_drop_that_does_not_block_warns() -> None:
    row = a_comparison(assurance=Assurance.LIKELY_DROP, head_mean=4.2, effect=-0.2)
    (found,) = annotations(a_record(a_decision(comparisons=(row,))), LINES)
    assert found.level == "warning"
    assert found.message.startswith("judge probably went from 4.40 to 4.20 on regression (−0.20, 95% interval −0.15 to +0.11")


def test_what_was_accepted_only_warns() -> None:
    decision = a_decision("accepted", comparisons=(a_regression(),), findings=(a_finding(),))
    assert [one.level for one in annotations(a_record(decision), LINES)] == ["warning"]


def test_rows_that_do_not_gate_are_not_spoken_of() -> None:
    decision = a_decision(comparisons=(a_regression("all"), a_regression("distribution", gated=False)))
    assert annotations(a_record(decision), LINES) == ()


def test_an_example_that_failed_before_is_spoken_of_only_where_it_blocks() -> None:
    failed = (a_failure("g-1", "pre_existing", base_failures=5), a_failure("g-2", "flaky"))
    assert annotations(a_record(a_decision(failed_examples=failed)), LINES) == ()
    blocking = a_decision("fail", failed_examples=failed, findings=(a_finding("pre_existing", example="g-1", examples=("g-1",)),))
    (found,) = annotations(a_record(blocking), LINES)
    assert (found.level, found.message) == ("failure", "1 golden example fails as it does at base: g-1.")


def test_many_examples_are_counted_and_the_first_five_named() -> None:
    failed = tuple(a_failure(f"r-{number}", partition="regression") for number in range(8))
    (found,) = annotations(a_record(a_decision("fail", failed_examples=failed)), LINES)
    assert found.message == "8 regression examples newly fail: r-0, r-1, r-2, r-3, r-4 and 3 more."


def test_two_suites_that_share_a_prompt_share_its_annotation() -> None:
    decision = a_decision("fail", comparisons=(a_regression(), a_regression(suite="sales")))
    record = a_record(decision, changed=(a_change(), a_change(suite="sales")))
    (found,) = annotations(record, LINES)
    assert [line.split(":")[0] for line in found.message.split("\n")] == ["support", "sales"]


def test_OUT_07_there_are_at_most_fifty_and_every_prompt_comes_before_any_second_hunk() -> None:
    prompts = [f"prompts/p{number:02}" for number in range(30)]
    record = a_record(a_decision("fail", comparisons=tuple(a_regression(prompt=p) for p in prompts)), changed=tuple(map(a_change, prompts)))
    found = annotations(record, {f"{prompt}.md": [(1, 1), (5, 6), (9, 9)] for prompt in prompts})
    assert len(found) == 50
    assert [one.path for one in found[:30]] == [f"{prompt}.md" for prompt in prompts]
    assert {one.start_line for one in found[30:]} == {5}


@pytest.mark.parametrize("text", strings(200))
def test_MD_names_and_ids_cannot_hide_or_grow(text: str) -> None:
    decision = a_decision("fail", failed_examples=(a_failure(text, prompt=text),), comparisons=(a_regression(prompt=text, metric=text),))
    record = a_record(decision, changed=(a_change(text, path=PATH),))
    (found,) = annotations(record, LINES)
    for shown in (found.title, *found.message.split("\n")):
        assert not any(character in shown for character in "\r\x00\x1b\u202e\u2028\u200b")
    assert "\n" not in found.title
    assert len(found.title) <= 260
    assert len(found.message) <= 4096
