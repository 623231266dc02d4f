"""A scripted model server on loopback: Chat Completions, Responses, Anthropic Messages and embeddings, with every fault.

    def answer(call):
        return "Refunds take five days." if call.schema is None else verdict(call, score=4)

    with LoopbackModels(answer) as server:
        provider = open_provider(Model("openai", "gpt-5-mini"), server.env())

`answer` gets a `Call` and returns a text, an `Answer` (how the model ended, its tokens, its name) or a `Fault` (anything
else that a server can do). It runs in the server's thread, one call at a time, so a plain list or counter in it is safe.
What it raises is raised again when the server is closed.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.loopback_wire import PATHS, Answer, Call, Json, embeddings, fill, read_call, render

__all__ = [
    "Answer", "Call", "Fault", "LoopbackModels", "bad_request", "content_filter", "cut", "default_answer", "drip", "echo",
    "empty", "fill", "forbidden", "hang", "html", "later", "no_choices", "nothing", "over_length", "overloaded", "payment_required",
    "quota", "rate_limited", "redirect", "refusal", "rejects_param", "reset", "server_error", "status", "truncated",
    "unauthorized", "verdict", "wrong_model",
]  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Bytes of your own instead of an answer: a status, a body, headers, and how they arrive.

    `seconds` passes before anything is sent. `drip` sends one byte each so many seconds. `reset` tears the connection
    down (RST). `cut` sends half of the body and closes. `hang` never says anything.
    """

    status: int = 200
    body: bytes | str | Json = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drip: float = 0.0
    reset: bool = False
    cut: bool = False
    hang: bool = False

    @property
    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


Script = Callable[[Call], "str | Answer | Fault"]


# What a model can do


def echo(call: Call) -> str:
    """Something deterministic that depends on the whole conversation."""
    return f"{call.model} heard: {call.system} | {call.user}"


def verdict(call: Call, **fields: Json) -> str:
    """An answer that fits the schema that was asked for, with these fields set and all others filled in."""
    filled = fill(call.schema or {"type": "object"})
    return json.dumps({**(filled if isinstance(filled, dict) else {}), **fields})


def default_answer(call: Call) -> str:
    """A verdict where a schema was asked for, else an echo."""
    return echo(call) if call.schema is None else verdict(call)


def truncated(text: str = "half an ans") -> Answer:
    return Answer(text, finish="length")


def refusal(text: str = "I can't help with that.") -> Answer:
    return Answer(text, finish="refusal")


def content_filter(text: str = "") -> Answer:
    return Answer(text, finish="content_filter")


def empty() -> Answer:
    return Answer("")


def wrong_model(name: str = "some-other-model", text: str = "hello") -> Answer:
    return Answer(text, model=name)


def later(seconds: float, answer: str | Answer | Fault = "at last") -> Answer | Fault:
    """The same answer, so many seconds later."""
    return replace(Answer(answer) if isinstance(answer, str) else answer, seconds=seconds)


# What a server can do


def status(number: int, message: str = "it went wrong", kind: str = "server_error", /, **error: Json) -> Fault:
    """An error in the shape that both vendors' SDKs understand."""
    body: Json = {"type": "error", "error": {"message": message, "type": kind, "code": None, "param": None, **error}}
    return Fault(number, body)


def rate_limited(retry_after: str | float | None = None, retry_after_ms: float | None = None) -> Fault:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    if retry_after_ms is not None:
        headers["retry-after-ms"] = str(retry_after_ms)
    return replace(status(429, "slow down", "rate_limit_error", code="rate_limit_exceeded"), headers=headers)


def quota() -> Fault:
    return status(429, "You exceeded your current quota", "insufficient_quota", code="insufficient_quota")


def unauthorized() -> Fault:
    return status(401, "Incorrect API key provided", "authentication_error", code="invalid_api_key")


def forbidden() -> Fault:
    return status(403, "not allowed", "permission_error")


def payment_required() -> Fault:
    return status(402, "billing", "billing_error")


def server_error(code: int = 500) -> Fault:
    return status(code)


def overloaded() -> Fault:
    return status(529, "Overloaded", "overloaded_error")


def bad_request(message: str = "what is this?", **error: Json) -> Fault:
    return status(400, message, "invalid_request_error", **error)


def rejects_param(name: str, message: str | None = None, code: str = "unsupported_parameter") -> Fault:
    return bad_request(
        message or f"Unsupported parameter: '{name}' is not supported with this model.", param=name, code=code
    )


def over_length(call: Call) -> Fault:
    """The context is too long, as each vendor says it."""
    if call.wire == "anthropic":
        return bad_request("prompt is too long: 210000 tokens > 200000 maximum")
    return bad_request(
        "This model's maximum context length is 128000 tokens.", code="context_length_exceeded", param="messages"
    )


def nothing() -> Fault:
    """HTTP 200 with `{}`."""
    return Fault(200, {})


def no_choices(call: Call) -> Fault:
    """HTTP 200, well formed, and the part with the answer is null."""
    key = {"chat": "choices", "responses": "output"}.get(call.wire, "content")
    return Fault(
        200, {"id": "x", "object": "chat.completion", "type": "message", "model": call.model, "created": 1, key: None}
    )


def html(code: int = 200) -> Fault:
    return Fault(code, "<html><body>Please sign in</body></html>", {"content-type": "text/html"})


def redirect(url: str, code: int = 307) -> Fault:
    return Fault(code, b"", {"location": url})


def reset() -> Fault:
    return Fault(reset=True)


def cut() -> Fault:
    return Fault(200, {"choices": "x" * 200}, cut=True)


def hang() -> Fault:
    return Fault(hang=True)


def drip(seconds: float = 0.02, body: Json = None) -> Fault:
    """One byte each so many seconds: no read timeout ever fires."""
    return Fault(200, body if body is not None else {"padding": "x" * 100_000}, drip=seconds)


class LoopbackModels:
    """The server, in a thread of its own between `with` and its end.

    `calls` are all calls so far, in order; `max_in_flight` is the most that were unanswered at once; `models` is what
    `GET /v1/models` lists. `others` answer further paths: query, headers, body → answer. `paths` are all paths that were asked for, known or not: "nothing arrived" means it is empty.
    """

    OPENAI_KEY = "sk-test-0penA1-q7Zr2mVx9KbT4wLc8NdY"
    ANTHROPIC_KEY = "sk-ant-test-h3Jf6PsW1gQe5RuX0oMi7BvD"

    def __init__(
        self, answer: Script = default_answer, models: tuple[str, ...] = ("gpt-5-mini", "claude-sonnet-5")
    ) -> None:
        self.answer, self.models = answer, models
        self.calls: list[Call] = []
        self.paths: list[str] = []
        self.others: dict[str, Callable[[str, dict[str, str], bytes], Fault]] = {}
        self.errors: list[Exception] = []
        self.in_flight = self.max_in_flight = 0
        self.connections: set[_Connection] = set()
        self.connected = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopback-models", daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def env(self) -> dict[str, str]:
        """The environment that sends both providers here."""
        return {
            "OPENAI_API_KEY": self.OPENAI_KEY, "OPENAI_BASE_URL": f"{self.url}/v1",
            "ANTHROPIC_API_KEY": self.ANTHROPIC_KEY, "ANTHROPIC_BASE_URL": self.url,
        }  # fmt: skip

    def __enter__(self) -> LoopbackModels:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self._socket.getsockname()[1]
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        if kind is None and self.errors:
            raise self.errors[0]

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(lambda: _Connection(self, self._loop), sock=self._socket)
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        while self.connections:
            await asyncio.sleep(0)

    def respond(self, method: str, path: str, headers: dict[str, str], raw: bytes) -> Fault:
        """What to send back for a request, as bytes."""
        bare, _, query = path.partition("?")
        self.paths.append(bare)
        if bare in self.others:
            return self.others[bare](query, headers, raw)
        path = bare
        wire = PATHS.get(path.removeprefix("/v1"))
        if method == "GET" and wire == "models":
            return Fault(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        if method != "POST" or wire is None or wire == "models":
            return status(404, f"no such path: {method} {path}", "not_found_error")
        try:
            call = read_call(wire, len(self.calls) + 1, path, headers, raw)
            self.calls.append(call)
            reply = "" if wire == "embeddings" and self.answer is default_answer else self.answer(call)
            if isinstance(reply, Fault):
                return reply
            if wire == "embeddings":
                return Fault(200, embeddings(call))
            said = Answer(reply) if isinstance(reply, str) else reply
            return Fault(200, render(call, said), seconds=said.seconds)
        except Exception as error:
            self.errors.append(error)
            return status(500, f"the test's script failed: {error!r}")


class _Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection; requests on it are answered one after the other."""

    def __init__(self, server: LoopbackModels, loop: asyncio.AbstractEventLoop) -> None:
        self.server, self.loop = server, loop
        self.buffer = bytearray()
        self.busy = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.server.connections.add(self)
        self.server.connected += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        self._done()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.busy:
            self._next()

    def _next(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(self.buffer) < end + 4 + length:
            return
        raw = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        method, path, _ = first.split(" ")
        self.busy = True
        self.server.in_flight += 1
        self.server.max_in_flight = max(self.server.max_in_flight, self.server.in_flight)
        reply = self.server.respond(method, path, headers, raw)
        if reply.seconds > 0:
            self.loop.call_later(reply.seconds, self._send, reply)
        else:
            self._send(reply)

    def _send(self, reply: Fault) -> None:
        if self.transport.is_closing() or reply.hang:
            return
        if reply.reset:
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.transport.abort()
            return
        payload = reply.payload
        headers = {"content-type": "application/json", "content-length": str(len(payload)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {reply.status} Scripted\r\n{lines}\r\n".encode("latin-1")
        if reply.cut:
            self.transport.write(head + payload[: len(payload) // 2])
            self.transport.close()
        elif reply.drip:
            self.transport.write(head)
            self._drip(payload, 0, reply.drip)
        else:
            self.transport.write(head + payload)
            self._done()
            self._next()

    def _drip(self, payload: bytes, at: int, seconds: float) -> None:
        if self.transport.is_closing() or at >= len(payload):
            self._done()
            return
        self.transport.write(payload[at : at + 1])
        self.loop.call_later(seconds, self._drip, payload, at + 1, seconds)

    def _done(self) -> None:
        if self.busy:
            self.busy = False
            self.server.in_flight -= 1
