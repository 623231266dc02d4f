"""Git over HTTP on loopback, as GitHub serves it: git's own `http-backend` behind a server that wants a token.

    with GitHttp(repo, token="ghs_1") as git:
        repo.git("clone", "--depth=1", git.url, ...)

Any commit may be asked for by its sha, reachable or not, as at GitHub. `asked` holds the requests, `refused` those without
the token.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.repository import Repo

NAME = "acme/shop"


class GitHttp:
    """One repository; without a token everybody may read it."""

    def __init__(self, repo: Repo, token: str = "") -> None:
        self.repo, self.token = repo, token
        self.asked: list[str] = []
        self.refused: list[str] = []
        repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.server = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.url = f"{self.server}/{NAME}"

    def __enter__(self) -> GitHttp:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def signed_in(self) -> tuple[str, ...]:
        """git's options for one command that may read."""
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return ("-c", f"http.extraheader=AUTHORIZATION: basic {basic}") if self.token else ()

    def checkout(self, folder: Path, head: str = "change", base: str = "main", number: int = 7) -> Path:
        """As actions/checkout does it on a pull request: the merge commit alone, and no credentials left behind."""
        repo, merge = self.repo, f"refs/pull/{number}/merge"
        repo.switch(base).branch("merged").git("merge", "--quiet", "--no-ff", "--no-edit", head)
        repo.git("update-ref", merge, repo.sha("merged"))
        repo.switch(head).git("branch", "-D", "merged")
        repo.git("init", "--quiet", str(folder))
        there = ("-C", str(folder))
        repo.git(*there, "remote", "add", "origin", self.url)
        repo.git(*there, *self.signed_in, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{merge}:refs/remotes/pull/merge")
        repo.git(*there, "checkout", "--quiet", "--force", "refs/remotes/pull/merge")
        return folder

    def allows(self, header: str) -> bool:
        """Whether a request may read: the token comes as a password, as GitHub wants it."""
        kind, _, value = header.partition(" ")
        return not self.token or (kind.lower() == "basic" and base64.b64decode(value) == f"x-access-token:{self.token}".encode())

    def answer(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> bytes:
        """What git's own CGI program says to a request."""
        variables = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.repo.root), "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": method,
            "PATH_INFO": path.removeprefix(f"/{NAME}").removeprefix(".git").replace("/", "/.git/", 1), "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("content-type", ""), "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""), "GIT_PROTOCOL": headers.get("git-protocol", ""),
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip
        return subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, check=False).stdout


def _handler(server: GitHttp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append(f"{self.command} {self.path}")
            if not server.allows(self.headers.get("Authorization", "")):
                server.refused.append(self.path)
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
                self.end_headers()
                return
            said = server.answer(self.command, path, query, {k.lower(): v for k, v in self.headers.items()}, body)
            head, _, content = said.partition(b"\r\n\r\n")
            lines = [line.decode().split(": ", 1) for line in head.split(b"\r\n")]
            status = next((int(value.split()[0]) for name, value in lines if name == "Status"), 200)
            self.send_response(status)
            for name, value in lines:
                if name != "Status":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

    return Handler
