"""Lengths, times and dollars from the configuration to the comment: scales that have no end, better when lower."""

from __future__ import annotations

import json

from tests.app.checking import House, files, golden, lines, regression
from tests.loopback import Call

CONFIG = """\
version: 1
metrics:
  rules: {type: checks, checks: [{words: {min: 1}}]}
  words: {type: length, max: 100}
  slow:  {type: latency}
  spent: {type: cost, max_usd: 0.5}
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/*.jsonl
    metrics: [rules, words, slow, spent]
    gates: {scores: {metric: words, min_effect: 5}}
"""
BASE, HEAD = "Be brief.\n", "Be long.\n"


def answer(call: Call) -> str:
    number = int(call.user.split("-")[1][:2])
    return "word " * (20 + number % 5 + (30 if "long" in call.system else 0))


def test_a_prompt_that_makes_answers_longer_gets_worse(tmp_path):
    house = House(tmp_path, files(config=CONFIG, prompt=BASE, golden=lines(golden(12)), regression=lines(regression(20))))
    result = house.head({"prompts/support.md": HEAD}).check(answer)

    assert result.verdict == "fail", result.record.decision.reason
    row = result.comparison()
    assert (row["metric"], row["conclusion"], row["effect"]) == ("words", "regression", 30.0)
    text = (result.folder / "summary.json").read_text()
    json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))  # no NaN, no infinity
    scores = result.rows[0]["scores"]
    assert scores["slow"]["value"] == result.rows[0]["latency_ms"]
    assert scores["spent"]["value"] == result.rows[0]["cost_usd"]
    assert "words" in result.comment


def test_a_limit_fails_the_example_and_says_why(tmp_path):
    house = House(tmp_path, files(config=CONFIG.replace("max: 100", "max: 40"), prompt=BASE, golden=lines(golden(12)), regression=None))
    result = house.head({"prompts/support.md": HEAD}).check(answer)
    assert result.verdict == "fail"
    failed = next(row for row in result.rows if row["side"] == "head")
    assert failed["scores"]["words"]["reason"].endswith("words, at most 40 are allowed")
    assert "at most 40 are allowed" in result.comment
