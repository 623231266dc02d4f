"""CAC-08: two processes write to one cache at once. The other CAC cases stand with the cache, its keys and its front door."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evalbot.adapters.cache import SqliteCache
from tests.app.checking import PROMPT
from tests.longer import sized

WRITER = """
import sys, time
from pathlib import Path
from evalbot.adapters.cache import SqliteCache
from tests.app.checking import PROMPT
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


def test_the_action_on_another_runner_asks_nobody_what_the_restored_cache_knows(on_github):
    scene = on_github({"prompts/support.md": PROMPT.format(quality="same")})
    cached = {"cache-dir": ".evalbot-cache"}
    first = scene.opened(inputs=cached)
    shutil.rmtree(scene.workspace / "evalbot-report")  # another runner: only the cache is restored there

    again = scene.opened(inputs=cached)

    assert (first.outputs["verdict"], again.outputs["verdict"]) == ("pass", "pass")
    assert again.models.calls == []
    assert int(again.outputs["cached-calls"]) == int(first.outputs["model-calls"]) + int(first.outputs["judge-calls"]) > 0
    assert again.outputs["model-calls"] == again.outputs["judge-calls"] == "0"
    assert float(again.outputs["cost-usd"]) == 0
    assert "Answers from an earlier run: base 52 of 52, head 52 of 52" in scene.comment


def test_a_pull_request_that_brings_a_cache_along_is_refused(on_github):
    scene = on_github({".evalbot-cache/cache.sqlite3": "poison", "prompts/support.md": PROMPT.format(quality="same")})

    ran = scene.opened(inputs={"cache-dir": ".evalbot-cache"})

    assert (ran.outputs["verdict"], ran.models.calls) == ("config_error", [])
    assert ".evalbot-cache" in ran.outputs["reason"]
