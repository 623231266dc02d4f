"""What a target's code cannot do: see secrets, write outside its folder, outlive its answer (campaign, group EXE)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evalbot.adapters.targets import supervisor
from evalbot.domain.models import Reply
from tests.adapters.targets.asking import PATH, ask, commands, example, folder

SECRETS = {
    "OPENAI_API_KEY": "sk-secret-openai", "ANTHROPIC_API_KEY": "sk-secret-anthropic", "GITHUB_TOKEN": "ghs_secret",
    "INPUT_OPENAI-API-KEY": "sk-secret-input", "ACTIONS_RUNTIME_TOKEN": "secret-runtime", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-oidc",
    "GITHUB_OUTPUT": "/nowhere/output", "RAG_KEY": "secret-rag", "HTTPS_PROXY": "http://user:secret@proxy",
}  # fmt: skip


def run(tmp_path: Path, source: str, environment: dict[str, str] | None = None, **options: object) -> str:
    """What the program printed as its answer, or why there is none."""
    answer = "import json, os, sys, glob\nsys.stdin.readline()\nfound = []\n" + source + "\nprint(json.dumps({'output': str(found)}))"
    code = folder(tmp_path, main__py=answer)
    more = {"environment": environment or PATH}
    (reply,) = ask("command", {"run": (sys.executable, "main.py"), **options}, [example()], code=code, **more)
    return reply.text if isinstance(reply, Reply) else reply


def test_exe_01_the_environment_holds_an_allowlist_and_no_secret(tmp_path: Path) -> None:
    found = run(tmp_path, "found = sorted(os.environ)", {**PATH, "TZ": "UTC", **SECRETS})
    assert set(eval(found)) <= {"PATH", "TZ", "HOME", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "LC_CTYPE"}


def test_a_variable_that_policy_names_is_given_and_is_taken_out_of_what_comes_back(tmp_path: Path) -> None:
    environment = {**PATH, **SECRETS}
    assert run(tmp_path, "found = len(os.environ['RAG_KEY'])", environment, env=("RAG_KEY",)) == str(len("secret-rag"))
    assert run(tmp_path / "a", "found = os.environ['RAG_KEY']", environment, env=("RAG_KEY",)) == "[redacted]"
    assert run(tmp_path / "b", "sys.exit('no luck with ' + os.environ['RAG_KEY'])", environment, env=("RAG_KEY",)).endswith("no luck with [redacted]")


def test_exe_02_no_process_s_environment_tells_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    source = """
pids = [name for name in os.listdir('/proc') if name.isdigit()]
parent = os.getppid()
seen = 0
for pid in [*pids, 'self', str(parent)]:
    try:
        text = open(f'/proc/{pid}/environ', 'rb').read()
        seen += 1
        found += [word for word in (b'secret',) if word in text]
    except OSError:
        pass
found.append(seen > 0)
"""
    assert run(tmp_path, source, dict(os.environ)) == "[True]"


def test_exe_04_nothing_outside_its_own_folder_can_be_written(tmp_path: Path) -> None:
    commands = tmp_path / "file_commands"
    commands.mkdir()
    (commands / "output").write_text("verdict=fail\n")
    for path in (commands, commands / "output"):
        path.chmod(0o777)
    source = f"""
for path in ('{commands}/output', '{commands}/new', '/tmp/evalbot-was-here', 'main.py', 'new.py', '/github/file_commands/x'):
    try:
        open(path, 'a').write('verdict=pass\\n')
        found.append(path)
    except OSError:
        pass
open(os.path.join(os.environ['TMPDIR'], 'mine'), 'w').write('fine')
found.append(os.path.exists(os.path.join(os.environ['HOME'], 'mine')))
"""
    environment = {**PATH, "GITHUB_OUTPUT": str(commands / "output")}
    assert run(tmp_path, source, environment) == "[True]"
    assert (commands / "output").read_text() == "verdict=fail\n"
    assert not Path("/tmp/evalbot-was-here").exists()


def test_files_where_keys_lie_cannot_be_read(tmp_path: Path) -> None:
    home, workspace = tmp_path / "home", tmp_path / "workspace"
    for path in (home / ".netrc", home / ".config" / "gh" / "hosts.yml", workspace / ".git" / "config", workspace / "README.md"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("token")
        path.chmod(0o644)
    source = f"""
for path in glob.glob('{tmp_path}/home/.netrc') + ['{home}/.netrc', '{home}/.config/gh/hosts.yml', '{workspace}/.git/config', '{workspace}/README.md']:
    try:
        open(path).read()
        found.append(os.path.basename(path))
    except OSError:
        pass
"""
    if not supervisor.locks():
        pytest.skip("this kernel has no Landlock")
    environment = {**PATH, "HOME": str(home), "GITHUB_WORKSPACE": str(workspace)}
    assert run(tmp_path, source, environment) == "['README.md']"


DAEMON = """
import signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (1, 2, 15):
            signal.signal(number, signal.SIG_IGN)
        for end in (0, 1, 2):
            os.close(end)
        os.execvp('sleep', ['sleep', '{mark}'])
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("ends", ["well", "by sleeping", "by crashing"])
def test_exe_05_a_daemon_does_not_outlive_the_answer(tmp_path: Path, ends: str) -> None:
    mark = f"4{os.getpid()}{len(ends)}"
    after = {"well": "found.append('done')", "by sleeping": "import time; time.sleep(600)", "by crashing": "os.abort()"}[ends]
    source = DAEMON.format(mark=mark) + "\nimport time\nuntil = time.time() + 2\nwhile not any(" + f"'{mark}' in w for w in _commands()" + (
        ") and time.time() < until: time.sleep(0.01)\n" + after
    )
    helper = "def _commands():\n    for p in glob.glob('/proc/[0-9]*/cmdline'):\n        try: yield open(p).read()\n        except OSError: pass\n"
    answer = run(tmp_path, helper + source, seconds=4.0 if ends == "by sleeping" else 60.0)

    assert answer.startswith({"well": "['done']", "by sleeping": "target: no answer within 4 s", "by crashing": "target: it was ended by SIGABRT"}[ends])
    assert not any(mark in words for words in commands()), "it is still there"


def test_no_process_is_left_when_evalbot_itself_is_killed(tmp_path: Path) -> None:
    code = folder(tmp_path, main__py="import time; time.sleep(600)")
    mark = f"5{os.getpid()}"
    script = (
        "from tests.adapters.targets.asking import ask, example\nfrom pathlib import Path\n"
        f"ask('command', {{'run': ({sys.executable!r}, 'main.py', {mark!r})}}, [example()], code=Path({str(code)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3])
    until = time.monotonic() + 30
    while sum(mark in words and "supervisor" not in words and "-c" not in words for words in commands()) < 1 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while any(mark in words for words in commands()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(mark in words for words in commands())


def test_signals_do_not_reach_evalbot(tmp_path: Path) -> None:
    source = f"""
for pid in (os.getppid(), {os.getpid()}):
    try:
        os.kill(pid, 0)
        found.append(pid)
    except OSError:
        pass
"""
    if not supervisor.locks() and os.geteuid() != 0:
        pytest.skip("neither Landlock nor another user here")
    assert run(tmp_path, source) == "[]"


def test_the_order_that_the_supervisor_gets_holds_no_secret(tmp_path: Path) -> None:
    source = "found = 'secret' in json.dumps([open(p).read() for p in glob.glob(f'/proc/{os.getppid()}/cmdline')])"
    assert run(tmp_path, source, {**PATH, **SECRETS}) == "False"
    assert json.dumps(SECRETS)


REACH = """
import socket
for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_STREAM)):
    try:
        socket.socket(family, kind).close()
        found.append(str(family))
    except OSError as error:
        found.append(error.strerror)
try:
    socket.getaddrinfo('example.invalid', 80)
except OSError as error:
    found.append('not resolved')
socket.socketpair()
"""


def test_exe_10_with_the_network_closed_nothing_is_reached_and_no_name_is_resolved(tmp_path: Path) -> None:
    assert run(tmp_path, REACH, network=False) == str(["Permission denied"] * 3 + ["not resolved"])


def test_what_a_program_starts_has_no_network_either(tmp_path: Path) -> None:
    source = "import subprocess\nfound = subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'], capture_output=True).stderr.decode()[-40:].strip()"
    assert run(tmp_path, source, network=False).endswith("Permission denied")


def test_the_network_is_open_unless_it_is_closed(tmp_path: Path) -> None:
    assert run(tmp_path, "import socket\nsocket.socket().close()\nfound = 'open'") == "open"
