"""Shards in processes of their own: what they measured together is decided as if one run had measured it all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalbot.app.policies import Policies
from evalbot.app.shards import own_share
from evalbot.config import load_policy
from evalbot.domain.shards import Shard
from tests.app.checking import CONFIG, PROMPT, House, by_quality, golden, regression
from tests.loopback import LoopbackModels, later

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
HALVES, FOLDERS = ["shard-1", "shard-2"], [f"shard-{index}" for index in range(1, 5)]
MEASURED = ("verdict", "comparisons", "golden", "findings", "coverage", "flips", "flakes", "slices", "calls", "cost_usd")


class Fleet:
    """Machines that measure one change, each with a report folder of its own, and one that merges."""

    def __init__(self, house: House, models: LoopbackModels) -> None:
        self.root, self.models = house.repo.root, models
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(house.root), "PYTHONPATH": str(Path.cwd()), **models.env()}
        (self.root / ".git/info/exclude").write_text("shard-*\nreport*\n.evalbot-cache\n")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "evalbot", *words, "--base", "main", "--head", "change", "--quiet"]

    def start(self, shard: str) -> subprocess.Popen[str]:
        folder = f"shard-{shard.split('/')[0]}"
        words = self.command("check", "--shard", shard, "--report-dir", folder, "--cache-dir", f"{folder}/cache")
        return subprocess.Popen(words, cwd=self.root, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def measure(self, *shards: str) -> list[int]:
        """Run shards side by side; their exit statuses."""
        return [self._ended(child) for child in [self.start(shard) for shard in shards]]

    def merge(self, *folders: str, into: str = "report") -> tuple[int, Mapping[str, Any]]:
        keyless = {name: value for name, value in self.environment.items() if not name.endswith("_KEY")}
        words = self.command("merge", *folders, "--report-dir", into)
        done = subprocess.run(words, cwd=self.root, env=keyless, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, self.summary(into)

    def whole(self) -> tuple[int, Mapping[str, Any]]:
        """The same without shards."""
        words = self.command("check", "--report-dir", "report-whole", "--cache-dir", "report-whole/cache")
        done = subprocess.run(words, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode, self.summary("report-whole")

    def summary(self, folder: str) -> Any:
        return json.loads((self.root / folder / "summary.json").read_text())

    def lines(self, folder: str) -> list[Any]:
        return [json.loads(line) for line in (self.root / folder / "results.jsonl").read_text().splitlines() if line.endswith("}")]

    @staticmethod
    def _ended(child: subprocess.Popen[str]) -> int:
        _, said = child.communicate(timeout=60)
        assert said == ""
        return child.returncode


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    house = House(tmp_path).head(WORSE)
    quick = by_quality()
    with LoopbackModels(lambda call: later(0.02, quick(call))) as models:
        yield Fleet(house, models)


def measured(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: summary[name] for name in MEASURED}


def test_four_shards_with_one_killed_and_run_again_decide_as_one_run_does(fleet: Fleet) -> None:
    child = fleet.start("2/4")
    until = time.monotonic() + 30
    journal = fleet.root / "shard-2/results.jsonl"
    while time.monotonic() < until and not (journal.exists() and journal.read_text().count("\n") >= 5):
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stderr and child.stderr.close()
    assert fleet.measure("1/4", "3/4", "4/4") == [3, 3, 3]

    status, merged = fleet.merge(*FOLDERS)
    assert (status, merged["verdict"]) == (3, "inconclusive")
    (finding,) = [one for one in merged["findings"] if "missing" in one["message"]]
    assert finding["message"].startswith("shard 2/4 is missing or unfinished: ")

    paid = len(fleet.models.calls)
    kept = len(fleet.lines("shard-2"))
    assert fleet.measure("2/4") == [3]
    again = fleet.lines("shard-2")
    assert sum(row["cached"] for row in again) >= kept - 1  # the last line may be half a one
    assert len(fleet.models.calls) - paid < 2 * len(again)

    status, merged = fleet.merge(*FOLDERS, into="report-again")
    alone, whole = fleet.whole()
    assert (status, merged["verdict"]) == (alone, whole["verdict"]) == (1, "fail")
    assert {**measured(merged), "calls": 0, "cost_usd": 0} == {**measured(whole), "calls": 0, "cost_usd": 0}


def test_merging_is_idempotent_and_asks_nobody(fleet: Fleet) -> None:
    fleet.measure("1/2", "2/2")
    calls = len(fleet.models.calls)
    _, once = fleet.merge(*HALVES)
    _, again = fleet.merge("report", *reversed(HALVES), "shard-2", into="report")
    _, of_merged = fleet.merge("report", into="report-2")
    _, whole = fleet.whole()
    assert measured(once) == measured(again) == measured(of_merged)
    assert once["calls"] == whole["calls"]
    assert once["shard"] is None
    assert len(fleet.lines("report")) == len(fleet.lines("report-whole")) == sum(len(fleet.lines(folder)) for folder in HALVES)
    assert len(fleet.models.calls) == calls + whole["calls"]["model"] + whole["calls"]["judge"]


def test_a_shard_by_itself_decides_nothing(fleet: Fleet) -> None:
    assert fleet.measure("1/4") == [3]
    summary = fleet.summary("shard-1")
    assert (summary["verdict"], summary["shard"]) == ("inconclusive", "1/4")
    assert summary["reason"].startswith("this is shard 1/4: ")
    assert summary["comparisons"] == []


def test_a_shard_that_is_missing_is_never_a_pass_however_small(tmp_path: Path) -> None:
    house = House(tmp_path).head({"prompts/support.md": PROMPT.format(quality="same")})
    with LoopbackModels(by_quality()) as models:
        fleet = Fleet(house, models)
        assert fleet.whole()[1]["verdict"] == "pass"
        assert fleet.merge("report-whole")[1]["verdict"] == "pass"
        journal = fleet.root / "report-whole/results.jsonl"
        lines = journal.read_text().splitlines()
        gone = next(row for row in map(json.loads, lines) if row["partition"] == "regression" and row["side"] == "head")
        journal.write_text("\n".join(line for line in lines if json.loads(line) != gone) + "\n")  # 1 of 104 answers: coverage is above its gate
        status, merged = fleet.merge("report-whole", into="report-2")
    assert (status, merged["verdict"]) == (3, "inconclusive")
    assert merged["findings"][0]["examples"] == [gone["example"]]


def test_nothing_to_measure_is_no_pass_of_a_shard_either(tmp_path: Path) -> None:
    house = House(tmp_path).head({"README.md": "words\n"})
    with LoopbackModels(by_quality()) as models:
        fleet = Fleet(house, models)
        assert fleet.measure("1/2") == [3]
        assert fleet.merge("shard-1")[1]["verdict"] == "not_applicable"


def test_a_shard_that_holds_no_example_decides_nothing(fleet: Fleet) -> None:
    held = {Shard.of(row["id"], 99).index for row in (*golden(), *regression())}
    assert fleet.measure(f"{next(index for index in range(1, 100) if index not in held)}/99") == [3]
    assert fleet.models.calls == []


def test_folders_without_rows_and_folders_that_are_not_there(fleet: Fleet) -> None:
    (fleet.root / "shard-1").mkdir()
    status, merged = fleet.merge("shard-1")
    assert (status, merged["verdict"]) == (3, "inconclusive")
    assert "a shard is missing or unfinished" in merged["reason"]
    done = subprocess.run(fleet.command("merge", "shard-x"), cwd=fleet.root, env=fleet.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "shard-x: there is no such folder." in done.stderr


@pytest.mark.parametrize("shard", ["0/4", "5/4", "4", "one/two"])
def test_what_is_no_shard_is_a_configuration_error(fleet: Fleet, shard: str) -> None:
    words = fleet.command("check", "--shard", shard)
    done = subprocess.run(words, cwd=fleet.root, env=fleet.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"'{shard}' is no shard. Write i/n" in done.stderr
    assert fleet.models.calls == []


def test_shards_share_the_budget(tmp_path: Path) -> None:
    policy = load_policy((CONFIG + "run: {budget_usd: 8}\n").encode(), "evalbot.yml")
    share = own_share(Policies(policy, policy, policy), Shard(1, 4))
    assert share.policy.limits.budget_usd == 2.0


# The examples: their own lines are run


def run_lines(fleet: Fleet, script: str, **more: str) -> int:
    """A step as its runner runs it, with `evalbot` on the path."""
    environment = {**fleet.environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}
    return subprocess.run(["/bin/sh", "-ec", script], cwd=fleet.root, env=environment, check=False, stdout=subprocess.DEVNULL).returncode


def test_the_lines_of_the_example_workflow_measure_and_merge(fleet: Fleet) -> None:
    workflow = yaml.safe_load(Path("examples/workflows/evalbot-shards.yml").read_text())
    jobs = workflow["jobs"]
    assert workflow["env"]["SHARDS"] == len(jobs["measure"]["strategy"]["matrix"]["shard"])
    check, merge = (next(step["run"] for step in jobs[job]["steps"] if words in step.get("run", "")) for job, words in (("measure", "--shard"), ("decide", "merge")))
    (fleet.root / ".git/info/exclude").write_text("shards\nevalbot-report\n.evalbot-cache\n")

    assert run_lines(fleet, check, BASE="main", HEAD="change", SHARD="1", SHARDS="1") == 0
    (fleet.root / "evalbot-report").rename(fleet.root / "shard-1")
    (fleet.root / "shards").mkdir()
    (fleet.root / "shard-1").rename(fleet.root / "shards/shard-1")
    assert run_lines(fleet, merge, BASE="main", HEAD="change") == 0
    assert fleet.summary("evalbot-report")["verdict"] == "fail"


def test_the_lines_of_the_kubernetes_job_measure_for_a_merge(fleet: Fleet, tmp_path: Path) -> None:
    volume, job = yaml.safe_load_all(Path("examples/kubernetes/evalbot-shards.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    known = {entry["name"]: entry["value"] for entry in container["env"]}
    assert int(known["SHARDS"]) == job["spec"]["completions"]
    assert job["spec"]["completionMode"] == "Indexed"
    claimed = [entry["persistentVolumeClaim"]["claimName"] for entry in job["spec"]["template"]["spec"]["volumes"] if "persistentVolumeClaim" in entry]
    assert claimed == [volume["metadata"]["name"]]

    places = {"REPOSITORY": str(fleet.root), "WORK": str(tmp_path / "work"), "RESULTS": str(tmp_path / "results")}
    refs = {"BASE": "origin/main", "HEAD": "origin/change", "SHARDS": "1", "JOB_COMPLETION_INDEX": "0"}
    assert run_lines(fleet, container["args"][0], **places, **refs) == 0
    status, merged = fleet.merge(str(tmp_path / "results/shard-1"))
    assert (status, merged["verdict"]) == (1, "fail")


def test_a_step_that_could_not_measure_is_red(fleet: Fleet) -> None:
    workflow = yaml.safe_load(Path("examples/workflows/evalbot-shards.yml").read_text())
    check = next(step["run"] for step in workflow["jobs"]["measure"]["steps"] if "--shard" in step.get("run", ""))
    assert run_lines(fleet, check, BASE="nowhere", HEAD="change", SHARD="1", SHARDS="4") != 0
