"""`evalbot plan --head`: what a check would ask and cost, said before anything is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.app.checking import CONFIG, PROMPT, House, by_quality, files
from tests.loopback import LoopbackModels

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}


def plan(house, *more, env=None):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "evalbot", "plan", "-C", str(house.repo.root), "--base", "main", "--head", "change", *more]
    return subprocess.run(command, env={**kept, **(env or {})}, capture_output=True, text=True, check=False)


def test_without_a_key_it_says_how_many_calls_and_dollars_a_check_would_take_and_writes_nothing(tmp_path):
    house = House(tmp_path).head(WORSE)
    done = plan(house)
    assert done.returncode == 0, done.stderr
    assert "support: prompts/support.md (template)" in done.stdout
    assert "104 answers planned, 0 of them known already; about 208 calls, about $" in done.stdout  # (12 + 40) × 2, each graded
    assert "of a budget of $5.00" in done.stdout
    assert not (house.repo.root / "evalbot-report").exists()
    assert not (house.repo.root / ".evalbot-cache").exists()


def test_what_it_says_is_what_the_check_then_makes(tmp_path):
    house = House(tmp_path).head(WORSE)
    foretold = json.loads(plan(house, "--json").stdout)
    found = house.check(by_quality({"bad": lambda _: 5, "good": lambda _: 5}))
    assert foretold["calls"] == found.record.calls.model + found.record.calls.judge
    assert foretold["cost_usd"] == pytest.approx(found.record.estimate.usd)


def test_after_a_check_nothing_is_left_to_ask(tmp_path):
    house = House(tmp_path).head(WORSE)
    with LoopbackModels(by_quality()) as models:
        asked = plan(house, env=models.env())
        check = [sys.executable, "-m", "evalbot", "check", "-C", str(house.repo.root), "--base", "main", "--head", "change", "--quiet"]
        subprocess.run(check, env={"PATH": os.environ["PATH"], **models.env()}, check=False)
        again = plan(house, env=models.env())
    assert "about 208 calls" in asked.stdout
    assert "104 answers planned, 104 of them known already; no call" in again.stdout


def test_a_price_that_is_not_known_is_said_and_never_zero(tmp_path):
    own = CONFIG.replace("openai/gpt-5-mini", "app") + "models:\n  app: {provider: openai, base_url: 'http://127.0.0.1:9/v1', model: qwen3}\n"
    house = House(tmp_path, files() | {"evalbot.yml": own}).head(WORSE)
    done = plan(house)
    assert "of unknown cost" in done.stdout, done.stdout + done.stderr
    assert "no price is known for openai/qwen3" in done.stdout
    assert json.loads(plan(house, "--json").stdout)["cost_usd"] is None


def test_where_nothing_changed_there_is_nothing_to_ask(tmp_path):
    house = House(tmp_path).head({"README.md": "words\n"})
    assert plan(house).stdout == "Nothing to ask: no prompt, model or example of a suite has changed.\n"


def test_a_mistake_in_the_configuration_is_one_line(tmp_path):
    house = House(tmp_path, files() | {"evalbot.yml": CONFIG.replace("dataset:", "datset:")}).head(WORSE)
    done = plan(house)
    assert done.returncode == 2
    assert "evalbot.yml" in done.stderr
    assert "Traceback" not in done.stderr


def test_policy_that_refuses_a_run_above_its_budget_is_said(tmp_path):
    house = House(tmp_path, files() | {"evalbot.yml": CONFIG + "run: {budget_usd: 0.001, over_budget: refuse}\n"}).head(WORSE)
    assert "such a run would not start" in plan(house).stdout
