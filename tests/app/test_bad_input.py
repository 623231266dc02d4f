"""What is wrong is said in one line: where, what, what to do; nothing is paid for, and nothing that was paid for is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.checking import CONFIG, PROMPT, House, a_row, by_quality, files, golden, lines, regression
from tests.loopback import LoopbackModels, verdict

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
GLOBBED = CONFIG.replace("prompt: prompts/support.md", 'prompts: ["prompts/*.md", "more/*.md"]')

CALLS = CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [calls]\n") + "metrics:\n  calls: {type: tool_calls}\n"

CASES = {
    "no configuration on either side": ({"evalbot.yml": None}, {}, "evalbot.yml: no configuration"),
    "an unknown key": ({"evalbot.yml": CONFIG + "    gatez: {}\n"}, {}, "evalbot.yml:8: .*Did you mean 'gates'"),
    "nothing that can pass or fail": (
        {"evalbot.yml": CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [f1]\n") + "metrics:\n  f1: {type: token_f1}\n"},
        {}, "evalbot.yml:.*pass",
    ),
    "a gate on a metric that does not exist": ({"evalbot.yml": CONFIG + "    gates: {scores: {metric: jugde}}\n"}, {}, "evalbot.yml:8: .*judge"),
    "an empty golden partition": ({"evals/golden.jsonl": ""}, WORSE, "no golden example"),
    "a glob without match": ({"evalbot.yml": GLOBBED}, {}, r"evalbot.yml:4: .*more/\*\.md"),
    "a malformed row": (
        {"evals/regression.jsonl": lines(regression()) + '{"id": "r-99", \n'}, WORSE, r"evals/regression.jsonl:41:",
    ),
    "a duplicate id": ({"evals/golden.jsonl": lines([*golden(), golden()[0]])}, WORSE, r"evals/golden.jsonl:13: .*twice.*evals/golden.jsonl:1"),
    "a template error": ({}, {"prompts/support.md": "Hello {{ user_input"}, "prompts/support.md:1: "),
    "a missing variable": ({}, {"prompts/support.md": "Hello {{ name }}"}, r"evals/golden.jsonl:1: .*'name'"),
    "an unknown partition": ({}, WORSE | {"evals/more.jsonl": '{"id": "x", "partition": "goldne", "input": {"user_input": "x"}}\n'}, "evals/more.jsonl:1: .*golden"),
    "a prompt that is a symlink": ({}, {"prompts/support.md": None}, "symlink|symbolic"),
    "results that a commit brings along": ({}, WORSE | {"evalbot-report/results.jsonl": "{}"}, "evalbot-report/results.jsonl: .*evalbot-report"),
    "an expected output that no metric can use": (
        {"evalbot.yml": CALLS}, WORSE, "evals/golden.jsonl:1: .*Metric 'calls' needs an `expected_output` with `tool_calls`",
    ),
    "tool calls that cannot be read": (
        {"evalbot.yml": CALLS, "evals/golden.jsonl": lines([a_row("g-1", "golden", expected_output={"tool_calls": ["find"]})])},
        WORSE, "evals/golden.jsonl:1: example 'g-1': tool_calls: number 1 must be an object",
    ),
    "a price that nobody knows": (
        {"evalbot.yml": CONFIG.replace("gpt-5-mini", "nobody-knows") + "    metrics: [spent]\nmetrics:\n  spent: {type: cost, max_usd: 1}\n"},
        WORSE, "evalbot.yml:10: metric 'spent' needs a known price, and that of openai/nobody-knows is unknown",
    ),
    "an unknown metric type": ({"evalbot.yml": CONFIG + "    metrics: [x]\nmetrics:\n  x: {type: chekcs}\n"}, {}, "evalbot.yml:.*checks"),
}  # fmt: skip


@pytest.mark.parametrize(("start", "change", "said"), CASES.values(), ids=CASES.keys())
def test_it_is_said_where_and_what_before_anything_is_paid_for(tmp_path, start, change, said, request):
    house = House(tmp_path, files() | start if start.get("evalbot.yml", "") is not None else {"README.md": "x"})
    if "symlink" in request.node.callspec.id:
        (house.repo.root / "prompts/support.md").unlink()
        house.repo.symlink("prompts/support.md", "/etc/passwd").commit("link")
    else:
        house.head(change | {"note.txt": "x"})

    result = house.check()

    assert (result.verdict, result.exit_code) == ("config_error", 2), result.record.decision.reason
    assert result.server.calls == []
    problems = "\n".join(map(str, result.record.problems))
    import re

    assert re.search(said, problems), problems
    assert result.summary["verdict"] == "config_error"
    assert "Traceback" not in result.comment


def test_a_metric_that_no_row_lets_speak_is_named(tmp_path):
    config = CONFIG + "    metrics: [f1]\nmetrics:\n  f1: {type: token_f1}\n"
    result = House(tmp_path, files(config=config)).head(WORSE).check()
    assert any(
        "metric 'f1' (evalbot.yml:10) needs an `expected_output` or `references`, which no example has" in warning
        for warning in result.record.warnings
    ), result.record.warnings


def test_every_problem_is_listed_at_once(tmp_path):
    broken = '{"id": "a"}\n{"partition": "golden"}\nnot json\n'
    result = House(tmp_path).head(WORSE | {"evals/more.jsonl": broken}).check()

    assert {problem.line for problem in result.record.problems} == {1, 2, 3}


def test_a_missing_key_is_named_before_anything_is_sent(tmp_path):
    result = House(tmp_path).head(WORSE).check(env={})

    problems = "\n".join(map(str, result.record.problems))
    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert "OPENAI_API_KEY" in problems
    assert "ANTHROPIC_API_KEY" in problems


def test_without_a_network_the_run_is_inconclusive(tmp_path, no_waiting):
    dead = {
        "OPENAI_API_KEY": "sk-test-0123456789abcdef", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    result = House(tmp_path, files(regression=None)).head(WORSE).check(env=dead)

    assert (result.verdict, result.exit_code) == ("inconclusive", 3)
    assert result.summary["coverage"]["errors"] == {"target_error": 24}
    assert "0123456789abcdef" not in result.comment


def test_what_was_paid_for_is_kept_when_the_judge_dies(tmp_path, no_waiting):
    def answer(call):
        return by_quality()(call) if call.schema is None else verdict(call, score=9)

    result = House(tmp_path).head(WORSE).check(answer)

    assert result.verdict == "inconclusive"
    assert all(row["output"] for row in result.rows)


def run(root, *arguments, env=None):
    return subprocess.run(
        [sys.executable, "-m", "evalbot", *arguments], cwd=root, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(root), "PYTHONPATH": str(Path.cwd())} | (env or {}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("check", "--base", "nowhere"), 2, "nowhere"),
        (("check", "--base", "main", "--head", "change", "--config", "missing.yml"), 2, "missing.yml: no configuration"),
        (("check", "--base", "main", "--suites", "suport"), 2, "Did you mean 'support'"),
        (("check", "--base", "main", "--partitions", "goldn"), 2, "Did you mean 'golden'"),
        (("check", "--base"), 2, "--base"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_the_command_line_says_what_is_wrong_and_exits_with_two(tmp_path, arguments, status, said):
    house = House(tmp_path).head(WORSE)

    done = run(house.repo.root, *arguments)

    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_repository_it_says_so(tmp_path):
    done = run(tmp_path, "check", "--base", "main")

    assert done.returncode == 2
    assert "repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_exit_status_and_the_output_of_a_whole_run(tmp_path):
    house = House(tmp_path).head(WORSE)
    with LoopbackModels(by_quality()) as server:
        failed = run(house.repo.root, "check", "--base", "main", "--head", "change", env=server.env())
        advisory = run(house.repo.root, "check", "--base", "main", "--head", "change", "--advisory", "--json", env=server.env())

    assert failed.returncode == 1, failed.stderr
    assert failed.stdout.startswith("<!-- evalbot:v1 key=default -->")
    assert "Report: evalbot-report" in failed.stdout
    assert advisory.returncode == 0
    assert '"verdict": "fail"' in advisory.stdout
    assert server.env()["OPENAI_API_KEY"] not in failed.stdout + failed.stderr


def test_validate_counts_partitions_and_finds_every_mistake(tmp_path):
    house = House(tmp_path)
    fine = run(house.repo.root, "validate")
    house.repo.write({"evals/more.jsonl": '{"id": "x"}\n', "prompts/support.md": "{{ nope }} {% if %}"})
    broken = run(house.repo.root, "validate")

    assert (fine.returncode, fine.stdout.splitlines()[0]) == (0, "suite support: 12 golden, 40 regression, 0 adversarial, 0 distribution")
    assert broken.returncode == 2
    assert "evals/more.jsonl:1" in broken.stderr


def test_help_teaches(tmp_path):
    done = run(tmp_path, "check", "--help")

    assert done.returncode == 0
    assert "--base" in done.stdout
    assert "Exit status" in done.stdout


def test_validate_names_a_price_that_nobody_knows(tmp_path):
    priced = CONFIG.replace("gpt-5-mini", "nobody-knows") + "    metrics: [spent]\nmetrics:\n  spent: {type: cost, max_usd: 1}\n"
    done = run(House(tmp_path, files(config=priced)).repo.root, "validate")
    assert done.returncode == 2
    assert "evalbot.yml:10: metric 'spent' needs a known price" in done.stderr
