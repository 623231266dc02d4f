from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.domain.examples import Example, Partition, Status
from evalbot.domain.runs import Part
from evalbot.engine.exam import Exam, exam, leakage


def row(name: str, question: str = "?", partition: Partition = Partition.GOLDEN, **fields: object) -> Example:
    return Example(name, partition, {"user_input": question}, path="evals/a.jsonl", line=1, **fields)  # type: ignore[arg-type]


A, B, C = row("a"), row("b"), row("c")
EASIER = row("a", "easier?")


def parts(found: Exam) -> list[tuple[str, str, Part]]:
    return [(example.id, str(example.input["user_input"]), part) for example, part in found.rows]


def kinds(found: Exam) -> list[tuple[str, str]]:
    return [(change.example, change.kind) for change in found.changes]


def test_no_rows_make_an_empty_exam() -> None:
    assert exam([], [], []) == Exam()


def test_the_same_rows_everywhere_are_the_exam_and_no_change() -> None:
    found = exam([A, B], [A, B], [A, B])
    assert parts(found) == [("a", "?", Part.EXAM), ("b", "?", Part.EXAM)]
    assert found.changes == ()


def test_a_row_that_head_adds_is_added() -> None:
    found = exam([A], [A], [A, B])
    assert parts(found) == [("a", "?", Part.EXAM), ("b", "?", Part.ADDED)]
    assert found.changes == ()


def test_of_an_edited_row_both_versions_run_and_bases_is_the_exam() -> None:
    found = exam([A], [A], [replace(EASIER, line=9)], suite="support")
    assert parts(found) == [("a", "?", Part.EXAM), ("a", "easier?", Part.EDITED)]
    (change,) = found.changes
    assert (change.suite, change.example, change.kind, change.partition, change.line) == (
        "support",
        "a",
        "edited",
        Partition.GOLDEN,
        9,
    )


def test_a_deleted_row_stays_in_the_exam() -> None:  # campaign DAT-07
    found = exam([A, B], [A, B], [A])
    assert parts(found) == [("a", "?", Part.EXAM), ("b", "?", Part.EXAM)]
    assert kinds(found) == [("b", "deleted")]


def test_moving_a_row_to_another_file_is_no_edit() -> None:
    moved = replace(A, path="evals/elsewhere.jsonl", line=40, tags=("new",), metadata={"team": "x"}, reviewers=("me",))
    assert exam([A], [A], [moved]).changes == ()


def test_a_head_that_only_lags_behind_policy_edits_nothing() -> None:
    found = exam([EASIER, B], [A], [A])
    assert parts(found) == [("a", "easier?", Part.EXAM), ("b", "?", Part.EXAM)]
    assert found.changes == ()


def test_an_edit_that_policy_already_has_is_none() -> None:
    assert exam([EASIER], [A], [EASIER]) == Exam(((EASIER, Part.EXAM),))


def test_a_row_that_policy_already_dropped_was_not_deleted_by_head() -> None:
    assert exam([], [A], []) == Exam()
    assert exam([], [A], [A]) == Exam()


def test_both_sides_adding_one_id_with_different_rows_is_an_edit() -> None:
    found = exam([A], [], [EASIER])
    assert parts(found) == [("a", "?", Part.EXAM), ("a", "easier?", Part.EDITED)]
    assert kinds(found) == [("a", "edited")]


def test_setting_and_clearing_quarantine_is_an_edit() -> None:
    quarantined = replace(A, status=Status.QUARANTINED)
    assert kinds(exam([A], [A], [quarantined])) == [("a", "edited")]
    assert kinds(exam([quarantined], [quarantined], [A])) == [("a", "edited")]


def test_an_edit_that_changes_the_partition_is_one_of_the_partition_it_leaves() -> None:
    (change,) = exam([A], [A], [replace(A, partition=Partition.DISTRIBUTION)]).changes
    assert change.partition is Partition.GOLDEN


def test_proposed_rows_are_listed_and_do_not_gate() -> None:
    proposed = replace(B, status=Status.PROPOSED)
    found = exam([A], [A], [A, proposed])
    assert [(example.id, example.gates) for example, _ in found.rows] == [("a", True), ("b", False)]


_ROWS = st.lists(
    st.builds(row, st.sampled_from("abcd"), st.sampled_from(["x", "y"])),
    max_size=4,
    unique_by=lambda example: example.id,
)


@settings(max_examples=100)
@given(_ROWS, _ROWS, _ROWS)
def test_policys_rows_are_always_the_exam_whatever_head_does(
    policy: list[Example], before: list[Example], head: list[Example]
) -> None:
    found = exam(policy, before, head)
    assert [example for example, part in found.rows if part is Part.EXAM] == policy
    assert {e.id for e, part in found.rows if part is Part.EDITED} == {
        c.example for c in found.changes if c.kind == "edited"
    }
    assert not {e.id for e, part in found.rows if part is Part.ADDED} & {e.id for e in [*policy, *before]}


PROMPT = "Be kind.\nExample: “How do I cancel my subscription before the next invoice?” Answer: open Billing."


def test_an_input_that_stands_in_the_prompt_leaks() -> None:
    leaked = row("a", "how do I cancel my  subscription before the next invoice")
    assert leakage([leaked, row("b", "How do I cancel?")], PROMPT) == ("a",)


def test_eight_shared_words_in_a_row_leak_and_seven_do_not() -> None:
    eight = row("a", "Hello, do I cancel my subscription before the next year?")
    seven = row("b", "Hello, do I cancel my subscription before the year?")
    assert leakage([eight, seven], PROMPT) == ("a",)


def test_an_expected_output_that_stands_in_the_prompt_leaks() -> None:
    assert leakage([row("a", expected_output="cancel my subscription before the next invoice")], PROMPT) == ("a",)


def test_nested_inputs_are_looked_at() -> None:
    nested = Example(
        "a", Partition.GOLDEN, {"turns": [{"text": "How do I cancel my subscription before the next invoice?"}]}
    )
    assert leakage([nested], PROMPT) == ("a",)


def test_nothing_leaks_from_nothing() -> None:
    assert leakage([], PROMPT) == ()
    assert leakage([row("a", "")], PROMPT) == ()
    assert leakage([row("a", "How do I cancel?")], "") == ()
    assert leakage([row("a", "!" * 60)], PROMPT) == ()
