"""A JSON API on loopback whose answers a test scripts, and which keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any

    def one(self, name: str) -> str:
        """A query parameter that is there once."""
        (value,) = self.query[name]
        return value


Answer = Callable[[Asked], Any]


@dataclass
class JsonApi:
    """`answer(asked)` gives what is sent as JSON, or (status, JSON), or (status, JSON, headers), or bytes."""

    answer: Answer
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> JsonApi:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(api: JsonApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = Asked(self.command, parts.path, parse_qs(parts.query), {key.lower(): value for key, value in self.headers.items()}, json.loads(raw) if raw else None)
            api.asked.append(asked)
            found = api.answer(asked)
            status, body, headers = (*found, {})[:3] if isinstance(found, tuple) else (200, found, {})
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            head = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "content-length": str(len(data))}.items())
            self.wfile.write(f"HTTP/1.1 {status} x\r\n{head}connection: close\r\n\r\n".encode() + data)

        do_GET = do_POST = _answer  # noqa: N815 - the names of http.server

    return Handler
