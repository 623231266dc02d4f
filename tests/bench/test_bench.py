"""The benchmark runs, makes exactly the calls that it claims, and compares like with like."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys

import pytest

from bench import peers, workload
from bench.measure import ROOT, Cost, measured, model_server
from tests.needs import need


@pytest.mark.slow
def test_the_benchmark_prints_all_tables_for_five_examples() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.check", "--n", "5", "--latency-ms", "1", "--start-runs", "1", "--no-slope"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "= 20 calls, 1 ms each, 20 in flight" in done.stdout
    for row in ("ideal", "bare SDK loop", "evalbot check", "evalbot / bare", "evalbot --help", "no prompt changed"):
        assert row in done.stdout
    again = next(line for line in done.stdout.splitlines() if "the same again" in line)
    assert again.split("|")[-2].strip() == "0"  # calls


@pytest.mark.slow
def test_a_killed_run_and_the_memory_of_a_small_one_are_measured() -> None:
    killed = run("bench.kills", "--kills", "1", "--n", "60", "--latency-ms", "40")
    assert "1 kills of 240 calls" in killed
    assert next(line for line in killed.splitlines() if "missing in the end" in line).split("|")[2].strip() == "0"
    memory = run("bench.memory", "--n", "5")
    imports, five = (float(next(line for line in memory.splitlines() if what in line).split("|")[3]) for what in ("imports alone", "5 examples"))
    assert 30 < imports <= five


def test_the_hand_over_is_measured_beside_requests_without_it() -> None:
    need("redis", shutil.which("redis-server"), "apt install redis-server")
    printed = run("bench.handover", "--rounds", "2", "--turn", "0.1")
    assert [line.split("  ")[0] for line in printed.splitlines()[-3:]] == ["without", "with, into a Redis that nobody reads", "with, the stream stalled"]


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_peer_that_is_not_installed_is_said_and_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVALBOT_BENCH_PROMPTFOO", "EVALBOT_BENCH_INSPECT"):
        monkeypatch.delenv(name, raising=False)
    with model_server(answer_chars=10) as server:
        assert list(peers.slopes(1, 2, 1, server)) == []
    assert [line.split(":")[0] for line in peers.missing()] == ["promptfoo", "inspect-ai"]


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(SystemExit, match="ended with status 3"):
        measured([sys.executable, "-c", "raise SystemExit(3)"], {})


def test_a_command_without_calls_has_no_first_call() -> None:
    with model_server(answer_chars=10) as server:
        cost = measured([sys.executable, "-c", "pass"], server.environment, server)

    assert cost.calls == 0
    assert cost.to_first_call == cost.after_last_call == 0.0
    assert cost.peak_mb > 1


def test_the_calling_time_is_what_start_and_end_leave() -> None:
    cost = Cost(wall_seconds=10.0, cpu_seconds=3.0, peak_mb=50.0, calls=4, to_first_call=1.0, after_last_call=0.5)

    assert cost.calling_seconds == 8.5


def test_answers_depend_on_the_request_and_grades_on_the_example() -> None:
    with model_server(answer_chars=40) as server:
        server.reset(0)
        one, same, other = (_ask(server.port, text) for text in ("Order 00001: A?", "Order 00001: A?", "Order 00001: B?"))
        grades = [json.loads(_ask(server.port, text, graded=True))["score"] for text in ("Order 00001: A?", "Order 00001: B?")]
        counts = server.counts()

    assert one == same != other
    assert len(set(grades)) == 1
    assert set(grades) <= {4, 5}
    assert (counts["answers"], counts["gradings"], counts["distinct"]) == (3, 2, 4)


def test_the_workload_changes_one_prompt(tmp_path) -> None:
    workload.build(tmp_path, examples=3, in_flight=7)

    changed = subprocess.run(
        ["git", "diff", "--name-only", workload.BASE, workload.CHANGE], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert changed.stdout.split() == ["prompts/support.md"]
    assert len((tmp_path / "evals" / "support.jsonl").read_text().splitlines()) == 3


def _ask(port: int, text: str, *, graded: bool = False) -> str:
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": text}]}
    if graded:
        body["response_format"] = {"type": "json_schema"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps(body))
    found = json.loads(connection.getresponse().read())
    connection.close()
    assert found["model"] == "gpt-5-mini"
    return str(found["choices"][0]["message"]["content"])
