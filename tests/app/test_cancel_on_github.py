"""A cancelled job on GitHub: the runner's ladder of signals, the action as process 1, a GitHub that hangs, and a killed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.checking import PROMPT, by_quality
from tests.app.on_github import Ran
from tests.loopback import LoopbackModels, later

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
ROOT = Path(__file__).parents[2]
ENTRYPOINT = [sys.executable, str(ROOT / "entrypoint")]
AS_PROCESS_1 = ["unshare", "--fork", "--pid", "--kill-child", *ENTRYPOINT]


def _can(command):
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


WAYS = {"a process": ENTRYPOINT} | ({"process 1": AS_PROCESS_1} if _can(["unshare", "--fork", "--pid", "true"]) else {})


class Job:
    """The action as the runner starts it, in the middle of measuring."""

    def __init__(self, scene, command):
        def slow(call):
            return by_quality()(call) if "g-0" in call.text else later(60)

        self.folder, environment = scene.job("pull_request", action="synchronize", sender={"login": "ada"})
        self.models = LoopbackModels(slow).__enter__()
        environment |= {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.folder), **self.models.env()}
        self.process = subprocess.Popen(command, cwd=scene.workspace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        rows = scene.workspace / "evalbot-report/results.jsonl"
        until = time.monotonic() + 60
        while not (rows.exists() and rows.read_text().count("\n") >= 10):
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[0])
            time.sleep(0.05)
        self.pid = self.process.pid
        if command is AS_PROCESS_1:
            self.pid = int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, seconds=30):
        """Its exit status, what it left, and how long that took."""
        began = time.monotonic()
        self.log, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, Ran(self.process.returncode, self.folder, self.models), time.monotonic() - began

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.models.__exit__(None, None, None)


@contextmanager
def measuring(scene, command=ENTRYPOINT):
    job = Job(scene, command)
    try:
        yield job
    finally:
        job.close()


@pytest.mark.parametrize(("way", "number"), [(way, number) for way in WAYS for number in (signal.SIGINT, signal.SIGTERM)][:3])
def test_CRS_02_a_cancelled_job_concludes_cancelled_within_five_seconds(on_github, way, number):
    scene = on_github(WORSE)

    with measuring(scene, WAYS[way]) as job:
        job.signal(number)
        status, ran, seconds = job.end()

    assert (status, ran.outputs["verdict"]) == (130, "cancelled"), job.log
    assert seconds < 5
    assert (scene.check.status, scene.check.conclusion) == ("completed", "cancelled")
    assert "evalbot: cancelled" in scene.comment.splitlines()[1]
    assert "Traceback" not in job.log
    assert "pass" not in {check.conclusion for check in scene.server.checks(scene.pull.head_sha)}


@pytest.mark.parametrize("way", WAYS)
def test_CRS_04_a_second_signal_ends_it_at_once_and_leaves_no_half_comment(on_github, way):
    scene = on_github(WORSE)
    hanging, enough = threading.Event(), threading.Event()
    with measuring(scene, WAYS[way]) as job:
        before = scene.comment
        scene.server.on("PATCH", "/check-runs/", lambda: (hanging.set(), enough.wait(20)))
        job.signal(signal.SIGINT)
        assert hanging.wait(10)
        job.signal(signal.SIGTERM)
        status, _, seconds = job.end()
        enough.set()

    assert status == 130
    assert seconds < 2
    assert scene.comment == before
    assert "Traceback" not in job.log


def test_CRS_02_a_github_that_hangs_does_not_hold_up_the_end(on_github):
    scene = on_github(WORSE)
    enough = threading.Event()
    with measuring(scene) as job:

        def hang():
            scene.server.on("*", "", hang)
            enough.wait(30)

        scene.server.on("*", "", hang)
        job.signal(signal.SIGINT)
        status, ran, seconds = job.end()
        scene.server.silence()
        enough.set()

    assert (status, ran.outputs["verdict"]) == (130, "cancelled")
    assert seconds < 7.5  # then the next signal comes
    assert "cancelled" in ran.summary


def test_CRS_05_a_killed_job_leaves_a_check_in_progress_that_the_next_run_concludes(on_github):
    scene = on_github(WORSE)
    with measuring(scene) as job:
        job.signal(signal.SIGKILL)
        job.end()
    left = scene.check
    assert (left.status, left.conclusion) == ("in_progress", None)

    scene.opened()

    assert (left.status, left.conclusion) == ("completed", "cancelled")
    assert scene.check.conclusion == "failure"
