"""CRS-10: an error that nobody foresaw, in any function on the way of a pull request, ends red: no check stays open, none is green.

The pull request makes a prompt worse. One run of it tells which functions of evalbot take part; then each of them raises once, on a
call of its own. `make test` takes a fixed sample of them, `make campaign` every one, in parts that can run side by side.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

import pytest

import evalbot
from tests.app.checking import PROMPT, few, golden, lines, regression
from tests.app.on_github import Scene
from tests.longer import sized
from tests.pages import ROOT

HOME = str(Path(evalbot.__file__).parent)
NO_JUDGE = """\
version: 1
metrics:
  rules: {type: checks, checks: [{name: good, not_contains_any: ["quality=bad"]}]}
suites:
  support: {prompt: prompts/support.md, model: openai/gpt-5-mini, dataset: evals/*.jsonl, metrics: [rules]}
"""
WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
EVERY = 80  # one in so many functions, in `make test`
PARTS = 40  # of `make campaign`


# Where the very writing of the check breaks, it stays in progress, which is not green either; the next run concludes it.
WRITES_CHECKS = ("/adapters/github/", "/app/own_check.py", "/app/checks.py")


class UnforeseenError(Exception):
    """Nobody raises this."""


class HungError(BaseException):
    """A run took a minute."""


@contextmanager
def traced(tracer: Callable[[FrameType], None]) -> Iterator[None]:
    """Call `tracer` with the frame of every function that begins, in every thread that begins meanwhile."""

    def trace(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(HOME):
            tracer(frame)

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(None)  # type: ignore[arg-type]


def place(code: CodeType) -> str:
    return f"{code.co_filename.removeprefix(HOME)}:{code.co_firstlineno}:{code.co_qualname}"


def taking_part(run: Callable[[], object]) -> list[str]:
    found: dict[str, None] = {}

    def note(frame: FrameType) -> None:
        if not frame.f_code.co_name.startswith("<module"):
            found.setdefault(place(frame.f_code))

    with traced(note):
        run()
    return sorted(found)


def broken(where: str, run: Callable[[], int]) -> tuple[int, bool]:
    """The exit status of a run in which a function raises once, and whether it did."""
    fired = []

    def breaking(frame: FrameType) -> None:
        if not fired and place(frame.f_code) == where:
            fired.append(where)
            raise UnforeseenError(where)

    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(60)
    try:
        with traced(breaking):
            return run(), bool(fired)
    except UnforeseenError:
        return 3, bool(fired)  # as the action's entry does: see the last test
    except HungError:
        return 0, bool(fired)  # a run that waits for ever is as wrong as a green one
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _too_long(*_: object) -> None:
    raise HungError


@pytest.mark.campaign
# An error that is raised while a generator or an object is thrown away, or at the start of a thread, Python itself reports: as a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("part", range(sized(1, PARTS)))
def test_CRS_10_an_error_in_any_function_leaves_no_check_open_and_none_green(part, on_github, no_waiting, waited, capfd):
    scene: Scene = on_github(WORSE, start=few(config=NO_JUDGE, golden=lines(golden(2)), regression=lines(regression(2))))

    def run() -> int:
        return scene.opened().status

    assert run() == 1
    places = taking_part(run)
    assert len(places) > 600
    chosen = places[part :: sized(EVERY, PARTS)]
    wrong, raised = [], 0
    for where in chosen:
        status, fired = broken(where, run)
        raised += fired
        last = scene.check
        open_still = last.status != "completed" and not where.startswith(WRITES_CHECKS)
        if status == 0 or open_still or last.conclusion not in ("failure", None):
            wrong.append((where, status, last.status, last.conclusion))
    assert wrong == []
    assert raised > 0.8 * len(chosen)


@pytest.mark.parametrize("entry", ["action", "main"])
def test_CRS_10_both_entries_end_red_and_say_so_in_a_line(entry, tmp_path):
    code = f"import evalbot.app.action as a, evalbot.cli.app as c\ndef boom(*_): raise ZeroDivisionError('x')\na.act = c.app = boom\nfrom evalbot.cli import {entry}\n{entry}()\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert "internal_error: ZeroDivisionError" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("entry", ["action", "main"])
def test_CRS_10_an_error_that_cannot_even_be_said_is_no_failure_of_a_prompt(entry, tmp_path):
    code = (
        f"import sys, evalbot.app.action as a, evalbot.cli.app as c\ndef boom(*_): raise MemoryError\nclass Full:\n    write = boom\n    def flush(self): pass\n"
        f"a.act = c.app = boom\nfrom evalbot.cli import {entry}\nsys.stdout = sys.stderr = Full()\n{entry}()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, check=False)

    assert done.returncode == 3
