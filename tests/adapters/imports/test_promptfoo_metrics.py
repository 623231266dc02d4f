"""promptfoo's assertions that measure: a metric of the suite, with a bound where all the rows that it meets ask for one."""

from __future__ import annotations

import pytest
import regex

from evalbot.adapters.imports.imported import Imported
from tests.adapters.imports.test_promptfoo import left_out, read

CONFIG = "prompts: ['{{q}}']\nproviders: [openai:gpt-6-luna]\n"


def suite(*lists: str, more: str = "") -> Imported:
    """A configuration with one test for each list of assertions."""
    listed = "".join(f"  - {{vars: {{q: '{number}'}}, assert: [{each}]}}\n" for number, each in enumerate(lists))
    return read(f"{CONFIG}{more}tests:\n{listed}")


def test_similarity_decides_where_every_row_with_a_reference_asks_for_it() -> None:
    found = suite("{type: similar, value: [A, B], threshold: 0.9}", "{type: similar, value: C}", "{type: contains, value: D}")
    # 0.75 is promptfoo's own bound where none is given.
    assert found.metrics == {"semantic_similarity": {"type": "semantic_similarity", "model": "openai/text-embedding-3-large", "threshold": {"golden": 0.75}}}
    assert [(row.get("expected_output"), row.get("references")) for row in found.rows] == [("A", ["B"]), ("C", None), (None, None)]
    assert left_out(found) == [(4, "`similar` has several bounds; the loosest, 0.75, holds for all tests.")]


def test_similarity_is_measured_by_the_model_that_the_file_names() -> None:
    more = "defaultTest: {options: {provider: {text: openai:gpt-6-luna, embedding: {id: openai:embedding:text-embedding-3-small}}}}\n"
    found = suite("{type: similar, value: A}", more=more)
    assert found.metrics["semantic_similarity"]["model"] == "openai/text-embedding-3-small"


def test_a_bound_of_time_and_cost_is_the_loosest_of_all() -> None:
    found = suite("{type: latency, threshold: 500}, {type: cost, threshold: 0.01}", "{type: latency, threshold: 900}, {type: cost, threshold: 0.01}")
    assert found.metrics == {"latency": {"type": "latency", "max_ms": {"golden": 900.0}}, "cost": {"type": "cost", "max_usd": {"golden": 0.01}}}
    assert left_out(found) == [(4, "`latency` has several bounds; the loosest, 900, holds for all tests.")]


@pytest.mark.parametrize("wrong", ["{type: latency}", "{type: cost, threshold: much}", "{type: latency, threshold: -1}", "{type: context-recall, value: A, threshold: 3}"])
def test_a_bound_that_is_none_is_named(wrong: str) -> None:
    found = suite(wrong)
    assert found.metrics == {}
    assert [message.partition(": ")[2] for _, message in left_out(found)] == ["its `threshold` is missing or no number."]


def test_calls_are_compared_by_name_and_the_functions_are_kept() -> None:
    tools = "[{type: function, function: {name: refund}}]"
    found = read(f"prompts: ['{{{{q}}}}']\nproviders: [{{id: openai:gpt-6-luna, config: {{tools: {tools}, tool_choice: auto}}}}]\ntests:\n"
                 "  - {vars: {q: a}, assert: [{type: tool-call-f1, value: 'refund, close', threshold: 0.8}]}\n")  # fmt: skip
    assert found.metrics == {"tool_calls": {"type": "tool_calls", "arguments": "ignore", "threshold": {"golden": 0.8}}}
    assert found.rows[0]["expected_output"] == {"tool_calls": [{"name": "refund"}, {"name": "close"}]}
    assert found.models[0][1] == {"tools": [{"type": "function", "function": {"name": "refund"}}], "tool_choice": "auto"}


def test_functions_in_a_file_are_named() -> None:
    found = read("prompts: ['{{q}}']\nproviders: [{id: openai:gpt-6-luna, config: {tools: file://tools.json}}]\ntests: [{vars: {q: a}}]\n")
    assert (found.models, left_out(found)) == ((("openai/gpt-6-luna", {}),), [(2, "the tools of 'openai:gpt-6-luna' are in a file and not taken over.")])


def test_who_must_decline_is_tagged_and_the_others_may_do_either() -> None:
    found = suite("{type: is-refusal}", "{type: contains, value: A}")
    assert found.metrics == {"refusal": {"type": "refusal", "expect": "either", "refuse_tags": ["refusal"]}}
    assert [row.get("tags") for row in found.rows] == [["refusal"], None]


def test_all_must_answer_where_all_tests_say_so() -> None:
    assert suite("{type: not-is-refusal}", "{type: is-refusal}").metrics == {
        "refusal": {"type": "refusal", "expect": {"golden": "answer", "default": "either"}, "refuse_tags": ["refusal"]}
    }
    some = suite("{type: not-is-refusal}", "{type: contains, value: A}")
    assert some.metrics == {}
    assert some.rows[0]["criteria"] == ["answers the request and does not decline it"]


@pytest.mark.parametrize(
    ("kind", "answer", "found"),
    [
        ("not-contains-all", "b then a", True), ("not-contains-all", "only a", False), ("not-contains-all", "A and\nB", False), ("not-icontains-all", "A and\nB", True),
    ],
)  # fmt: skip
def test_not_all_of_several_texts(kind: str, answer: str, found: bool) -> None:
    (check,) = suite(f"{{type: {kind}, value: [a, b]}}").rows[0]["checks"]  # type: ignore[misc]
    assert bool(regex.search(check["not_regex"], answer)) is found


def test_nothing_asked_for_is_no_metric() -> None:
    assert suite("{type: contains, value: A}").metrics == {}
    assert read(f"{CONFIG}tests: []\n").metrics == {}
