from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Partition
from evalbot.domain.models import Outcome, Usage
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import Score
from evalbot.engine.rows import from_line, to_line

# Contract, section 9, "Files".
CONTRACT_NAMES = {
    "suite", "prompt", "side", "example", "example_hash", "partition", "epoch", "confirmation", "request_hash", "cached",
    "shared", "output", "outcome", "error", "usage", "cost_usd", "latency_ms", "scores", "passed",
}  # fmt: skip


def a_row(**more: Any) -> Row:
    return Row(
        "support", "prompts/support", Side.HEAD, "g-01", "e" * 64, Partition.GOLDEN, Part.EXAM, 0,
        **{"confirmation": 0, "request_hash": "f" * 64, **more},
    )  # fmt: skip


def a_full_row() -> Row:
    scores = {
        "judge": Score.scored(3.5, True, "clear", samples=(3.0, 4.0), detail={"unstable": True, "failed": ["tone"]}),
        "f1": Score.not_applicable("no expected output"),
        "duel": Score.unscored(ErrorClass.JUDGE, "no grade in the answer"),
    }
    return a_row(
        output="Naïve\u2028 \ud800 answer\n", outcome=Outcome.TRUNCATED, usage=Usage(100, 20, 3), cost_usd=0.001,
        judge_usd=None, judge_calls=3, retried=1, latency_ms=812.125, shared=True, scores=scores, passed=True,
    )  # fmt: skip


text = st.text(st.characters(exclude_categories=()))
numbers = st.floats(allow_nan=False, allow_infinity=False)
details = st.dictionaries(
    text, st.recursive(text | numbers | st.booleans() | st.none(), st.lists, max_leaves=4), max_size=2
)
scores = st.one_of(
    st.builds(
        lambda value, passed, reason, samples, detail: Score.scored(value, passed, reason, samples=samples, detail=detail),
        numbers, st.none() | st.booleans(), text, st.lists(numbers, max_size=3).map(tuple), details,
    ),
    st.builds(Score.not_applicable, text),
    st.builds(Score.unscored, st.sampled_from(ErrorClass), text),
)  # fmt: skip
counts = st.integers(0, 10**6)
rows = st.builds(
    Row, text, text, st.sampled_from(Side), text, text, st.sampled_from(Partition), st.sampled_from(Part), counts, counts, text,
    output=st.none() | text, outcome=st.none() | st.sampled_from(Outcome), error=st.none() | st.sampled_from(ErrorClass),
    reason=text, usage=st.none() | st.builds(Usage, counts, counts, counts, counts), cost_usd=st.none() | numbers,
    judge_usd=st.none() | numbers, judge_calls=counts, retried=counts, latency_ms=st.none() | numbers, cached=st.booleans(),
    shared=st.booleans(), scores=st.dictionaries(text, scores, max_size=3), passed=st.none() | st.booleans(),
    context=st.none() | st.lists(text, max_size=2).map(tuple), tool_calls=st.none() | st.lists(details, max_size=2).map(tuple),
    answered_by=st.dictionaries(text, text, max_size=2),
)  # fmt: skip


@settings(max_examples=150)
@given(rows)
def test_a_row_comes_back_as_it_went(row: Row) -> None:
    line = to_line(row)
    assert from_line(line) == row
    assert len(line.splitlines()) == 1


def test_a_line_has_the_names_of_the_contract() -> None:
    line = json.loads(to_line(a_full_row()))
    assert line.keys() >= CONTRACT_NAMES
    assert line["scores"]["judge"].keys() >= {"status", "value", "passed", "samples", "reason"}
    assert line["scores"]["judge"]["status"] == "scored"
    assert (line["side"], line["outcome"], line["partition"]) == ("head", "truncated", "golden")


@pytest.mark.parametrize(("index", "said"), [(0, False), (1, True), (4, True)])
def test_confirmation_is_true_or_false_and_its_number_stands_beside_it(index: int, said: bool) -> None:
    line = json.loads(to_line(a_row(confirmation=index)))
    assert line["confirmation"] is said
    assert line["confirmation_index"] == index


def test_what_is_unknown_is_null_and_never_zero() -> None:
    line = json.loads(to_line(a_row(judge_usd=None)))
    assert [line[name] for name in ("output", "usage", "cost_usd", "judge_usd", "latency_ms", "passed")] == [None] * 6


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_never_reaches_a_line(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_line(a_row(cost_usd=value))


@settings(max_examples=40)
@given(st.integers(0, len(to_line(a_full_row())) - 1))
def test_a_torn_line_is_no_row(length: int) -> None:
    with pytest.raises(ValueError):
        from_line(to_line(a_full_row())[:length])


SPOILT: list[tuple[tuple[str, ...], Any]] = [
    (("side",), "left"), (("epoch",), -1), (("epoch",), True), (("epoch",), 1.0), (("confirmation",), True), (("confirmation",), 1),
    (("output",), 7), (("cost_usd",), "0"), (("cost_usd",), 10**400), (("cached",), 0), (("usage",), []), (("usage", "output"), None),
    (("scores",), []), (("scores", "judge"), None), (("scores", "judge", "value"), None), (("scores", "judge", "samples"), [True]),
    (("scores", "judge", "samples"), None), (("scores", "judge", "error"), "judge_error"), (("scores", "judge", "detail"), []),
    (("scores", "f1", "value"), 1.0), (("scores", "duel", "error"), "bad_luck"), (("passed",), "true"), (("more",), 1),
    (("context",), "a passage"), (("context",), [1]), (("tool_calls",), {}), (("tool_calls",), ["search"]), (("scores", "judge", "more"), 1), (("usage", "more"), 1), (("error",), ""), (("reason",), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"), SPOILT, ids=[f"{'.'.join(path)}={str(value)[:12]}" for path, value in SPOILT]
)
def test_a_line_that_says_anything_else_is_refused(path: tuple[str, ...], value: Any) -> None:
    line = json.loads(to_line(a_full_row()))
    place = line
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(ValueError):
        from_line(json.dumps(line))


@pytest.mark.parametrize("name", sorted(CONTRACT_NAMES))
def test_a_line_that_lacks_a_name_is_refused(name: str) -> None:
    line = json.loads(to_line(a_full_row()))
    del line[name]
    with pytest.raises(ValueError, match=name):
        from_line(json.dumps(line))


@pytest.mark.parametrize("line", ["", "null", "[]", "{}", "[" * 100_000, '{"suite": 1, "suite": 2}', "\x00"])
def test_what_is_no_object_of_ours_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        from_line(line)
