"""A model server on loopback in a process of its own, cheap enough not to be what is measured.

    python -m bench.server --latency-ms 50          # prints its port, then serves until standard input ends

It speaks Chat Completions. Answers depend on the request's body only: two bodies that differ get different answers, and a
request for structured output gets a grade of 4 or 5 that depends on the example alone. Under `/control/` the benchmark
reads counts, sets the latency and fetches the bodies that came in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

_MODEL = re.compile(rb'"model":\s*"([^"]*)"')
_EXAMPLE = re.compile(rb"Order [0-9]+")
_LENGTH = re.compile(rb"\r\ncontent-length:\s*([0-9]+)", re.IGNORECASE)
_GRADING = b'"response_format"'
_PEERS_JUDGE = b'bench-judge'
_PEERS_GRADE = '{"reason": "The answer names the right menu.", "pass": true, "score": 1}\n\nGRADE: C'  # promptfoo reads one, inspect-ai the other
_SENTENCE = "Open Billing, choose Invoices and send the receipt again; it arrives within five minutes. "


@dataclass
class Seen:
    """What came in since the last reset; times are seconds of the machine's monotonic clock."""

    answers: int = 0
    gradings: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    first: float = 0.0
    last: float = 0.0
    bodies: list[bytes] = field(default_factory=list)

    def counts(self) -> dict[str, float]:
        """Everything but the bodies, and how many of those are different."""
        known = asdict(self)
        return {**known, "bodies": 0, "distinct": len(set(self.bodies))}


class Server:
    """Answers after `seconds`, each call on its own clock."""

    def __init__(self, seconds: float, answer_chars: int) -> None:
        self.seconds, self.seen = seconds, Seen()
        self.answer = (_SENTENCE * (answer_chars // len(_SENTENCE) + 1))[:answer_chars]

    def complete(self, body: bytes) -> bytes:
        """The response to one call."""
        grading = _GRADING in body
        number = crc32(body)
        if grading:
            self.seen.gradings += 1
            text = self._grade(body)
        elif _PEERS_JUDGE in body:
            self.seen.gradings += 1
            text = _PEERS_GRADE
        else:
            self.seen.answers += 1
            text = f"Answer {number:08x}. {self.answer}"
        model = _MODEL.search(body)
        return json.dumps(
            {
                "id": f"chatcmpl-{number:08x}", "object": "chat.completion", "created": 1_700_000_000,
                "model": model[1].decode() if model else "",
                "choices": [{
                    "index": 0, "finish_reason": "stop", "logprobs": None,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                }],
                "usage": {
                    "prompt_tokens": len(body) // 4, "completion_tokens": len(text) // 4,
                    "total_tokens": (len(body) + len(text)) // 4, "prompt_tokens_details": {"cached_tokens": 0},
                },
            }
        ).encode()  # fmt: skip

    def control(self, target: str) -> bytes:
        """`reset?latency_ms=`, `counts` or `bodies`, one body a line."""
        parts = urlsplit(target)
        if parts.path.endswith("/bodies"):
            return b"\n".join(self.seen.bodies)
        if parts.path.endswith("/reset"):
            self.seen = Seen()
            self.seconds = float(parse_qs(parts.query)["latency_ms"][0]) / 1000
        return json.dumps(self.seen.counts()).encode()

    def _grade(self, body: bytes) -> str:
        example = _EXAMPLE.search(body)
        score = 4 + crc32(example[0] if example else b"") % 2
        return json.dumps(
            {
                "reasoning": "The answer names the right menu and says how long it takes.",
                "strengths": ["names the menu"], "weaknesses": ["could be shorter"], "score": score,
            }
        )  # fmt: skip


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end)
        stop = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < stop:
            return
        target, body, self._buffer = self._buffer[: self._buffer.find(b"\r\n")], self._buffer[end + 4 : stop], self._buffer[stop:]
        path = target.split(b" ")[1].decode("latin-1")
        if path.startswith("/control/"):
            self._send(self._server.control(path))
        else:
            self._call(body)

    def _call(self, body: bytes) -> None:
        seen = self._server.seen
        seen.bodies.append(body)
        seen.in_flight += 1
        seen.max_in_flight = max(seen.max_in_flight, seen.in_flight)
        seen.first = seen.first or time.monotonic()
        response = self._server.complete(body)
        if self._server.seconds:
            asyncio.get_running_loop().call_later(self._server.seconds, self._answer, seen, response)
        else:
            self._answer(seen, response)

    def _answer(self, seen: Seen, response: bytes) -> None:
        seen.in_flight -= 1
        seen.last = time.monotonic()
        self._send(response)

    def _send(self, payload: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(payload)
        self._transport.write(head + payload)


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    # The benchmark's end closes our standard input, also where it is killed: no server is left behind.
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description="A loopback model server for benchmarks.")
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--answer-chars", type=int, default=400)
    options = parser.parse_args()
    asyncio.run(_serve(Server(options.latency_ms / 1000, options.answer_chars)))


if __name__ == "__main__":
    main()
