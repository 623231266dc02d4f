"""The cache's file: what comes back is what was put in, and whatever is wrong with it is a miss and no error."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evalbot.adapters.cache import NAME, NoCache, SqliteCache, open_cache
from evalbot.domain.models import Reply, Usage
from evalbot.domain.ports import Kept
from tests.fakes import FakeClock

KEY, OTHER = b"k" * 32, b"o" * 32
KEPT = Kept(Reply("Naïve\u2028 \ud800 answer\n", usage=Usage(7, 3, 1, 2), model="m-1", latency_ms=12.5, cost_usd=0.25, dropped=("seed",)), 1_000.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_000.0)


@pytest.fixture
def cache(tmp_path: Path, clock: FakeClock):
    cache = SqliteCache(tmp_path / "cache", now=clock)
    yield cache
    cache.close()


def again(cache: SqliteCache, clock: FakeClock) -> SqliteCache:
    cache.close()
    return SqliteCache(cache.path.parent, now=clock)


@pytest.mark.parametrize("kept", [KEPT, Kept(Reply("x"), 5.5, trusted=False), Kept(Reply("x", tool_calls=({"name": "f", "arguments": {}},)), 5.5)], ids=["everything", "hardly anything", "calls"])
def test_what_was_kept_comes_back_also_from_another_process(cache, clock, kept):
    cache.put(KEY, kept)
    assert cache.get(KEY) == kept
    reopened = again(cache, clock)
    assert reopened.get(KEY) == kept
    assert reopened.get(OTHER) is None
    assert (reopened.corrupt, reopened.trouble) == (0, "")
    reopened.close()


def test_it_is_one_file_once_it_is_closed(cache):
    cache.put(KEY, KEPT)
    cache.close()
    cache.close()
    assert sorted(path.name for path in cache.path.parent.iterdir()) == [".gitignore", NAME]
    assert cache.get(KEY) is None  # closed is empty, and no error
    cache.put(KEY, KEPT)


def test_the_newer_reply_stands_and_a_forgotten_one_is_gone(cache):
    cache.put(KEY, KEPT)
    newer = replace(KEPT, reply=Reply("newer"))
    cache.put(KEY, newer)
    assert cache.get(KEY) == newer
    cache.forget(KEY)
    assert cache.get(KEY) is None
    assert cache.corrupt == 0


@pytest.mark.parametrize(
    "change",
    [
        "value = replace(value, 'answer', 'poison')", "created = created + 60", "trusted = 0", "key = zeroblob(32)", "value = '{}'",
        "value = 'no json'", "value = '[' || value || ']'", "value = NULL", "created = 'today'", "digest = NULL", "used = NULL",
        "value = replace(value, '12.5', 'NaN')",
    ],
)  # fmt: skip
def test_CAC_01_an_entry_that_is_not_as_it_was_written_is_a_miss_and_counted(cache, clock, change):
    cache.put(KEY, KEPT)
    cache.close()
    with closing(sqlite3.connect(cache.path)) as database, database:
        database.execute(f"UPDATE replies SET {change}")
    database.close()
    reopened = SqliteCache(cache.path.parent, now=clock)
    assert reopened.get(bytes(32) if "zeroblob" in change else KEY) is None
    assert reopened.corrupt == 1
    reopened.put(KEY, KEPT)
    assert reopened.get(KEY) == KEPT
    reopened.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"no database" * 500, b"SQLite format 3\0" + bytes(3000), b"\x80\x04\x95pickle"],
    ids=["empty", "text", "torn", "pickle"],
)
def test_CAC_04_a_file_that_is_no_cache_is_replaced(tmp_path, clock, content):
    (tmp_path / NAME).write_bytes(content)
    cache = SqliteCache(tmp_path, now=clock)
    cache.put(KEY, KEPT)
    assert cache.get(KEY) == KEPT
    assert cache.corrupt == bool(content)
    cache.close()


def test_CAC_04_a_database_with_more_than_our_table_is_replaced(tmp_path, clock):
    cache = SqliteCache(tmp_path, now=clock)
    cache.put(KEY, KEPT)
    cache.close()
    with closing(sqlite3.connect(tmp_path / NAME)) as database, database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON replies BEGIN DELETE FROM replies; END")
    database.close()
    reopened = SqliteCache(tmp_path, now=clock)
    assert (reopened.get(KEY), reopened.corrupt) == (None, 1)
    reopened.put(KEY, KEPT)
    assert reopened.get(KEY) == KEPT
    reopened.close()


def test_CAC_04_links_and_other_files_are_never_followed_or_read(tmp_path, clock):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / NAME).symlink_to(elsewhere)
    (tmp_path / "cache" / "entry.pickle").write_bytes(b"\x80\x04\x95")
    cache = SqliteCache(tmp_path / "cache", now=clock)
    cache.put(KEY, KEPT)
    assert cache.get(KEY) is None
    assert "symbolic link" in cache.trouble
    cache.close()
    assert elsewhere.read_text() == "precious"


def test_a_folder_that_cannot_be_used_is_an_empty_cache_that_says_why(tmp_path, clock):
    (tmp_path / "file").write_text("")
    cache = SqliteCache(tmp_path / "file" / "cache", now=clock)
    cache.put(KEY, KEPT)
    assert (cache.get(KEY), cache.corrupt) == (None, 0)
    assert cache.trouble == "Not a directory"
    cache.close()


def test_above_the_cap_what_was_not_used_for_longest_goes(tmp_path, clock):
    cache = SqliteCache(tmp_path, now=clock)
    for n in range(200):
        cache.put(bytes([n]) * 32, Kept(Reply("x" * 4000), clock() + n))
    clock.forward(7200)
    assert cache.get(bytes([0]) * 32) is not None  # used again
    cache.close()
    before = cache.path.stat().st_size
    small = SqliteCache(tmp_path, now=clock, largest_bytes=400_000)
    small.close()
    assert small.path.stat().st_size < min(400_000, before)
    left = SqliteCache(tmp_path, now=clock)
    kept = [n for n in range(200) if left.get(bytes([n]) * 32)]
    assert 50 < len(kept) < 100
    assert kept[0] == 0
    assert kept[1:] == list(range(200 - len(kept) + 1, 200))
    left.close()


def test_what_nobody_believes_any_more_goes(tmp_path, clock):
    cache = SqliteCache(tmp_path, now=clock)
    cache.put(KEY, KEPT)
    clock.forward(9 * 24 * 3600)
    cache.put(OTHER, Kept(Reply("new"), clock()))
    reopened = again(cache, clock)
    assert (reopened.get(KEY), reopened.get(OTHER).reply.text) == (None, "new")
    reopened.close()


def test_without_a_folder_nothing_is_kept():
    cache = open_cache(None)
    assert isinstance(cache, NoCache)
    cache.put(KEY, KEPT)
    cache.forget(KEY)
    assert (cache.get(KEY), cache.corrupt, cache.trouble) == (None, 0, "")
    cache.close()
