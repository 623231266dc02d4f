"""RES-02 and the limits that are set: a run of an odd size is streamed, or refused in one line that says how much is too much."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import load
from bench.measure import ROOT
from tests.app.checking import CONFIG, PROMPT, House, a_row, few, golden, lines
from tests.longer import sized

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}


@pytest.mark.campaign
def test_RES_02_a_hundred_thousand_rows_are_read_in_bounded_memory(tmp_path):
    load.examples(tmp_path, sized(10_000, 100_000))
    # The child's own peak: the kernel's account of a child begins at what its parent holds, and a test runner holds a lot.
    code = "import atexit, re, sys; atexit.register(lambda: print(re.search('VmHWM:.*?([0-9]+)', open('/proc/self/status').read())[1], file=sys.stderr))\n"
    run = "sys.argv = ['evalbot', 'validate', '-C', sys.argv[1]]\nfrom evalbot.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code + run, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True)

    assert int(done.stderr.split()[-1]) / 1024 < sized(100, 300)


def test_RES_02_a_dataset_beyond_the_limit_is_refused_with_its_size_and_what_to_do(tmp_path):
    rows = lines([a_row(f"r-{n:05}", "distribution", input={"user_input": "x" * 1000}) for n in range(5_200)])
    result = House(tmp_path, few(regression=rows)).head(WORSE).check()

    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert "evals/regression.jsonl: has 5.3 MiB; the limit is 5 MiB. Split it." in result.summary["reason"]


LARGE = {
    "a field of 11 MiB in a row": ({"golden": lines([*golden(2), a_row("g-big", "golden", input={"user_input": "x" * (11 * 2**20)})])}, "evals/golden.jsonl: has 11"),
    "a prompt of 6 MiB": ({"prompt": "x" * (6 * 2**20)}, "prompts/support.md: has 6.0 MiB"),
    "a configuration of 6 MiB": ({"config": CONFIG + "# " + "x" * (6 * 2**20)}, "evalbot.yml: has 6.0 MiB"),
    "a row nested two thousand deep": ({"golden": lines(golden(2)) + '{"id": "g-9", "partition": "golden", "input": {"a": ' + "[" * 2000 + "]" * 2000 + "}}\n"}, "evals/golden.jsonl:3"),
    "a number of 5000 digits": ({"golden": lines(golden(2)) + '{"id": "g-9", "partition": "golden", "input": {"a": ' + "9" * 5000 + "}}\n"}, "evals/golden.jsonl:3"),
    "30,000 broken rows": ({"golden": "{\n" * 30_000}, "evals/golden.jsonl:1"),
}


@pytest.mark.parametrize(("changed", "said"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_is_refused_in_a_line_before_any_call(tmp_path, changed, said):
    result = House(tmp_path, few(**changed)).head(WORSE if "prompt" not in changed else {"prompts/support.md": "y" * (6 * 2**20)}).check()

    assert (result.verdict, result.exit_code, result.server.calls) == ("config_error", 2, [])
    assert said in result.summary["reason"]
    assert len(result.summary["reason"]) < 400
    assert len(result.comment) < 60_000


@pytest.mark.parametrize("scenario", load.SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_of_the_load_table_runs_small(scenario):
    ((_, size, cost),) = load.run(0.001 if scenario.size >= 1000 else 0.02, scenario.name)

    assert size >= 1
    assert cost.status in scenario.statuses


def test_the_command_prints_its_table(capsys):
    load.main(["--scale", "0.001", "--only", "validated"])
    out = capsys.readouterr().out
    assert "| what" in out
    assert "status 0" in out
