from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evalbot.adapters.journal import FileJournal
from evalbot.domain.errors import CouldNotRun


def lines(folder: Path) -> list[str]:
    return (folder / "results.jsonl").read_text().splitlines()


def test_each_line_is_in_the_file_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    with FileJournal(tmp_path / "deep" / "report") as journal:
        for count, line in enumerate(['{"a":1}', '{"a":2}'], 1):
            journal.append(line)
            assert len(lines(tmp_path / "deep" / "report")) == count
    assert lines(tmp_path / "deep" / "report") == ['{"a":1}', '{"a":2}']


def test_a_journal_without_lines_is_an_empty_file(tmp_path: Path) -> None:
    FileJournal(tmp_path).close()
    assert (tmp_path / "results.jsonl").read_bytes() == b""


def test_an_earlier_run_is_appended_to_or_replaced(tmp_path: Path) -> None:
    for fresh, expected in [(False, ["old"]), (False, ["old", "old"]), (True, ["old"])]:
        with FileJournal(tmp_path, fresh=fresh) as journal:
            journal.append("old")
        assert lines(tmp_path) == expected


@pytest.mark.parametrize("torn", ['{"half": ', '{"whole": 1}'])
def test_a_torn_last_line_is_ended_so_that_it_spoils_no_other(tmp_path: Path, torn: str) -> None:
    (tmp_path / "results.jsonl").write_text(f'{{"a":1}}\n{torn}')
    with FileJournal(tmp_path) as journal:
        journal.append('{"a":2}')
        journal.append('{"a":3}')
    assert lines(tmp_path) == ['{"a":1}', torn, '{"a":2}', '{"a":3}']


def test_res_01_a_short_write_is_an_error_and_the_next_line_stands_alone(tmp_path: Path) -> None:
    room = [3, 100]

    def little_room(file: int, data: bytes) -> int:
        return os.write(file, data[: room.pop(0)])

    journal = FileJournal(tmp_path, write=little_room)
    with pytest.raises(CouldNotRun, match=r"results\.jsonl: only 3 of 8 bytes were taken. Is the disk full\?"):
        journal.append('{"a":1}')
    journal.append('{"a":2}')
    journal.close()
    assert lines(tmp_path) == ['{"a', '{"a":2}']


def test_a_write_that_takes_nothing_leaves_a_torn_line_torn(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text("torn")
    room = [0, 100]
    journal = FileJournal(tmp_path, write=lambda file, data: os.write(file, data[: room.pop(0)]))
    with pytest.raises(CouldNotRun):
        journal.append("one")
    journal.append("two")
    journal.close()
    assert lines(tmp_path) == ["torn", "two"]


def test_a_failing_write_says_which_file_and_why(tmp_path: Path) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    journal = FileJournal(tmp_path, write=full)
    with pytest.raises(CouldNotRun, match=r"results\.jsonl: No space left on device. Is the disk full\?"):
        journal.append("{}")
    journal.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_is_really_full_is_an_error(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    journal = FileJournal(tmp_path, write=lambda _, data: os.write(full, data))
    with pytest.raises(CouldNotRun, match="No space left on device"):
        journal.append("{}")
    journal.close()
    os.close(full)


def test_one_line_is_one_write(tmp_path: Path) -> None:
    writes: list[bytes] = []

    def note(file: int, data: bytes) -> int:
        writes.append(data)
        return os.write(file, data)

    with FileJournal(tmp_path, write=note) as journal:
        journal.append("x" * 100_000)
    assert writes == [b"x" * 100_000 + b"\n"]


def test_a_line_break_within_a_line_is_refused(tmp_path: Path) -> None:
    with FileJournal(tmp_path) as journal, pytest.raises(ValueError, match="line break"):
        journal.append("one\ntwo")
    assert lines(tmp_path) == []


def test_a_closed_journal_takes_nothing_more_and_may_be_closed_again(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(CouldNotRun, match="closed"):
        journal.append("{}")


def test_a_folder_that_cannot_be_made_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(CouldNotRun, match="could not open"):
        FileJournal(tmp_path / "report" / "today")


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "results.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CouldNotRun):
        FileJournal(tmp_path, fresh=True)
    assert (tmp_path / "elsewhere").read_text() == "precious"


CHILD = """
import sys
from pathlib import Path
from evalbot.adapters.journal import FileJournal
journal = FileJournal(Path(sys.argv[1]))
for number in range(10**9):
    journal.append('{"number":%d}' % number)
    print(number, flush=True)
"""


def test_crs_01_kill_minus_nine_loses_no_line_that_was_acknowledged(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(200)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.stdout.close()
    child.wait()
    with FileJournal(tmp_path) as journal:
        journal.append('{"number":"after"}')
    numbers = [json.loads(line)["number"] for line in lines(tmp_path)]
    assert numbers[: len(acknowledged)] == acknowledged
    assert numbers[-1] == "after"
    assert len(numbers) - len(acknowledged) in (1, 2)
