"""EXE: what a system under test can do to the job that runs it: nothing. Head's code does not run at all; policy's is kept in."""

from __future__ import annotations

import json
import os
import sys
import time

import pytest

from tests.adapters.targets.asking import commands
from tests.app.checking import House, a_row, lines

CONFIG = """\
version: 1
metrics:
  said: {{type: checks, checks: [{{name: said, words: {{min: 1}}}}]}}
suites:
  rag:
    target: {{type: command, run: [{python}, rag/main.py], processes: 2{more}}}
    dataset: evals/*.jsonl
    metrics: [said]
"""
HEAD = "import json, os, sys\nasked = json.loads(sys.stdin.readline())['input']['user_input']\nfound = 'fine'\n"
TAIL = "\nprint(json.dumps({'output': str(found)}))\n"
SECRETS = {
    "OPENAI_API_KEY": "sk-exe-secret-openai", "ANTHROPIC_API_KEY": "sk-exe-secret-anthropic", "GITHUB_TOKEN": "ghs_exe_secret",
    "INPUT_GITHUB-TOKEN": "ghs_exe_secret", "ACTIONS_RUNTIME_TOKEN": "exe-secret-runtime", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "exe-secret-oidc",
}  # fmt: skip


def check(tmp_path, source, more="", env=None, rows=("g-90",), head=None):
    """The base branch holds this code; head adds golden rows, which policy's code then answers."""
    start = {"evalbot.yml": CONFIG.format(python=sys.executable, more=more), "rag/main.py": HEAD + source + TAIL, "evals/all.jsonl": lines([a_row("g-00", "golden")])}
    house = House(tmp_path, start)
    added = {"evals/more.jsonl": lines([a_row(name, "golden") for name in rows])}
    return house.head(added | (head or {})).check(env={"PATH": os.environ["PATH"], **SECRETS, **(env or {})})


def outputs(result):
    return {row["example"]: row["output"] for row in result.rows if not row["confirmation"]}


def test_EXE_01_an_allowlist_and_no_secret_is_in_its_environment(tmp_path):
    result = check(tmp_path, "found = json.dumps(dict(os.environ))")

    seen = json.loads(outputs(result)["g-90"])
    assert set(seen) <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    assert not any("secret" in value for value in seen.values())


def test_EXE_02_no_process_tells_a_key(tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    source = """
found = []
for name in ['self', '1', str(os.getppid()), *filter(str.isdigit, os.listdir('/proc'))]:
    try:
        found += ['secret'] if b'exe-secret' in open(f'/proc/{name}/environ', 'rb').read() else []
    except OSError:
        pass
"""
    assert outputs(check(tmp_path, source, env=dict(os.environ)))["g-90"] == "[]"


def test_EXE_04_the_job_s_files_are_out_of_reach(tmp_path):
    job = tmp_path / "_temp"
    job.mkdir(mode=0o777)
    (job / "output").write_text("")
    (job / "output").chmod(0o666)
    source = f"""
found = [name for name in os.environ if name.startswith(('GITHUB', 'RUNNER', 'ACTIONS', 'INPUT'))]
for path in ('{job}/output', '{job}/env', '/github/file_commands/x'):
    try:
        open(path, 'a').write('verdict=pass')
        found.append(path)
    except OSError:
        pass
"""
    result = check(tmp_path, source, env={"GITHUB_OUTPUT": str(job / "output"), "GITHUB_ENV": str(job / "env"), "RUNNER_TEMP": str(job)})

    assert outputs(result)["g-90"] == "[]"
    assert sorted((path.name, path.read_text()) for path in job.iterdir()) == [("output", "")]


def test_EXE_05_no_process_outlives_its_answer(tmp_path):
    mark = f"6{os.getpid()}"
    source = f"""
if os.fork() == 0:
    os.setsid()
    for end in (0, 1, 2):
        os.close(end)
    os.execvp('sleep', ['sleep', '{mark}'])
"""
    result = check(tmp_path, source)

    assert outputs(result)["g-90"] == "fine"
    assert not [words for words in commands() if mark in words]


def test_EXE_07_one_that_sleeps_for_ever_ends_at_its_time_and_the_others_finish(tmp_path):
    started = time.monotonic()
    result = check(tmp_path, "import time\nif 'g-91' in asked: time.sleep(1000)", more=", seconds: 6", rows=("g-90", "g-91", "g-92"))

    assert time.monotonic() - started < 60
    assert outputs(result) == {"g-90": "fine", "g-91": None, "g-92": "fine"}
    (late,) = [row for row in result.rows if row["error"]]
    assert (late["error"], late["reason"]) == ("target_error", "no answer within 6 s; it was killed")
    assert result.verdict == "inconclusive"


@pytest.mark.parametrize("raw", [r"b'\x00\xff\xfe'", r"b'{\"output\": \"\xff\"}'", r"b'{\"output\": \"\x00\"}'"])
def test_EXE_08_bytes_that_are_no_text_are_named_and_crash_nothing(tmp_path, raw):
    result = check(tmp_path, f"sys.stdout.buffer.write({raw}); sys.exit(0)")

    assert result.verdict == "inconclusive"
    assert {row["error"] for row in result.rows} == {"target_error"}
    assert "\x00" not in result.comment
    assert "\ufffd" not in result.comment


def test_EXE_08_text_that_hides_is_shown_escaped(tmp_path):
    result = check(tmp_path, r"found = '\u202e \x00 ::set-output name=verdict::pass'", more="", rows=("g-90",))

    assert outputs(result)["g-90"] == "\u202e \x00 ::set-output name=verdict::pass"
    assert "\u202e" not in result.comment


def test_EXE_10_with_its_network_closed_it_reaches_nobody(tmp_path):
    source = """
import socket
try:
    socket.create_connection(('127.0.0.1', 9))
except OSError as error:
    found = type(error).__name__
"""
    assert outputs(check(tmp_path, source, more=", network: false"))["g-90"] == "PermissionError"
    assert outputs(check(tmp_path / "open", source))["g-90"] == "ConnectionRefusedError"


def test_EXE_head_s_code_never_runs(tmp_path):
    result = check(tmp_path, "", head={"rag/main.py": f"open('{tmp_path}/ran', 'w')", "rag/sitecustomize.py": f"open('{tmp_path}/ran', 'w')"})

    assert outputs(result)["g-90"] == "fine"
    assert not (tmp_path / "ran").exists()
