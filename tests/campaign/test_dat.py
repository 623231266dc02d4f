"""DAT and STA-07: datasets whose rows cannot decide, what counts as the same text, and runs in which nothing is left to measure."""

from __future__ import annotations

import unicodedata

import pytest

from tests.app.checking import CONFIG, PROMPT, House, a_row, few, golden, lines, regression
from tests.loopback import verdict

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
EXACT = """\
version: 1
metrics:
  exact: {type: exact_match}
suites:
  support: {prompt: prompts/support.md, model: openai/gpt-5-mini, dataset: evals/*.jsonl, metrics: [exact]}
"""


def expecting(answer: object, name: str = "g-01", partition: str = "golden") -> str:
    return lines([a_row("g-00", "golden", expected_output="Yes"), a_row(name, partition, expected_output=answer)])


@pytest.mark.parametrize("metrics", ["[exact]", "[exact, words]"])
def test_DAT_04_a_golden_row_that_no_metric_can_decide_is_refused_by_name_before_any_call(tmp_path, metrics):
    config = EXACT.replace("[exact]", metrics).replace("metrics:\n", "metrics:\n  words: {type: token_f1}\n")
    result = House(tmp_path, few(config=config, golden=expecting(None), regression=lines([]))).head(WORSE).check()

    assert (result.verdict, result.exit_code) == ("config_error", 2)
    assert "g-01" in result.summary["reason"]
    assert "g-00" not in result.summary["reason"]
    assert result.server.calls == []


def test_DAT_04_an_empty_string_is_an_expectation_and_an_absent_one_is_as_null(tmp_path):
    absent = lines([a_row("g-00", "golden", expected_output=""), a_row("g-01", "golden")])
    result = House(tmp_path, few(config=EXACT, golden=absent, regression=lines([]))).head(WORSE).check()

    assert result.verdict == "config_error"
    assert "g-01" in result.summary["reason"]


def test_DAT_04_elsewhere_a_row_without_an_answer_counts_against_coverage(tmp_path):
    rows = lines([*regression(2), a_row("r-90", "regression", expected_output=None)])
    start = few(config=EXACT, golden=expecting("Yes"), regression=rows.replace('"id": "r-0', '"expected_output": "Yes", "id": "r-0'))
    result = House(tmp_path, start).head(WORSE).check(lambda _: "Yes")

    assert result.verdict == "inconclusive"
    assert result.findings["coverage"] == ["blocks", "blocks"], "one a side"


# What Unicode and line ends do to a text that a reader takes for the same; what a reader sees is not normalised away.
SAME = {"NFC and NFD": ("café", unicodedata.normalize("NFD", "café")), "CRLF": ("one\ntwo", "one\r\ntwo"), "blanks around": ("Yes", "  Yes \n"), "a tab behind": ("Yes", "Yes\t")}
OTHER = {"NBSP inside": ("a b", "a\u00a0b"), "full width": ("A1", "Ａ１"), "a ligature": ("fi", "ﬁ"), "two blanks": ("a b", "a  b"), "zero width": ("ab", "a\u200bb")}


@pytest.mark.parametrize("swap", [False, True], ids=["as expected", "as answered"])
@pytest.mark.parametrize(("pair", "equal"), [*((pair, True) for pair in SAME.values()), *((pair, False) for pair in OTHER.values())], ids=[*SAME, *OTHER])
def test_DAT_08_what_is_equal_is_declared_and_the_same_on_both_sides(tmp_path, pair, equal, swap):
    expected, said = pair[::-1] if swap else pair
    result = House(tmp_path, few(config=EXACT, golden=expecting(expected), regression=lines([]))).head(WORSE).check(lambda call: said if "g-01" in call.user else "Yes")

    passed = {(row["side"], row["passed"]) for row in result.rows if row["example"] == "g-01"}
    assert passed == {("base", equal), ("head", equal)}


def by_rule(call):
    return "fine" if call.schema is None else verdict(call, score=5)


NOTHING_LEFT = {
    "every golden row is quarantined": ({"golden": lines([row | {"status": "quarantined"} for row in golden(3)]), "regression": lines([])}, {}),
    "every golden row is only proposed": ({"golden": lines([row | {"status": "proposed"} for row in golden(3)]), "regression": lines([])}, {}),
    "no row meets the prompt": ({"golden": lines([row | {"prompts": ["prompts/other"]} for row in golden(3)]), "regression": lines([])}, {}),
    "the files are empty": ({"golden": "", "regression": ""}, {}),
    "only a partition that has no rows": ({"config": CONFIG + "run: {partitions: [adversarial]}\n"}, {}),
    "a partition on request that has no rows": ({}, {"partitions": ("adversarial",)}),
    "a suite on request that there is none of": ({}, {"suites": ("other",)}),
}


@pytest.mark.parametrize(("changed", "options"), NOTHING_LEFT.values(), ids=NOTHING_LEFT)
def test_STA_07_where_nothing_is_left_to_measure_a_changed_prompt_does_not_pass(tmp_path, changed, options):
    result = House(tmp_path, few(**changed)).head(WORSE).check(by_rule, **options)

    assert result.verdict in ("config_error", "inconclusive")
    assert result.exit_code in (2, 3)
    assert result.server.calls == []


def test_STA_07_where_no_prompt_changed_it_is_not_applicable_and_says_how_much_was_looked_at(tmp_path):
    result = House(tmp_path, few()).head({"README.md": "hello\n"}).check(by_rule)

    assert (result.verdict, result.exit_code, result.server.calls) == ("not_applicable", 0, [])
    assert "Files looked at: 5. Changed prompts to measure: none." in result.comment
