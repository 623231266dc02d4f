"""The canary in suites, in the monitor and on the dashboard: our keys come in with questions and answers, and nothing that is written holds a piece of one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from evalbot.adapters.streams.redis import RedisStream
from tests.adapters.sources.api import JsonApi
from tests.app.checking import House, files, golden, lines, regression
from tests.app.monitor.workers import CONFIG
from tests.app.on_github import Scene
from tests.app.test_suite_events import event, push
from tests.campaign.keys import KEYS, disguises, fragments
from tests.campaign.matrix.monitors import redis_port
from tests.campaign.test_canary import assert_no_key_in, echoing, written
from tests.github_server import GitHubServer
from tests.loopback import LoopbackModels
from tests.needs import need
from tests.pages import ROOT
from tests.repository import Repo

TOKEN = "ghs_c4naryT0kenOfTheJob987xyz"
SAID = " ".join(form for key in (*KEYS.values(), TOKEN) for form in disguises(key))


def test_SEC_05_a_suite_that_fails_writes_no_key_into_check_issue_baseline_or_log(tmp_path, no_waiting, waited, capfd):
    house = House(tmp_path, files(golden=lines(golden(3)), regression=lines(regression(4))))
    with GitHubServer(house.repo) as server:
        server.token = TOKEN
        server.scopes.update({"contents": "write", "issues": "write"})
        house.repo.switch("main")
        scene = Scene(tmp_path, house, server)
        first = push(scene, "good", echoing)
        found = written(scene, first, "")
        ran = push(scene, "bad", echoing)
        event(scene, "schedule", echoing, {"command": "suite"}, schedule="0 3 * * *")
        out, err = capfd.readouterr()
        found |= written(scene, ran, out + err)
        found |= {f"issue {issue.number}": f"{issue.title}\n{issue.body}".encode() for issue in server.issues.values()}
        listed = house.repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
        found |= {f"object {line}": server.commits.bytes(*["cat-file", "-p"], line.split()[0]) for line in listed}

    assert ran.outputs["verdict"] == "fail"
    assert len(server.issues) == 1
    assert_no_key_in(found, TOKEN)


JUDGED = CONFIG.replace("suites:", "  quality: {type: judge, model: anthropic/claude-sonnet-5}\nsuites:").replace("metrics: [words]", "metrics: [words, quality]")
ALERTS = "  judge_share: 1.0\n  alerts: {issue: true, openmetrics: monitor/metrics.txt, webhook_env: HOOK}\n"


def test_SEC_05_what_the_monitor_keeps_and_tells_and_what_the_dashboard_shows_of_it_holds_no_key(tmp_path: Path):
    need("redis", shutil.which("redis-server"), "apt install redis-server")
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": JUDGED.replace("{type: memory}", "{name: canary}") + ALERTS})
    repo.commit("rules")
    url = f"redis://127.0.0.1:{redis_port()}/0"
    samples = [{"id": f"s-{n}", "user_input": f"Why {SAID}?", "output": f"So: {SAID} and more words", "context": [SAID], "metadata": {SAID: SAID}} for n in range(3)]
    RedisStream(url, "canary").publish([*samples, {**samples[0], "id": KEYS["openai"]}, {**samples[0], "id": f"user {KEYS['anthropic'][::-1]}"}, SAID])  # type: ignore[list-item]
    heard: list[str] = []

    def hook(asked):
        heard.append(json.dumps(asked.body))
        return {}

    with GitHubServer(repo) as server, JsonApi(hook) as api, LoopbackModels(echoing) as models:
        server.token = TOKEN
        server.scopes["issues"] = "write"
        given = {**models.env(), "REDIS_URL": url, "HOOK": api.url, "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": server.name, "GITHUB_API_URL": server.url}
        said = evalbot(repo, given, "monitor", "--drain") + evalbot(repo, given, "dashboard", "--texts") + evalbot(repo, given, "dashboard", "--json", "--texts")
        calls = len(models.calls)
    found = {str(path): path.read_bytes() for path in repo.root.rglob("*") if path.is_file() and ".git" not in path.parts}
    found |= {"said": said.encode(), "webhook": "\n".join(heard).encode()}
    found |= {f"issue {issue.number}": f"{issue.title}\n{issue.body}".encode() for issue in server.issues.values()}

    assert "5 new samples kept" in said
    assert (len(heard), len(server.issues)) == (1, 1)
    assert {Path(name).name for name in found} >= {"results.sqlite", "metrics.txt", "index.html"}
    pieces = {piece.encode() for key in (*KEYS.values(), TOKEN) for piece in fragments(key)}
    leaked = [(name, piece) for name, content in found.items() for piece in pieces if piece in content]
    assert leaked == [], leaked[:3]
    assert calls >= 5, "the judge was asked, and said the keys too"


def evalbot(repo: Repo, given: Mapping[str, str], *arguments: str) -> str:
    """What a command prints, its warnings included."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(repo.root.parent), "PYTHONPATH": str(ROOT), "OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", **given}
    done = subprocess.run([sys.executable, "-m", "evalbot", *arguments, "-C", str(repo.root)], env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
