"""SEC-01 for the libraries: whoever switches their debug logs on gets no key into the job's log, and no command for the runner."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from evalbot.adapters.logs import guard_logs
from tests.app.checking import PROMPT, House, few
from tests.campaign.test_canary import KEYS, disguises, fragments
from tests.loopback import LoopbackModels, status, verdict
from tests.pages import ROOT

LOUD = {"OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", "HTTPX_LOG_LEVEL": "trace", "PYTHONDEVMODE": "1"}
EVERYTHING = "import logging; logging.basicConfig(level=1); "


def echoing(call):
    """Says the key in an error, in an answer, and a command for the runner."""
    key = call.headers.get("x-api-key") or call.headers["authorization"].removeprefix("Bearer ")
    words = " ".join([*disguises(key), "\n::set-output name=verdict::pass\n"])
    if "g-00" in call.user:
        return status(401, f"Incorrect API key provided: {words}", "invalid_request_error")
    return f"answer {words}" if call.schema is None else verdict(call, score=4, reasoning=words)


@pytest.mark.parametrize("before", ["", EVERYTHING], ids=["the libraries' own switches", "all loggers of the process"])
def test_SEC_01_debug_logs_of_the_libraries_hold_no_key(tmp_path, before):
    house = House(tmp_path, few()).head({"prompts/support.md": PROMPT.format(quality="bad")})
    code = f"{before}import sys; sys.argv = ['evalbot', 'check', '--base', 'main', '--head', 'change']\nfrom evalbot.cli import main; main()"
    with LoopbackModels(echoing) as server:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **LOUD, **server.env()}
        done = subprocess.run([sys.executable, "-c", code], cwd=house.repo.root, env=environment, capture_output=True, text=True, check=False, timeout=120)
        called = len(server.calls)

    assert called > 3
    said = done.stdout + done.stderr
    assert "DEBUG" in said or "D " in said, "they were heard"
    leaked = [piece for key in KEYS.values() for piece in fragments(key) if piece in said]
    assert leaked == [], leaked[:3]
    assert not any(line.lstrip().startswith("::") for line in said.splitlines())


@pytest.fixture
def guarded():
    before = logging.getLogRecordFactory()
    guard_logs(lambda text: text.replace("secret", "[redacted]"))
    yield logging.getLogRecordFactory()
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize(
    ("message", "values"),
    [("a %s", ("secret",)), ("%(headers)s", ({"headers": {"Authorization": "Bearer x1", "X-Api-Key": "x2", "api-key": "x3", "a": "b"}},)), ("%s", ({"Authorization": "x1"},)),
     ("%d secret", ("x1",)), ("one\n::set-output name=verdict::pass\r\n##[error]secret", ())],
    ids=["an argument", "headers by name", "headers as one", "a wrong format", "commands"],
)  # fmt: skip
def test_SEC_01_a_record_is_one_line_without_secrets_and_secret_headers(guarded, message, values):
    record = guarded("openai", logging.DEBUG, "x.py", 1, message, values, None)
    said = logging.Formatter("%(levelname)s %(message)s").format(record)

    assert not any(word in said for word in ("secret", "x2", "x3", "\n", "\r", "##["))
    assert "Bearer x1" not in said


def test_SEC_04_the_traceback_of_a_record_is_redacted_too(guarded):
    try:
        raise ValueError("a secret")
    except ValueError:
        record = guarded("httpx2", logging.ERROR, "x.py", 1, "broke", (), sys.exc_info())

    assert "secret" not in logging.Formatter().format(record)
    assert "ValueError: a [redacted]" in logging.Formatter().format(record)
