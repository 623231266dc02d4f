"""checks: what each kind lets pass, and what becomes of checks that cannot be applied."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping

import pytest
from pydantic import TypeAdapter

from evalbot.domain.errors import ConfigError, ErrorClass
from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.checks import Checks
from tests.metrics.asking import EXAMPLE, answered, measured, nobody


def _passes(check: Mapping[str, object], output: str) -> bool | None:
    return measured(Checks((check,)), answered(output)).passed


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ({"words": {"min": 2}}, "two words", "one"),
        ({"words": {"max": 2}}, "two words", "now three words"),
        ({"words": {"min": 2, "max": 2}}, "  two \n words ", "one"),
        ({"characters": {"max": 3}}, " äöü ", "four"),
        ({"characters": {"min": 1}}, "x", "  "),
        ({"contains": "refund"}, "a refund", "a Refund"),
        ({"contains": "refund", "ignore_case": True}, "a REFUND", "money back"),
        ({"contains": "caf\u00e9"}, "cafe\u0301", "cafe"),
        ({"contains_all": ["a", "b"]}, "ab", "a"),
        ({"contains_any": ["a", "b"]}, "xb", "x"),
        ({"not_contains": "guarantee"}, "maybe", "we guarantee it"),
        ({"not_contains_any": ["RivalA", "RivalB"], "ignore_case": True}, "we", "ask rivalb"),
        ({"starts_with": "Dear"}, "\nDear you", "Hi, Dear"),
        ({"ends_with": "regards", "ignore_case": True}, "Best Regards \n", "regards, me"),
        ({"regex": r"\d{2}-\d{2}"}, "on 12-24", "on 1-2"),
        ({"regex": r"^(?!.*\bnever\b)"}, "always", "never"),
        ({"not_regex": r"(?i)password"}, "fine", "your PassWord"),
        ({"json": True}, ' {"a": [1, null]} ', '```json\n{"a": 1}\n```'),
        ({"json": True}, "1", '{"a": 1, "a": 2}'),
        ({"json": True}, "[]", "[NaN]"),
        ({"json": True}, "[]", "[" * 100_000),
        ({"json_schema": {"type": "object", "required": ["a"]}}, '{"a": 1}', "{}"),
        ({"json_schema": {"type": "object"}}, "{}", "no JSON"),
    ],
)
def test_each_kind_tells_good_from_bad(check: Mapping[str, object], good: str, bad: str) -> None:
    assert Checks((check,)).problems() == []
    assert _passes(check, good) is True
    assert _passes(check, bad) is False


def test_the_value_is_the_share_of_checks_passed_and_the_failed_are_named() -> None:
    metric = Checks(
        ({"name": "length", "words": {"min": 20}}, {"contains": "hello"}, {"not_contains": "bye"}, {"json": True})
    )
    score = measured(metric, answered("hello you"))
    assert (score.value, score.passed) == (0.5, False)
    failed = score.detail["failed"]
    assert isinstance(failed, list)
    assert failed[0] == {"name": "length", "reason": "2 words, at least 20 are required"}
    assert [item["name"] for item in failed] == ["length", "json"]  # type: ignore[index,call-overload]
    assert score.reason.startswith("length: 2 words, at least 20 are required; json: is not JSON")


def test_an_empty_answer_is_checked_like_any_other() -> None:
    assert _passes({"words": {"min": 1}}, "") is False
    assert _passes({"not_contains": "x"}, "") is True


def test_a_rows_own_checks_are_applied_besides() -> None:
    row = answered("hello", checks=({"contains": "bye"},))
    score = measured(Checks(({"contains": "hello"},)), row)
    assert (score.value, score.passed) == (0.5, False)
    assert Checks().applies(row.example) is True


def test_without_any_check_it_says_nothing() -> None:
    assert measured(Checks(), answered("x")).status is ScoreStatus.NOT_APPLICABLE
    assert Checks().applies(EXAMPLE) is False
    assert Checks().problems() == []
    assert Checks().decides is Decides.YES


@pytest.mark.parametrize(
    ("when", "fields", "holds"),
    [
        ("'vip' in tags", {"tags": ("vip",)}, True),
        ("'vip' in tags", {"tags": ("vips",)}, False),
        ("'vip' not in tags", {}, True),
        ("partition == 'golden'", {}, True),
        ('partition != "golden"', {}, False),
        ("metadata.kind == 'label'", {"metadata": {"kind": "label"}}, True),
        ("metadata.kind == 'label'", {}, False),
        ("metadata.a.b != 3", {"metadata": {"a": {"b": 3}}}, False),
        ("metadata.paid == true", {"metadata": {"paid": 1}}, False),
        ("'cost' in input.user_input", {}, True),
    ],
)
def test_when_limits_a_check_to_some_examples(when: str, fields: dict[str, object], holds: bool) -> None:
    metric = Checks(({"contains": "x", "when": when},))
    row = answered("x", **fields)
    assert metric.problems() == []
    assert metric.applies(row.example) is holds
    assert measured(metric, row).status is (ScoreStatus.SCORED if holds else ScoreStatus.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({}, "says nothing to check"),
        ({"name": "x"}, "says nothing to check"),
        ({"wrods": {"min": 1}}, "Did you mean 'words'?"),
        ({"contains": "x", "regex": "y"}, "contains and regex at once"),
        ({"contains": ""}, "not empty"),
        ({"contains": 42}, "put numbers in quotes"),
        ({"contains_any": []}, "at least one text"),
        ({"contains_any": "x"}, "list"),
        ({"words": {}}, "min, max or both"),
        ({"words": {"min": 3, "max": 2}}, "larger than max"),
        ({"words": {"min": True}}, "whole number"),
        ({"words": {"mni": 1}}, "Did you mean 'min'?"),
        ({"words": {"min": 1}, "ignore_case": True}, "no meaning"),
        ({"contains": "x", "ignore_case": "yes"}, "true or false"),
        ({"contains": "x", "name": ""}, "name"),
        ({"json": False}, "json: true"),
        ({"regex": "("}, "does not compile"),
        ({"regex": "x" * 6000}, "6000 characters"),
        ({"contains": "x", "when": "tags == 'a' or True"}, "when cannot be read"),
        ({"contains": "x", "when": "__class__ == 'a'"}, "an example does not have"),
        ({"python": "os:system"}, "not available in this version"),
    ],
)
def test_a_check_that_cannot_be_applied_is_a_problem_before_anything_is_asked(
    check: Mapping[str, object], said: str
) -> None:
    (problem,) = Checks((check,)).problems()
    assert said in problem
    (in_a_row,) = Checks().example_problems(answered("x", checks=(check,)).example)
    assert said in in_a_row


def test_all_problems_are_listed_at_once_and_name_their_check() -> None:
    problems = Checks(({"name": "a", "regex": "("}, {"contain": "x"}, {"name": "a", "contains": "x"})).problems()
    assert [problem.split(":")[1] for problem in problems] == [" 'a'", " number 2", " two are named 'a'."]
    assert all(problem.startswith("checks:") for problem in problems)  # the option, for the line in the configuration


def test_a_rows_unreadable_check_is_unscored_and_not_ignored() -> None:
    row = answered("x", checks=({"contian": "x"},))
    score = measured(Checks(({"contains": "x"},)), row)
    assert (score.status, score.error, score.value) == (ScoreStatus.UNSCORED, ErrorClass.METRIC, None)
    assert Checks().applies(row.example) is True


def test_a_check_that_crashes_is_unscored_and_says_which() -> None:
    endless = {"name": "shape", "json_schema": {"$ref": "#"}}  # refers to itself for ever
    score = measured(Checks((endless,)), answered("{}"))
    assert (score.status, score.error, score.passed) == (ScoreStatus.UNSCORED, ErrorClass.METRIC, None)
    assert "'shape'" in score.reason


def test_a_pattern_that_never_ends_is_stopped_while_the_loop_goes_on() -> None:
    """RX-01: a stop within the limit, other work goes on meanwhile, and the answer is neither passed nor failed."""
    metric = Checks(({"name": "slow", "regex": "(a|aa)+$"},))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async def both() -> object:
        beside = asyncio.create_task(tick())
        score = await metric.measure(answered("a" * 60 + "!"), nobody)
        beside.cancel()
        return score

    began = time.monotonic()
    score = asyncio.run(both())
    assert time.monotonic() - began < 10
    assert ticks >= 20
    assert getattr(score, "error", None) is ErrorClass.METRIC
    assert "longer than 1 s" in getattr(score, "reason", "")


def test_the_pattern_of_the_campaign_gives_an_answer_or_an_error_in_time() -> None:
    began = time.monotonic()
    score = measured(Checks(({"regex": "(a+)+$"},)), answered("a" * 40 + "!"))
    assert score.passed is not True
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("pattern", ["(?:(?:a{1000}){1000}){100}", "((a{99}){99}){99}", "[ab]{5}(x(y{999}z){999})"])
def test_a_pattern_that_would_fill_the_memory_is_refused(pattern: str) -> None:
    assert "unroll" in Checks(({"regex": pattern},)).problems()[0]


@pytest.mark.parametrize(
    "pattern",
    [r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"\{\d{1,3}\}", r"[{}]{2,}", r"a{,5}b{x}", r"([^\]]{3}\)){2}"],
)
def test_ordinary_counts_are_not_refused(pattern: str) -> None:
    assert Checks(({"regex": pattern},)).problems() == []


def test_schemas_are_read_from_their_file_and_become_part_of_the_identity() -> None:
    metric = Checks(({"json_schema": "schemas/answer.json"}, {"contains": "1"}))
    read = metric.with_files({"schemas/answer.json": b'{"type": "object"}'}.__getitem__)
    assert read.problems() == []
    assert "object" in json.dumps(read.identity())
    assert measured(read, answered('{"a": 1}')).passed is True
    assert metric.problems() == []


def test_a_schema_that_was_never_read_is_an_error_and_no_pass() -> None:
    assert measured(Checks(({"json_schema": "a.json"},)), answered("{}")).error is ErrorClass.METRIC


def test_a_schema_file_that_leads_elsewhere_is_a_config_error_at_its_path() -> None:
    with pytest.raises(ConfigError, match=r"schemas/a\.json: .*only references within"):
        Checks(({"json_schema": "schemas/a.json"},)).with_files(lambda path: b'{"$ref": "http://x/"}')


def test_a_schema_file_that_is_no_json_is_a_config_error_at_its_path() -> None:
    with pytest.raises(ConfigError, match=r"schemas/a\.json: the JSON Schema cannot be read"):
        Checks(({"json_schema": "schemas/a.json"},)).with_files(lambda path: b"{")


def test_options_are_read_from_the_configuration() -> None:
    raw = [{"name": "no_rivals", "not_contains_any": ["RivalA"], "ignore_case": True}]
    read = TypeAdapter(Checks).validate_python({"checks": raw})
    assert read.problems() == []
    assert measured(read, answered("try rivala")).passed is False
    assert read.identity() != Checks().identity()
