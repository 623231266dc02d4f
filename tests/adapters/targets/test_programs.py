"""Commands and callables as targets: what they are asked, how they answer, and every way in which they fail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from evalbot.adapters.targets import TARGETS
from evalbot.domain.models import Outcome, Reply, Usage
from tests.adapters.targets.asking import ask, example, folder

ECHO = """\
import json, sys
asked = json.loads(sys.stdin.readline())
print(json.dumps({"output": "you asked " + asked["input"]["user_input"], "context": ["a page"], "tool_calls": [{"name": "search"}],
                  "usage": {"input": 3, "output": 2}, "cost_usd": 0.25, "trace": "mine"}))
"""
SERVER = """\
import json, os, sys
for number, line in enumerate(sys.stdin, 1):
    print(json.dumps({"output": f"{json.loads(line)['input']['user_input']} {os.getpid()} {number}"}), flush=True)
"""


def command(tmp_path: Path, source: str, **options: Any) -> list[Reply | str]:
    questions = options.pop("questions", [example()])
    environment = options.pop("environment", None)
    more = {"environment": environment} if environment else {}
    code = folder(tmp_path, main__py=source)
    return ask("command", {"run": (sys.executable, "main.py"), **options}, questions, code=code, **more)


def said(replies: list[Reply | str]) -> list[str]:
    return [reply.text if isinstance(reply, Reply) else reply for reply in replies]


def test_a_command_answers_with_everything_it_knows(tmp_path: Path) -> None:
    (reply,) = command(tmp_path, ECHO, questions=[example("why?")])

    assert isinstance(reply, Reply)
    assert (reply.text, reply.outcome, reply.context) == ("you asked why?", Outcome.OK, ("a page",))
    assert (reply.tool_calls, reply.usage, reply.cost_usd) == (({"name": "search"},), Usage(3, 2), 0.25)
    assert (reply.recorded_ms or 0) > 0


def test_a_bare_text_is_an_answer_too(tmp_path: Path) -> None:
    assert said(command(tmp_path, "import json; print(json.dumps('because'))")) == ["because"]


def test_it_is_never_told_what_is_expected(tmp_path: Path) -> None:
    source = "import sys, json; print(json.dumps({'output': sys.stdin.read()}))"
    row = example("why?", expected_output="secret", references=("secret",), context=("page",), metadata={"k": "secret"}, criteria=("secret",))

    assert said(command(tmp_path, source, questions=[row])) == ['{"context":["page"],"input":{"user_input":"why?"}}\n']


def test_a_served_command_is_started_once_for_many_questions(tmp_path: Path) -> None:
    replies = said(command(tmp_path, SERVER, serve=True, processes=1, questions=[example(f"q{number}") for number in range(5)]))

    assert {reply.split()[0] for reply in replies} == {f"q{number}" for number in range(5)}
    assert len({reply.split()[1] for reply in replies}) == 1
    assert sorted(reply.split()[2] for reply in replies) == ["1", "2", "3", "4", "5"]


def test_a_served_command_that_dies_costs_one_answer(tmp_path: Path) -> None:
    source = SERVER.replace("    print", "    if 'die' in line: sys.exit(7)\n    print", 1)
    replies = said(command(tmp_path, source, serve=True, processes=1, questions=[example("die"), example("live")]))

    assert replies[0] == "target: it exited with status 7"
    assert replies[1].startswith("live ")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import sys; print('{\"output\": \"fine\"}'); sys.stderr.write('no index\\nat all'); sys.exit(3)", "it exited with status 3: no index at all"),
        ("print('The answer is 42')", "its answer is no JSON (Expecting value: line 1 column 1 (char 0)): 'The answer is 42'"),
        ("print('{\"output\": NaN}')", "its answer is no JSON (NaN is not a number here)"),
        ("pass", "it gave no answer"),
        ("print('[]')", "it answered with a list, not with an object"),
        ("print('{}')", "its answer has no 'output'"),
        ("print('{\"error\": \"the index\\\\nis empty\"}')", "it reports an error: the index is empty"),
        ("import os; os.kill(os.getpid(), 11)", "it was ended by SIGSEGV"),
        ("print('x' * 5_000_000)", "it answered with more than 4,194,304 bytes"),
        ("raise SystemError('boom')", "it exited with status 1: raise SystemError('boom') SystemError: boom"),
        ("import os; os._exit(0)", "it gave no answer"),
    ],
)
def test_a_failure_is_the_target_s_own_and_says_why(tmp_path: Path, source: str, why: str) -> None:
    (failure,) = said(command(tmp_path, source))
    assert failure.startswith(f"target: {why}")


def test_exe_08_bytes_that_are_no_text_are_an_error_and_never_an_answer(tmp_path: Path) -> None:
    source = "import sys; sys.stdout.buffer.write(b'{\"output\": \"\\x00 \\xff\\xfe\"}')"
    assert said(command(tmp_path, source)) == ["target: its answer is not UTF-8 (byte 0xff at 14)"]


def test_exe_07_one_that_sleeps_for_ever_is_killed_and_the_others_finish(tmp_path: Path) -> None:
    source = "import json, sys, time\nif 'sleep' in sys.stdin.read(): time.sleep(1000)\nprint(json.dumps({'output': 'awake'}))"
    replies = said(command(tmp_path, source, seconds=6.0, questions=[example("sleep"), example("go"), example("go")]))

    assert replies == ["target: no answer within 6 s; it was killed", "awake", "awake"]


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    (failure,) = said(ask("command", {"run": ("no-such-program",)}, code=folder(tmp_path)))
    assert failure == "target: it exited with status 126: cannot be started: [Errno 2] No such file or directory"


def test_a_program_of_the_repository_is_found_in_its_folder(tmp_path: Path) -> None:
    code = folder(tmp_path, bot="#!/bin/sh\nread line; echo '{\"output\": \"from the shell\"}'\n")
    (code / "bot").chmod(0o755)
    assert said(ask("command", {"run": ("./bot",)}, code=code)) == ["from the shell"]


def test_too_much_memory_is_the_target_s_error_also_where_children_share_it(tmp_path: Path) -> None:
    alone = "x = bytearray(200_000_000); print('{\"output\": \"fat\"}')"
    (failure,) = said(command(tmp_path, alone, memory_mb=100))
    assert "MemoryError" in failure

    together = "import os, time\nfor _ in range(4): os.fork()\nx = bytearray(30_000_000)\nx[::4096] = b'1' * len(x[::4096])\ntime.sleep(60)"
    (code := tmp_path / "code" / "main.py").write_text(together)
    (failure,) = said(ask("command", {"run": (sys.executable, "main.py"), "memory_mb": 150}, code=code.parent))
    assert failure == "target: it took too much memory and was killed"


CALLS = {
    "sync": ("def answer(input): return 'sync ' + input['user_input']", "sync why?"),
    "async": ("import asyncio\nasync def answer(input):\n    await asyncio.sleep(0)\n    return {'output': 'async ' + input['user_input']}", "async why?"),
    "two parameters": ("def answer(input, question): return question['context'][0]", "a page"),
    "a default is no second parameter": ("def answer(input, k=3): return str(k)", "3"),
    "printing is harmless": ("def answer(input):\n    print('noise')\n    return 'quiet'", "quiet"),
    "an exception": ("def answer(input): raise KeyError('no index')", "target: it reports an error: KeyError: 'no index'"),
    "no text": ("def answer(input): return 7", "target: it answered with a number, not with an object"),
    "not JSON": ("def answer(input): return {'output': {1, 2}}", "target: it reports an error: TypeError: Object of type set is not JSON serializable"),
    "not callable": ("answer = 7", "target: it reports an error: TypeError: 'int' object is not callable"),
    "not there": ("other = 7", "target: it exited with status 1:"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_callable_answers(tmp_path: Path, name: str) -> None:
    source, expected = CALLS[name]
    code = folder(tmp_path, rag__py=source)
    (answer,) = said(ask("python", {"call": "rag:answer"}, [example("why?", context=("a page",))], code=code))
    assert answer.startswith(expected)


def test_a_callable_s_module_is_the_repository_s_and_is_loaded_once(tmp_path: Path) -> None:
    code = folder(tmp_path, rag__py="import helper\ndef answer(input): return str(helper.count())", helper__py="n = 0\ndef count():\n    global n; n += 1; return n")
    assert sorted(said(ask("python", {"call": "rag:answer", "processes": 1}, [example(), example("b")], code=code))) == ["1", "2"]


@pytest.mark.parametrize(
    ("kind", "options", "problem"),
    [
        ("command", {"run": ()}, "run must name a program"),
        ("command", {"run": ("x",), "seconds": 0.0}, "seconds must be from 0.1 to 3,600, not 0"),
        ("command", {"run": ("x",), "memory_mb": 1}, "memory_mb must be from 16 to 65,536, not 1"),
        ("command", {"run": ("x",), "processes": 0}, "processes must be from 1 to 256, not 0"),
        ("command", {"run": ("x",), "env": ("GITHUB_TOKEN",)}, "env names GITHUB_TOKEN, which is the job's own: no target sees it"),
        ("command", {"run": ("x",), "env": ("INPUT_OPENAI-API-KEY",)}, "env names 'INPUT_OPENAI-API-KEY', which is no variable"),
        ("python", {"call": "rag.answer"}, "call must be `module:callable`, not 'rag.answer'"),
        ("python", {"call": "rag:answer", "interpreter": ".venv/bin/python"},
         "interpreter must be a name on PATH or an absolute path, not '.venv/bin/python'"),
        ("python", {"call": "os:system('id')"}, "call must be `module:callable`, not \"os:system('id')\""),
    ],
)
def test_options_that_cannot_be(kind: str, options: dict[str, Any], problem: str) -> None:
    assert list(TARGETS.get(kind)(**options).problems()) == [problem]  # type: ignore[attr-defined]
