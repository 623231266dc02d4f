"""`evalbot harvest` as a command in a job or on a machine: exit statuses, the check, the files, what --json and --report say."""

from __future__ import annotations

import json
import time

import pytest
from typer.testing import CliRunner

from evalbot.cli.app import app
from tests.app.harvest.production import CONFIG, Shop, record


@pytest.fixture
def shop(tmp_path, monkeypatch):
    shop = Shop(tmp_path)
    for name, value in {"GITHUB_TOKEN": shop.server.token, "GITHUB_REPOSITORY": shop.server.name, "GITHUB_API_URL": shop.server.url, "GITHUB_RUN_ID": "77"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shop.repo.root)
    with shop.server:
        yield shop


def run(*more: str):
    return CliRunner().invoke(app, ["harvest", *more])


def failed(name: str, asked: str = "How do returns work?") -> dict:
    return record(name, asked) | {"at": time.time() - 600}


def test_it_writes_the_check_on_the_proposal_s_head_and_a_summary(shop):
    shop.log(failed("r-1"))
    done = run("--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["verdict"], [one["id"] for one in said["proposed"]]) == ("pass", ["prod-r-1"])
    assert said["proposal"].endswith(f"/pull/{shop.pull.number}")
    (check,) = shop.server.check_runs.values()
    assert (check.name, check.head_sha, check.conclusion) == ("evalbot", shop.pull.head_sha, "success")
    summary = json.loads((shop.repo.root / "evalbot-report/summary.json").read_text())
    assert (summary["verdict"], summary["event"], summary["pull_request"]) == ("pass", "harvest", shop.pull.number)


def test_a_token_that_may_write_no_check_proposes_all_the_same(shop):
    shop.log(failed("r-1"))
    shop.server.fail("POST", "/check-runs", 403, times=9)
    done = run("--quiet")
    assert done.exit_code == 0
    assert "the check could not be written" in done.stderr
    assert [row["id"] for row in shop.rows()] == ["prod-r-1"]


def test_a_dry_run_writes_nothing_to_github(shop):
    shop.log(failed("r-1"))
    done = run("--dry-run")
    assert done.exit_code == 0
    assert "- [ ] `prod-r-1`: failed by the metrics" in done.stdout
    assert (shop.server.writes, shop.repo.git("branch", "--list", "evalbot*")) == ([], "")


@pytest.mark.parametrize(
    ("config", "log", "status", "verdict"),
    [(CONFIG.replace("suite: support\n  dataset", "suite: suport\n  dataset"), True, 2, "config_error"), (CONFIG, False, 3, "inconclusive")],
)
def test_what_is_wrong_has_its_status_and_stands_in_the_summary_too(shop, config, log, status, verdict):
    shop.repo.write({"evalbot.yml": config}).commit("another")
    if log:
        shop.log(failed("r-1"))
    done = run()
    assert done.exit_code == status, done.output
    assert json.loads((shop.repo.root / "evalbot-report/summary.json").read_text())["verdict"] == verdict
    assert shop.server.writes == []


def test_the_report_counts_what_the_datasets_would_catch_now(shop):
    shop.log(failed("r-1"), failed("r-2", "How do gift cards work?"))
    assert "no harvest has run yet" in run("--report").stdout
    run("--quiet")
    assert "1 harvest, 2 failed samples; 0 of them were known to the datasets when seen, 0 would be caught by now (0%)" in " ".join(run("--report").stdout.split())
    merged = {key: value for key, value in shop.rows()[0].items() if key != "status"} | {"source": {"root_cause": "TODO in the prompt"}}
    shop.repo.write({"evals/regression.jsonl": json.dumps(merged) + "\n"}).commit("merged")
    assert "0 of them were known to the datasets when seen, 1 would be caught by now (50%)" in " ".join(run("--report").stdout.split())


def test_without_github_nothing_is_fetched_unless_it_is_a_dry_run(shop, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    shop.log(failed("r-1"))
    refused = run()
    assert refused.exit_code == 2
    assert "a pull request needs GITHUB_TOKEN and GITHUB_REPOSITORY." in refused.stderr
    assert "answers to go" not in refused.stderr
    assert shop.repo.git("branch", "--list", "evalbot*") == ""
    assert "prod-r-1" in run("--dry-run").stdout


def test_200_rows_with_much_to_say_fit_into_a_pull_request(shop):
    config = CONFIG.replace("max: 10, per_user: 10, per_cluster: 5", "max: 200, per_user: 10, per_cluster: 200, reproduce: 0, near: 1.0").replace("latency_ms: ms}", "latency_ms: ms, url: link}")
    shop.repo.write({"evalbot.yml": config.replace("{rate: 1.0}", "{rate: 1.0, max: 500}")}).commit("many")
    letters = "abcdefghij"
    for start in (0, 150):
        shop.log(*(
            {**failed(f"r-{n}", f"How do returns work in {''.join(letters[int(digit)] for digit in str(n))}? " + "word " * 100), "link": "https://x.example/" + "seg/" * 40} for n in range(start, start + 150)
        ), name=f"from-{start}")  # fmt: skip
        assert run("--quiet").exit_code == 0
    assert len(shop.rows()) == 300
    assert len(shop.pull.body) <= 60_000
    assert "more in the file." in shop.pull.body
