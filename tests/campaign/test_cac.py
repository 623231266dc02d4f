"""CAC-08: two processes write to one cache at once. The other CAC cases stand with the cache, its keys and its front door."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalbot.adapters.cache import SqliteCache
from tests.longer import sized

WRITER = """
import sys, time
from pathlib import Path
from evalbot.adapters.cache import SqliteCache
from evalbot.domain.models import Reply
from evalbot.domain.ports import Kept
name, count = sys.argv[2], int(sys.argv[3])
cache = SqliteCache(Path(sys.argv[1]))
for n in range(count):
    cache.put(f"{name} {n}".encode(), Kept(Reply(f"{name} says {n} " + "x" * 300), time.time()))
cache.close()
sys.exit(cache.trouble or 0)
"""


@pytest.mark.campaign
@pytest.mark.parametrize("count", [sized(2_000, 10_000)])
def test_CAC_08_two_processes_write_at_once_and_every_entry_is_there_and_sound(tmp_path: Path, count: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "cache")]
    writers = [subprocess.Popen([*command, name, str(count)], env=os.environ | {"PYTHONPATH": str(Path.cwd())}) for name in ("one", "two")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]

    cache = SqliteCache(tmp_path / "cache")
    found = {(name, n): cache.get(f"{name} {n}".encode()) for name in ("one", "two") for n in range(count)}
    assert all(kept is not None and kept.reply.text.startswith(f"{name} says {n} ") for (name, n), kept in found.items())
    assert cache.corrupt == 0
    cache.close()
