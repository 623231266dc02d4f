"""The CRS cases of the campaign that lose power: kills at random moments, results of other versions, half-published runs."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.app.checking import CONFIG, PROMPT, House, by_quality, files, golden, lines, regression
from tests.longer import sized
from tests.loopback import LoopbackModels, later

IN_FLIGHT = 6
SAME = {"prompts/support.md": PROMPT.format(quality="same")}
SMALL = {"golden": lines(golden(4)), "regression": lines(regression(20)), "config": CONFIG + f"run: {{concurrency: {IN_FLIGHT}}}\n"}
CALLS = 2 * 24 * 2
COMMAND = [sys.executable, "-m", "evalbot", "check", "--base", "main", "--head", "change", "--quiet"]


def quick(call: Any) -> Any:
    return later(0.01, by_quality({"good": lambda n: 5 if n % 3 else 4, "same": lambda n: 5 if n % 3 else 4})(call))


def started(house: House, server: LoopbackModels) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(house.root), "PYTHONPATH": str(Path.cwd()), **server.env()}
    return subprocess.Popen(COMMAND, cwd=house.repo.root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def killed(house: House, server: LoopbackModels, after_calls: int) -> bool:
    """Run until so many more calls have come in, then kill; False where the run ended before that."""
    child, goal, until = started(house, server), len(server.calls) + after_calls, time.monotonic() + 60
    while child.poll() is None and len(server.calls) < goal and time.monotonic() < until:
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    return child.wait() == -signal.SIGKILL


def report(house: House, name: str) -> Any:
    return (house.repo.root / "evalbot-report" / name).read_text()


@pytest.mark.campaign
@pytest.mark.parametrize("round_", range(sized(1, 25)))
def test_CRS_01_after_kills_at_random_moments_only_calls_in_flight_are_repeated_and_the_verdict_is_the_same(tmp_path, round_):
    dice = random.Random(round_)
    whole = House(tmp_path / "whole", files(**SMALL)).head(SAME)
    broken = House(tmp_path / "broken", files(**SMALL)).head(SAME)
    with LoopbackModels(quick) as server:
        assert started(whole, server).wait() == 0
        assert len(server.calls) == CALLS
    with LoopbackModels(quick) as server:
        kills = sum(killed(broken, server, dice.randrange(1, CALLS // 2)) for _ in range(sized(2, 3)))
        assert started(broken, server).wait() == 0
        asked = Counter(call.raw for call in server.calls)

    assert kills >= 1
    assert len(asked) == CALLS, "nothing is missing"
    assert sum(asked.values()) - CALLS <= kills * IN_FLIGHT, "of what was paid for, only calls in flight are asked for again"
    said = [json.loads(report(house, "summary.json")) for house in (whole, broken)]
    for key in ("verdict", "comparisons", "golden", "findings", "coverage"):
        assert said[0][key] == said[1][key]
    rows = [json.loads(line) for line in report(broken, "results.jsonl").splitlines()]
    assert len(rows) == said[1]["coverage"]["planned"] == said[1]["coverage"]["scored"] == CALLS // 2
    assert Counter((row["example"], row["side"]) for row in rows).most_common(1)[0][1] == 1
    assert said[1]["calls"]["model"] + said[1]["calls"]["judge"] + said[1]["calls"]["cached"] == CALLS


@pytest.mark.parametrize("lost", [".evalbot-cache", "evalbot-report"])
def test_CRS_01_either_the_cache_or_the_results_are_enough(tmp_path, lost):
    house = House(tmp_path, files(**SMALL)).head(SAME)
    with LoopbackModels(quick) as server:
        assert killed(house, server, CALLS - 10)
        shutil.rmtree(house.repo.root / lost)
        assert started(house, server).wait() == 0
        again = len(server.calls) - CALLS
    # A row that was killed half-way is in the cache only: its answer is then paid for again as well.
    assert again <= (2 * IN_FLIGHT if lost == "evalbot-report" else 4 * IN_FLIGHT)


def test_CRS_08_results_of_another_version_or_configuration_are_counted_and_never_mixed_in(tmp_path):
    house = House(tmp_path, files(**SMALL)).head(SAME)
    first = house.check(quick)
    journal = first.folder / "results.jsonl"
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    foreign = [row | {"graded_by": "of another version", "output": "not of this run"} for row in rows[:30]]
    journal.write_text("".join(json.dumps(row) + "\n" for row in foreign + rows[30:40]) + '{"torn": ')

    again = house.check(quick)

    assert again.summary["recalled"]["rows"] == 10
    assert again.summary["recalled"]["ignored"] == 31
    assert "31 rows of earlier results that do not fit this run" in again.comment
    assert "not of this run" not in journal.read_text()
    assert len(again.server.calls) == CALLS - 20


def test_CRS_08_rows_of_another_version_of_evalbot_are_another_versions(tmp_path, monkeypatch):
    house = House(tmp_path, files(**SMALL)).head(SAME)
    house.check(quick)
    monkeypatch.setattr("evalbot.app.case.__version__", "0.0.0-other")

    again = house.check(quick)

    assert len(again.server.calls) == CALLS
    assert again.summary["recalled"]["ignored"] == CALLS // 2


def test_CRS_07_a_run_that_died_between_comment_and_check_ends_with_one_of_each(on_github, monkeypatch):
    scene = on_github(SAME)

    class DiedError(BaseException):
        """The machine went away."""

    def dies(*_: object) -> None:
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr("evalbot.adapters.github.GitHubClient.conclude_check", dies)
        with pytest.raises(DiedError):
            scene.opened()
    assert scene.check.status == "in_progress", "never green by absence"
    said = scene.comment

    ran = scene.opened()

    assert (ran.status, ran.models.calls) == (0, [])
    assert scene.check.conclusion == "success"
    assert len([check for check in scene.server.checks(scene.pull.head_sha) if check.conclusion == "success"]) == 1
    assert scene.comment.splitlines()[0] == said.splitlines()[0], "one comment, written anew"
