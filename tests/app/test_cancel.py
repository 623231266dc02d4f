"""The runner's ladder: interrupt, then terminate; what was measured is kept, and nothing says pass."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.checking import PROMPT, House, by_quality
from tests.loopback import LoopbackModels, later

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_CRS_02_a_cancelled_run_says_so_keeps_its_rows_and_exits_130(tmp_path, number):
    house = House(tmp_path).head(WORSE)

    def slow(call):
        return by_quality()(call) if "g-0" in call.text else later(60)

    with LoopbackModels(slow) as server:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd()), **server.env()}
        child = subprocess.Popen(
            [sys.executable, "-m", "evalbot", "check", "--base", "main", "--head", "change"],
            cwd=house.repo.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        rows = house.repo.root / "evalbot-report/results.jsonl"
        until = time.monotonic() + 30
        while time.monotonic() < until and not (rows.exists() and rows.read_text().count("\n") >= 10):
            time.sleep(0.05)
        asked = time.monotonic()
        child.send_signal(number)
        out, err = child.communicate(timeout=20)

    assert child.returncode == 130, err
    assert time.monotonic() - asked < 5
    summary = json.loads((house.repo.root / "evalbot-report/summary.json").read_text())
    assert summary["verdict"] == "cancelled"
    assert rows.read_text().count("\n") >= 10
    assert "Traceback" not in err
    assert "cancelled" in out


def test_RES_07_a_closed_pipe_is_no_crash(tmp_path):
    house = House(tmp_path).head(WORSE)
    with LoopbackModels(by_quality()) as server:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd()), **server.env()}
        done = subprocess.run(
            f"{sys.executable} -m evalbot check --base main --head change | true; exit ${{PIPESTATUS[0]}}",
            shell=True, executable="/bin/bash", cwd=house.repo.root, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
