"""What runs have spent within a day: noted in pieces, summed, and never taken for nothing where it cannot be read."""

from __future__ import annotations

import pytest

from evalbot.adapters.spend import DAY_SECONDS, NAME, FileSpend, NoSpend
from evalbot.domain.errors import CouldNotRun

NOON = 1_800_000_000.0


def spend(folder, now=NOON):
    return FileSpend(folder, now=lambda: now)


def test_where_nothing_was_spent_nothing_is_there(tmp_path):
    assert spend(tmp_path / "cache").last_day() == 0.0
    assert not (tmp_path / "cache").exists()
    assert NoSpend().last_day() == 0.0


def test_amounts_of_runs_in_a_row_and_at_once_add_up(tmp_path):
    one, other = spend(tmp_path / "cache"), spend(tmp_path / "cache")
    for _ in range(30):
        one.add(0.004)
        other.add(0.011)
    one.close()
    other.close()
    assert spend(tmp_path / "cache").last_day() == pytest.approx(30 * 0.015)


def test_a_killed_run_forgets_no_more_than_a_cent(tmp_path):
    killed = spend(tmp_path)
    for _ in range(1000):
        killed.add(0.0013)  # and never closed
    assert 1.3 - 0.011 < spend(tmp_path).last_day() <= 1.3


def test_what_is_older_than_a_day_or_of_tomorrow_counts_no_more(tmp_path):
    for at in (NOON - DAY_SECONDS - 1, NOON - DAY_SECONDS + 1, NOON, NOON + 3600):
        old = spend(tmp_path, at)
        old.add(1.0)
    assert spend(tmp_path).last_day() == 2.0


@pytest.mark.parametrize("line", ["{", "[]", '{"at": 1}', '{"at": "x", "usd": 1}', '{"at": 1800000000, "usd": -5}', '{"at": 1800000000, "usd": NaN}', "\x00\xff"])
def test_a_torn_or_foreign_line_is_passed_over(tmp_path, line):
    spend(tmp_path).add(1.0)
    with (tmp_path / NAME).open("a") as file:
        file.write(line + "\n")
    spend(tmp_path).add(2.0)
    assert spend(tmp_path).last_day() == 3.0


def test_a_file_that_cannot_be_read_is_not_nothing_spent(tmp_path):
    (tmp_path / NAME).symlink_to("/dev/null")
    with pytest.raises(CouldNotRun, match="cannot be read"):
        spend(tmp_path).last_day()


def test_a_large_file_loses_what_is_older_than_a_day(tmp_path):
    (tmp_path / NAME).write_text('{"at": 1.0, "usd": 1.0}\n' * 50_000)
    spend(tmp_path).add(2.0)
    assert spend(tmp_path).last_day() == 2.0
    assert (tmp_path / NAME).stat().st_size < 100
