"""The monitor on GitHub, hour by hour: the steps of the example workflow themselves, with real gpg and a `gh` that has artifacts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.domain.monitoring import Seen
from tests.needs import need
from tests.pages import ROOT

STEPS = yaml.safe_load((ROOT / "examples/workflows/evalbot-monitor.yml").read_text())["jobs"]["watch"]["steps"]
SCRIPTS = {step["name"]: step["run"] for step in STEPS if "name" in step}
GH = """\
#!/bin/sh
# gh api PATH [--jq FILTER], as far as the workflow uses it
case "$2" in
    */zip) id=${2%/zip}; cat "$ARTIFACTS/${id##*/}.zip" ;;
    *) jq -r "$4" "$ARTIFACTS/list.json" ;;
esac
"""


class Hours:
    """A repository's artifacts, and a fresh runner for each hour."""

    def __init__(self, root: Path, agent: Path) -> None:
        self.agent = agent
        self.root, self.artifacts, self.listed = root, root / "artifacts", list[dict[str, Any]]()
        (root / "bin").mkdir()
        (root / "bin/gh").write_text(GH)
        (root / "bin/gh").chmod(0o755)
        self.artifacts.mkdir()
        self.uploaded()

    def uploaded(self, file: Path | None = None, *, branch: str = "main", fork: bool = False, expired: bool = False) -> None:
        """One more artifact, the newest first as GitHub lists them."""
        if file is not None:
            number = len(self.listed) + 1
            with zipfile.ZipFile(self.artifacts / f"{number}.zip", "w") as packed:
                packed.write(file, file.name)
            run = {"head_branch": branch, "repository_id": 1, "head_repository_id": 2 if fork else 1}
            self.listed.insert(0, {"id": number, "name": "evalbot-monitor-store", "expired": expired, "workflow_run": run})
        (self.artifacts / "list.json").write_text(json.dumps({"artifacts": self.listed}))

    def step(self, name: str, runner: Path, key: str = "a long secret") -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "HOME": str(runner), "GNUPGHOME": str(self.agent), "ARTIFACTS": str(self.artifacts), "BRANCH": "main",
            "GITHUB_REPOSITORY": "acme/shop", "EVALBOT_STORE_KEY": key,
        }  # fmt: skip
        return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", SCRIPTS[name]], cwd=runner, env=env, capture_output=True, text=True, check=False)

    def hour(self, name: str, *samples: str) -> tuple[Path, int]:
        """Bring, keep these, lock, upload; returns the locked file and how many samples the store holds."""
        runner = self.root / name
        runner.mkdir()
        brought = self.step("Bring the store", runner)
        assert brought.returncode == 0, brought.stderr
        store = MonitorStore(runner / ".evalbot-monitor/results.sqlite")
        store.add(Seen(one, 1e9, {}, output="a question that nobody may read") for one in samples)
        kept = store.count()
        store.close()
        locked = self.step("Lock the store", runner)
        assert locked.returncode == 0, locked.stderr
        self.uploaded(runner / "results.sqlite.gpg")
        return runner / "results.sqlite.gpg", kept


@pytest.fixture(scope="module")
def agent() -> Iterator[Path]:
    """gpg starts a server of its own, and takes its time: one for all hours."""
    for tool in ("gpg", "jq", "unzip"):
        need(tool, shutil.which(tool), "apt-get install gnupg jq unzip")
    with tempfile.TemporaryDirectory() as home:  # short, as its socket's name must be
        yield Path(home)
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True)


@pytest.fixture
def hours(tmp_path: Path, agent: Path) -> Hours:
    return Hours(tmp_path, agent)


def test_each_hour_goes_on_with_the_store_of_the_one_before_and_nobody_can_read_it(hours: Hours) -> None:
    assert hours.hour("first", "a", "b")[1] == 2
    locked, kept = hours.hour("second", "b", "c")
    assert kept == 3
    data = locked.read_bytes()
    assert b"SQLite" not in data
    assert b"nobody may read" not in data


def test_only_this_repository_s_own_default_branch_is_believed(hours: Hours) -> None:
    hours.hour("first", "a")
    foreign, _ = hours.hour("second", "b", "c", "d")
    hours.listed.pop(0)
    for more in ({"fork": True}, {"branch": "feature"}, {"expired": True}):
        hours.uploaded(foreign, **more)  # type: ignore[arg-type]
    assert hours.hour("third")[1] == 1


@pytest.mark.parametrize("how", ["another key", "tampered", "no key"])
def test_a_store_that_cannot_be_opened_ends_the_run_and_is_not_begun_anew(hours: Hours, how: str) -> None:
    locked, _ = hours.hour("first", "a")
    if how == "tampered":
        data = bytearray(locked.read_bytes())
        data[len(data) // 2] ^= 1
        locked.write_bytes(data)
        hours.uploaded(locked)
    runner = hours.root / "next"
    runner.mkdir()
    brought = hours.step("Bring the store", runner, {"another key": "other", "no key": ""}.get(how, "a long secret"))
    assert brought.returncode != 0
    assert "EVALBOT_STORE_KEY" in brought.stdout or how != "no key"
    # Later steps run only where this one was passed, but for those that ask whether the worker ran at all.
    assert all("steps.watch.outcome != 'skipped'" in step["if"] for step in STEPS if "if" in step)
