from __future__ import annotations

import io
import subprocess
import sys

import pytest

from evalbot.adapters.progress import BarProgress, LineProgress, SilentProgress, progress
from tests.fakes import FakeClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_at_the_start_one_in_ten_seconds_and_one_at_the_end() -> None:
    stream, clock = io.StringIO(), FakeClock()
    lines = LineProgress(stream, clock)
    lines.start(1200, "answers")
    for _ in range(1200):
        clock.forward(0.025)
        lines.advance(0.001)
    lines.finish()
    said = stream.getvalue().splitlines()
    assert said[0] == "evalbot: 1,200 answers to go"
    assert said[-1] == "evalbot: 1,200 of 1,200 answers, $1.20, 30 s"
    assert 4 <= len(said) <= 5


def test_money_is_not_mentioned_where_none_was_spent() -> None:
    stream = io.StringIO()
    lines = LineProgress(stream, FakeClock())
    lines.start(1, "answers")
    lines.advance(None)
    lines.finish()
    assert "$" not in stream.getvalue()


def test_no_work_is_not_worth_a_line() -> None:
    for stream in (io.StringIO(), Terminal()):
        shown = progress(stream=stream)
        shown.start(0, "answers")
        shown.finish()
        assert stream.getvalue() == ""


def test_res_07_a_closed_stream_ends_the_lines_and_not_the_run() -> None:
    stream, clock = io.StringIO(), FakeClock()
    lines = LineProgress(stream, clock)
    stream.close()
    lines.start(2, "answers")
    clock.forward(60)
    lines.advance()
    lines.finish()


def test_a_terminal_gets_a_bar_with_count_and_money(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")  # a dumb one gets no bar
    stream = Terminal()
    bar = progress(stream=stream)
    assert isinstance(bar, BarProgress)
    bar.start(2, "answers")
    bar.advance(0.25)
    bar.advance(None)
    bar.finish()
    bar.finish()
    assert "2/2" in stream.getvalue()
    assert "$0.25" in stream.getvalue()


def test_quiet_is_quiet_everywhere() -> None:
    assert isinstance(progress(quiet=True, stream=Terminal()), SilentProgress)
    assert isinstance(progress(stream=io.StringIO()), LineProgress)


def test_rich_is_not_imported_before_a_bar_is_drawn() -> None:
    code = "import sys, evalbot.adapters.progress as p; p.progress(); sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["log", "terminal"])
def test_a_note_stays_as_a_line_of_its_own(stream: io.StringIO) -> None:
    progress(stream=stream).note("about 64 calls, about $0.12 of a budget of $5.00")
    assert stream.getvalue() == "evalbot: about 64 calls, about $0.12 of a budget of $5.00\n"


def test_a_note_is_not_said_where_nothing_is() -> None:
    stream = io.StringIO()
    progress(quiet=True, stream=stream).note("about 64 calls")
    assert stream.getvalue() == ""
