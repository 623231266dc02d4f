"""The default branch's last runs stand beside a pull request's own numbers, and decide nothing."""

from __future__ import annotations

import json

import pytest

from evalbot.adapters.git_history import GitHistory
from evalbot.app.run_log import log_file
from tests.app.checking import PROMPT, House

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}


def line(day: int, verdict: str, mean: float) -> str:
    cell = {"prompt": "prompts/support", "partition": "regression", "answers": 40, "passed": 39, "failed": 1, "unscored": 0, "metrics": {"judge": {"n": 40, "mean": mean, "variance": 0.4}}}
    return json.dumps({"schema": "evalbot.run/1", "suite": "support", "at": f"2026-11-{day}T00:00:00+00:00", "commit": f"{day}" * 20, "verdict": verdict, "cells": [cell]}) + "\n"


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_the_last_five_runs_are_shown_newest_first(house):
    text = "".join(line(day, "pass", 4.0 + day / 100) for day in range(10, 18)) + "torn\n" + '{"schema": "other/1"}\n'
    GitHistory(house.repo.root).update({log_file("default", "support"): lambda _: text}, "runs")
    result = house.head(WORSE).check()

    assert [point["at"][:10] for point in result.summary["trend"]] == [f"2026-11-{day}" for day in (17, 16, 15, 14, 13)]
    assert "On the default branch: the last 5 runs" in result.comment
    # 1.96 × √(0.4 / 40) = 0.196
    assert "4.17 ± 0.20 (39 of 40)" in result.comment
    plain = House(house.root / "plain").head(WORSE).check()
    assert (result.verdict, result.summary["comparisons"]) == (plain.verdict, plain.summary["comparisons"])


@pytest.mark.parametrize("text", ["", "not JSON\n", '{"schema": "evalbot.run/1", "cells": [1, {"metrics": 5}]}\n'])
def test_a_log_that_says_nothing_is_no_trouble(house, text):
    GitHistory(house.repo.root).update({log_file("default", "support"): lambda _: text or " "}, "runs")
    assert house.head(WORSE).check().verdict == "fail"


def test_without_a_log_there_is_no_trend(house):
    result = house.head(WORSE).check()
    assert (result.summary["trend"], "On the default branch" in result.comment) == ([], False)
