"""The RES cases of the campaign: full disks, many calls at once, little time, and readers that go away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalbot.domain.scores import Score
from tests.app.checking import CONFIG, PROMPT, House, by_quality, files, golden, lines, regression
from tests.engine.test_run import Lab, questions, suite, words
from tests.fakes import FakeClock, FakeMetric, FakeProvider, in_virtual_time
from tests.loopback import LoopbackModels, later

SAME = {"prompts/support.md": PROMPT.format(quality="same")}


def run(house: House, server: LoopbackModels, before: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, after `before` has been executed in it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(house.root), "PYTHONPATH": str(Path.cwd()), **server.env()}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # or a limit on files would cut compiled modules off
    code = f"import sys; sys.argv = ['evalbot', 'check', '--base', 'main', '--head', 'change', '--quiet']\n{before}\nfrom evalbot.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=house.repo.root, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_RES_01_a_disk_that_is_full_is_noticed_and_a_torn_line_is_never_read_as_data(tmp_path):
    house = House(tmp_path, files(golden=lines(golden(4)), regression=lines(regression(60)))).head(SAME)
    # No file may grow beyond 90 KiB: the write that crosses the line is a short one, as on a full disk.
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (90 * 1024, 90 * 1024))"
    with LoopbackModels(by_quality()) as server:
        broken = run(house, server, full)
        journal = house.repo.root / "evalbot-report/results.jsonl"
        torn = journal.read_bytes()
        whole = [line for line in torn.split(b"\n") if line.endswith(b"}")]
        before = len(server.calls)
        mended = run(house, server)

    assert (broken.returncode, "Traceback" in broken.stderr) == (3, False), broken.stderr
    assert "Is the disk full?" in broken.stderr
    assert not torn.endswith(b"\n"), "the last line was cut off"
    assert mended.returncode == 0, mended.stderr
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    assert len(rows) == 128
    assert len({(row["example"], row["side"]) for row in rows}) == 128
    assert sum(row["cached"] for row in rows) >= len(whole)
    assert len(server.calls) - before < 2 * 128


@pytest.mark.parametrize("files_open", [160, 256])
def test_RES_04_a_thousand_calls_at_once_are_as_many_as_the_system_allows(tmp_path, files_open):
    config = CONFIG + "run: {concurrency: 1000}\n"
    house = House(tmp_path, files(config=config, golden=lines(golden(4)), regression=lines(regression(150)))).head(SAME)
    few = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files_open}, {files_open}))"
    quick = by_quality({"good": lambda n: 5, "same": lambda n: 5})
    with LoopbackModels(lambda call: later(0.02, quick(call))) as server:
        done = run(house, server, few)

    assert done.returncode == 0, done.stderr
    assert 16 <= server.max_in_flight <= files_open - 128


def test_RES_05_judges_are_asked_less_before_examples_go_missing():
    async def measured(samples: int) -> tuple[list[int], list[str | None], int]:
        judge = FakeMetric(models=("grader",), asks=samples, measured=lambda answered: Score.scored(1.0, True))
        # 80 answers and their grades at ten in flight and one second a call: 16 seconds with one grade each, 48 with five.
        lab = Lab(FakeProvider(lambda request, nth: words(request), seconds=1), suite(judge=judge), golden=30, total=30, concurrency=10, budget_usd=1000)
        rows = await lab.run(questions(40))
        return [row.judge_calls for row in rows], [row.error for row in rows], lab.runner.haste.spared

    grades, errors, spared = in_virtual_time(measured(5))
    assert set(errors) == {None}, "every example was measured"
    assert set(grades) == {1, 5}
    assert spared == 4 * grades.count(1) > 0
    assert in_virtual_time(measured(1))[2] == 0


def test_RES_05_what_was_left_out_is_said(tmp_path):
    judged = CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [q]\n") + (
        "metrics:\n  q: {type: judge, model: anthropic/claude-sonnet-5, samples: 3}\nrun: {concurrency: 2, golden_seconds: 590, total_seconds: 600}\n"
    )
    house = House(tmp_path, files(config=judged, golden=lines(golden(4)), regression=lines(regression(12)))).head(SAME)
    clock = FakeClock()

    def slowly(call):
        clock.forward(6)  # 32 answers and 96 grades take longer than the ten minutes that there are
        return by_quality({"good": lambda n: 5, "same": lambda n: 5})(call)

    result = house.check(slowly, clock=clock)

    assert "further samples of judges were left out, so that no example had to be" in result.comment
    assert {len(row["scores"]["q"]["samples"]) for row in result.rows if row["passed"]} == {1, 3}
