"""An address as a target: what is sent, where the answer is found, and that nothing leads away from policy's host."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalbot.adapters.targets import TARGETS
from evalbot.adapters.targets.template import filled
from evalbot.config.options import at_line
from evalbot.config.targets import construct_target
from evalbot.domain.models import Reply, Usage
from tests.adapters.targets.asking import ask, example

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def served(answer: Callable[[str, dict[str, str], Any], Any]) -> Iterator[str]:
    """A server whose `answer(path, headers, body)` gives JSON, or (status, headers, bytes)."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = answer(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            status, headers, content = found if isinstance(found, tuple) else (200, {}, json.dumps(found).encode())
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_POST  # noqa: N815 - the name that http.server calls

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def one(url: str, **options: Any) -> Reply | str:
    (reply,) = ask("http", {"url": url, **options}, [example("why?", context=("a page",))], environment={})
    return reply


def test_without_a_body_the_question_is_sent_and_the_answer_object_comes_back() -> None:
    asked: list[Any] = []
    with served(lambda path, headers, body: asked.append((path, body)) or {"output": "because", "context": ["p"], "cost_usd": 0}) as url:
        reply = one(url + "/answer")

    assert asked == [("/answer", {"input": {"user_input": "why?"}, "context": ["a page"]})]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.context, reply.cost_usd) == ("because", ("p",), 0.0)


def test_a_body_is_filled_and_pointers_find_what_is_in_the_answer() -> None:
    asked: list[Any] = []
    answer = {
        "choices": [{"message": {"content": "because"}}], "hits/all": ["one", "two"], "steps": [{"name": "search"}],
        "tokens": {"input": 5, "output": 1}, "price": 0.5,
    }  # fmt: skip
    body = {"q": "{{ user_input }}", "text": "Q: {{user_input}} / {{ context }}", "all": "{{ input }}", "k": 3, "fixed": ["a"]}
    with served(lambda path, headers, body: asked.append(body) or answer) as url:
        reply = one(
            url, body=body, answer="/choices/0/message/content", context="/hits~1all", tool_calls="/steps", usage="/tokens", cost_usd="/price"
        )

    assert asked == [{"q": "why?", "text": "Q: why? / a page", "all": {"user_input": "why?"}, "k": 3, "fixed": ["a"]}]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.context, reply.usage, reply.cost_usd) == ("because", ("one", "two"), Usage(5, 1), 0.5)
    assert reply.tool_calls == ({"name": "search"},)


def test_a_body_that_is_a_text_is_json_and_a_value_cannot_leave_its_place() -> None:
    asked: list[Any] = []
    with served(lambda path, headers, body: asked.append(body) or {"output": "fine"}) as url:
        (reply,) = ask("http", {"url": url, "body": '{"q": "{{ user_input }}", "k": 3}'}, [example('why?", "k": 9, "x": "')], environment={})

    assert isinstance(reply, Reply)
    assert asked == [{"q": 'why?", "k": 9, "x": "', "k": 3}]


def test_what_was_filled_in_is_never_filled_again() -> None:
    assert filled({"a": "{{ x }} {{ y }}"}, {"x": "{{ y }}", "y": 1}) == {"a": "{{ y }} 1"}
    with pytest.raises(ValueError, match="`body` uses 'z', which the example's input does not have"):
        filled(["{{ z }}"], {})


def test_a_header_takes_a_variable_and_no_message_ever_tells_it() -> None:
    seen: list[str] = []

    def refuse(path: str, headers: dict[str, str], body: Any) -> Answer:
        seen.append(headers["authorization"])
        return 400, {}, json.dumps({"error": f"bad token {headers['authorization']}"}).encode()

    with served(refuse) as url:
        options = {"url": url, "headers": {"Authorization": "Bearer ${RAG_KEY}"}}
        (reply,) = ask("http", options, environment={"RAG_KEY": "secret-0123456789"})
        (unset,) = ask("http", options, environment={})
    assert seen == ["Bearer secret-0123456789"]
    assert "bad token Bearer [redacted]" in str(reply)
    assert unset == "target: its headers use RAG_KEY, which is not set"


def test_a_redirect_is_followed_on_the_same_host_only() -> None:
    with served(lambda *_: {"output": "elsewhere"}) as other:

        def answer(path: str, headers: dict[str, str], body: Any) -> Any:
            places = {"/away": (307, f"{other}/x"), "/here": (308, "/there"), "/turn": (303, "/there"), "/round": (307, "/round")}
            if path not in places:
                return {"output": f"{path} {body['input']['user_input']}"}
            return places[path][0], {"Location": places[path][1]}, b""

        with served(answer) as url:
            assert getattr(one(url + "/here"), "text", "") == "/there why?"
            assert "it redirects to another host ('127.0.0.1:" in str(one(url + "/away"))
            assert str(one(url + "/turn")) == "target: it redirects with HTTP 303 to '/there': give that as `url`"
            assert str(one(url + "/round")) == "target: it redirects more than 3 times"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, {}, b'{"error": "index down"}'), "server: "), ((429, {"Retry-After": "3"}, b"slow down"), "rate_limit: "),
        ((401, {}, b"{}"), "auth: "), ((404, {}, b"<html>"), "bad_request: "), ((200, {}, b"<html>"), "target: its answer is no JSON"),
        ((200, {}, b""), "target: its answer is no JSON"), ((200, {}, b'{"output": "\xff"}'), "target: its answer is no JSON"),
        ({}, "target: its answer has no 'output'"), ({"error": "no"}, "target: it reports an error: no"),
        ((200, {}, b'"' + b"x" * 5_000_000 + b'"'), "target: it answered with more than 4,194,304 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_error_of_the_right_kind(answer: Any, why: str) -> None:
    with served(lambda *_: answer) as url:
        assert str(one(url)).startswith(why)


def test_a_pointer_that_leads_nowhere() -> None:
    with served(lambda *_: {"choices": []}) as url:
        assert str(one(url, answer="/choices/0/text")) == 'target: its answer has nothing at /choices/0/text: {"choices":[]}'


def test_nobody_there_and_an_answer_that_never_comes() -> None:
    assert str(one("http://127.0.0.1:9/")).startswith("network: 127.0.0.1:9/: ConnectError")
    halt = threading.Event()
    with served(lambda *_: halt.wait(20) or {"output": "late"}) as url:
        assert str(one(url, seconds=0.3)).startswith("timeout: ")
        halt.set()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "http://rag.example/x"}, "the target: url must begin with https://; plain http is for this machine only"),
        ({"url": "http://169.254.169.254/latest"}, "the target: url is 169.254.169.254, an address that no model answers at"),
        ({"url": "https://user:pass@rag.example"}, "the target: url holds a user name or password"),
        ({"url": "file:///etc/passwd"}, "the target: url must be an address that begins with https://"),
        ({"url": "https://rag.example", "answer": "choices.0"}, "the target: answer must be a JSON pointer, which begins with /, not 'choices.0'"),
        ({"url": "https://rag.example", "context": "/hits"}, "the target: answer must say where the text is when other pointers are given"),
        ({"url": "https://rag.example", "headers": {"A": "${GITHUB_TOKEN}"}}, "the target: headers names GITHUB_TOKEN, which is the job's own"),
        ({"url": "https://rag.example", "headers": {"A b": "c"}}, "the target: headers holds 'A b', which is no header"),
        ({"url": "https://rag.example", "body": '{"n": {{ number }}}'}, "the target: body is no JSON"),
        ({"url": "https://rag.example", "method": "DELETE"}, "the target: method must be"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], problem: str) -> None:
    problems: list[Any] = []
    assert construct_target({"type": "http", **options}, at_line("evalbot.yml", 6), problems) is None
    assert str(problems[0]).startswith(f"evalbot.yml:6: {problem}")


def test_the_identity_holds_no_value_of_a_variable() -> None:
    target = TARGETS.get("http")(url="https://rag.example", headers={"Authorization": "${RAG_KEY}"})  # type: ignore[call-arg]
    assert "${RAG_KEY}" in str(target.identity())
