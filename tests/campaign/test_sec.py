"""SEC: keys stay where they were put, whatever a provider, a model or a crash says."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

import pytest

from tests.app.checking import PROMPT
from tests.loopback import LoopbackModels, echo, status, verdict
from tests.pages import ROOT

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
KEY = LoopbackModels.OPENAI_KEY
HEAD = 12  # of the key: a prefix that all keys share gives nothing away


def disguises(key: str) -> list[str]:
    raw = key.encode()
    offsets = [base64.b64encode(b"x" * offset + raw).decode()[4:-4] for offset in range(3)]
    return [key, raw.hex(), key[::-1], *offsets]


def windows(text: str, size: int = 12) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}


def everywhere(scene, ran, logs: str) -> dict[str, str]:
    """Every text that a run leaves behind, by where it is."""
    folder = scene.workspace / "evalbot-report"
    found = {str(path.relative_to(folder)): path.read_text(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file()}
    found |= {"comments": "\n".join(comment.body for comment in scene.server.comments(scene.pull.number)), "check": str(scene.check), "log": logs}
    return found | {name: (ran.folder / name).read_text() for name in ("output", "summary")}


def holding(texts: dict[str, str], secrets: set[str]) -> dict[str, set[str]]:
    return {place: held for place, text in texts.items() if (held := {secret for secret in secrets if secret in text})}


def test_SEC_01_an_error_that_echoes_the_key_shows_none_of_it(on_github, capsys):
    scene = on_github(SAME)
    ran = scene.opened(lambda call: status(401, "Incorrect API key provided: " + " ".join(disguises(KEY)), "invalid_request_error") if call.wire == "chat" else verdict(call))
    assert ran.outputs["verdict"] == "inconclusive"
    out = capsys.readouterr()
    masks = "".join(line for line in out.out.splitlines(keepends=True) if not line.startswith("::add-mask::"))
    pieces = windows(KEY[HEAD:]) | set(disguises(KEY))
    assert holding(everywhere(scene, ran, masks + out.err), pieces) == {}


@pytest.mark.parametrize("said", [KEY[7:], KEY, KEY[::-1], KEY.encode().hex(), base64.b64encode(KEY.encode()).decode()], ids=["cut", "whole", "reversed", "hex", "base64"])
def test_SEC_02_an_answer_that_holds_the_key_is_redacted_and_blocks(said, on_github, capsys):
    scene = on_github(SAME)
    ran = scene.opened(lambda call: f"{echo(call)} {said} and so on" if call.schema is None else verdict(call, score=5))
    assert (ran.status, ran.outputs["verdict"]) == (1, "fail")
    summary = json.loads((scene.workspace / "evalbot-report" / "summary.json").read_text())
    assert {(finding["rule"], finding["level"]) for finding in summary["findings"]} >= {("secret_leak", "blocks")}
    assert "replace the key" in scene.server.comments(scene.pull.number)[0].body
    out = capsys.readouterr()
    log = "".join(line for line in out.out.splitlines(keepends=True) if not line.startswith("::add-mask::"))
    assert holding(everywhere(scene, ran, log + out.err), windows(said)) == {}


def test_SEC_02_what_only_looks_like_a_key_is_no_leak(on_github):
    scene = on_github(SAME)
    ran = scene.opened(lambda call: "Put sk-0123456789abcdefghijklmnop into .env" if call.schema is None else verdict(call, score=5))
    assert ran.outputs["verdict"] == "pass"


@pytest.mark.parametrize("debug", ["", "1"])
def test_SEC_04_a_crash_shows_no_secret(debug, tmp_path):
    code = "import os\nimport evalbot.cli.app as frame\ndef boom():\n    key = os.environ['OPENAI_API_KEY']\n    raise RuntimeError(f'while calling with {key}')\nframe.app = boom\nfrom evalbot.cli import main\nmain()\n"
    env = {**os.environ, "OPENAI_API_KEY": KEY, "PYTHONPATH": str(ROOT), "EVALBOT_DEBUG": debug}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if debug else 3)
    assert "while calling with [redacted]" in done.stderr
    assert ("Traceback" in done.stderr) is bool(debug)
    assert not any(window in done.stdout + done.stderr for window in windows(KEY[HEAD:]))


def test_SEC_05_what_is_uploaded_holds_reports_and_nothing_else(on_github):
    scene = on_github(SAME)
    ran = scene.opened()
    folder = scene.workspace / "evalbot-report"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names <= {"comment.md", "summary.json", "results.jsonl", "report.html", "junit.xml", "examples.jsonl"}
    assert not any(path.name == ".git" for path in folder.rglob("*"))
    texts = everywhere(scene, ran, "")
    assert holding(texts, {KEY, LoopbackModels.ANTHROPIC_KEY, scene.server.token, os.environ["PATH"], "GITHUB_TOKEN"}) == {}


@pytest.mark.parametrize("around", ["{}\n", "  {}  ", "{}\r\n"])
def test_SEC_07_blanks_around_a_key_are_taken_off_and_told(around, on_github, capsys):
    scene = on_github(SAME)
    ran = scene.opened(env={"OPENAI_API_KEY": around.format(KEY)})
    assert ran.outputs["verdict"] == "pass"
    assert {call.headers["authorization"] for call in ran.models.calls if call.wire == "chat"} == {f"Bearer {KEY}"}
    assert "blanks around OPENAI_API_KEY" in capsys.readouterr().out


def test_SEC_07_a_key_of_three_characters_is_refused_and_not_masked(on_github, capsys):
    scene = on_github(SAME)
    ran = scene.opened(env={"OPENAI_API_KEY": "abc"})
    assert ran.outputs["verdict"] == "config_error"
    assert ran.models.calls == []
    assert "::add-mask::abc" not in capsys.readouterr().out.splitlines()


def test_SEC_08_each_line_of_a_secret_is_masked_and_the_weakness_told(on_github, capsys):
    secret = '{\n  "type": "service_account",\n  "key": "MIIEvQIBADANBgkqhkiG9w0BAQEF"\n}'
    scene = on_github(SAME)
    ran = scene.opened(env={"OPENAI_API_KEY": secret})
    out = capsys.readouterr().out
    assert ran.outputs["verdict"] == "config_error"
    assert '::add-mask::"key": "MIIEvQIBADANBgkqhkiG9w0BAQEF"' in out.splitlines()
    assert "OPENAI_API_KEY has several lines" in out
