"""A GitHub on loopback: one repository, backed by real git, with real paging, limits, scopes and every fault.

    with GitHubServer(Repo(tmp_path)) as server:
        pull = server.open_pull("feature")
        server.roles["bob"] = "write"
        server.say(pull.number, "bob", "/evalbot help")
        client = GitHubClient(server.token, server.url, server.name)

Each request and each answer is checked against GitHub's published description; what differs is raised when the server
closes. `fail` scripts faults, `on` runs a test's own code in the middle of a request, `requests` is what was asked.
Time stands at 2026-11-23T07:00:00Z and moves one second with each request.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests import github_writing  # noqa: F401 - registers its endpoints
from tests.github_openapi import Operation, description
from tests.github_routes import ENDPOINTS, Answer, Asked, Problem
from tests.github_shapes import Shapes
from tests.github_state import Artifact, Check, Commits, Issue, IssueComment, Pull, PullReview, Run, iso, zipped
from tests.repository import Repo

__all__ = ["DOCUMENTED", "EVIL", "GitHubServer", "Request"]

Json = Any
DOCUMENTED = {"contents": "read", "pull_requests": "write", "checks": "write", "actions": "read"}
EVIL = "http://evil.example"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
START = 1_795_417_200  # 2026-11-23T07:00:00Z


@dataclass(frozen=True)
class Request:
    """One request as a test sees it. `path` is without the prefix of the API and without its query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: Json
    status: int = 0

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Fault:
    method: str
    path: re.Pattern[str]
    what: int | str
    headers: Mapping[str, str]
    body: Json
    left: float


@dataclass
class Sent:
    """What goes over the wire; no status: the connection is torn down."""

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class GitHubServer:
    """One repository. Everything that is not underscored may be read and set by a test at any time.

    Args:
        repo: Where its commits are. A fork's commits live there too, as they do at GitHub.
        name: owner/name.
        prefix: The API's path, "/api/v3" for an enterprise server.
    """

    def __init__(self, repo: Repo, name: str = "acme/shop", prefix: str = "") -> None:
        self.name, self._prefix, self.repo = name, prefix, repo
        self.token, self.identity, self.app = "ghs_loopback0123456789", "github-actions[bot]", "github-actions"
        self.scopes: dict[str, str] = dict(DOCUMENTED)
        self.private, self.owner_type, self.default_branch = False, "Organization", "main"
        self.comment_characters, self.comment_bytes, self.most_entries = 65_536, 262_144, 100_000
        self.now, self.limit, self.remaining = START, 1000, 1000
        self.roles: dict[str, str] = {}
        self.strangers: set[str] = set()
        self.pulls: dict[int, Pull] = {}
        self.said: dict[int, IssueComment] = {}
        self.issues: dict[int, Issue] = {}
        self.reviews: list[PullReview] = []
        self.check_runs: dict[int, Check] = {}
        self.runs: dict[int, Run] = {}
        self.artifacts: dict[int, Artifact] = {}
        self.requests: list[Request] = []
        self.downloads: list[Request] = []
        self.problems: list[str] = []
        self.commits, self.shapes = Commits(repo), Shapes(self)
        self._faults: list[Fault] = []
        self._hooks: list[tuple[str, re.Pattern[str], Callable[[], object]]] = []
        self._ids, self._lock = count(1001), threading.RLock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.url, self.storage_url = self.origin + prefix, f"{self.origin}/_storage"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> GitHubServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if kind is None and self.problems:
            raise AssertionError("not as GitHub describes its API:\n" + "\n".join(self.problems))

    # What people and other workflows do

    def open_pull(self, head: str, *, number: int | None = None, base: str = "main", author: str = "ada", fork: str | None = None) -> Pull:
        """A pull request of a branch or sha; `fork` is the repository that head lives in."""
        number = number or max(self.pulls, default=6) + 1
        shas = self.repo.sha(base), self.repo.sha(head)
        self.pulls[number] = Pull(number, author, base, shas[0], head, shas[1], fork or self.name, created_at=self.time())
        return self.pulls[number]

    def say(self, number: int, author: str, body: str) -> IssueComment:
        """A comment, by anyone."""
        comment = IssueComment(next(self._ids), number, author, body, self.time(), self.time())
        self.said[comment.id] = comment
        return comment

    def open_issue(self, title: str, body: str = "", labels: Iterable[str] = (), author: str | None = None) -> Issue:
        """An issue, by us unless somebody else is named."""
        number = max([100, *self.issues]) + 1
        self.issues[number] = Issue(number, author or self.identity, title, body, list(labels), self.time(), self.time())
        return self.issues[number]

    def edit(self, comment: int, body: str) -> None:
        """An edit a second later, by anyone."""
        self.now += 1
        said = self.said[comment]
        said.body, said.updated_at, said.edits = body, self.time(), said.edits + 1

    def review(self, number: int, author: str, state: str = "APPROVED", sha: str | None = None) -> PullReview:
        """A review, on the head commit unless another is named."""
        review = PullReview(next(self._ids), number, author, state, sha or self.pulls[number].head_sha, self.time())
        self.reviews.append(review)
        return review

    def add_check(self, sha: str, name: str, **fields: Json) -> Check:
        """A check that this token's app wrote, unless `app` names another."""
        check = Check(next(self._ids), name, sha, **({"app": self.app} | fields))
        self.check_runs[check.id] = check
        return check

    def add_run(self, number: int, workflow: str = ".github/workflows/evalbot.yml", *, sha: str = "", **fields: Json) -> Run:
        """A workflow run; fields as in `Run`."""
        known = {"head_sha": sha or self.repo.sha(), "head_branch": "main", "head_repository": self.name}
        self.runs[number] = Run(number, workflow, **(known | fields))
        return self.runs[number]

    def add_artifact(self, name: str, files: Mapping[str, str | bytes] | bytes, run: int, *, expired: bool = False) -> Artifact:
        """An artifact of a run that is known already."""
        artifact = Artifact(next(self._ids), name, run, zipped(files), self.time(), expired)
        self.artifacts[artifact.id] = artifact
        return artifact

    # What a test reads

    def comments(self, number: int, author: str | None = None) -> list[IssueComment]:
        """Comments of a pull request, oldest first."""
        return [comment for comment in self.said.values() if comment.number == number and author in (None, comment.author)]

    def checks(self, sha: str) -> list[Check]:
        """Checks on a commit, oldest first."""
        return [check for check in self.check_runs.values() if check.head_sha == sha]

    @property
    def writes(self) -> list[Request]:
        """Requests that were no GET."""
        return [request for request in self.requests if request.writes]

    def asked(self, method: str, path: str) -> list[Request]:
        """Requests of this method whose path holds this regular expression."""
        return [request for request in self.requests if request.method == method and re.search(path, request.path)]

    def time(self) -> str:
        """Now, as GitHub writes it."""
        return iso(self.now)

    # What goes wrong

    def fail(
        self, method: str, path: str, what: int | str, *, times: float = 1, headers: Mapping[str, str] | None = None, body: Json = None
    ) -> None:
        """Fail the next `times` requests of a method ("*": any) whose path holds a regular expression.

        `what` is a status, or: "lost response" (done, but 502 comes back), "lost connection" (done, then torn down),
        "reset" (torn down, not done), "html" and "empty" (200 with a page, with `{}`), "secondary limit", "primary limit",
        "foreign next" (Link leads to another host), "foreign redirect" (301 to one).
        """
        self._faults.append(Fault(method, re.compile(path), what, headers or {}, body, times))

    def on(self, method: str, path: str, act: Callable[[], object]) -> None:
        """Run a test's own code once, just before the next such request is answered: a race, at will."""
        self._hooks.append((method, re.compile(path), act))

    def silence(self) -> None:
        """Forget hooks that have not run."""
        with self._lock:
            self._hooks = []

    # How it answers

    def answer(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Sent:
        """One request, one answer; requests are answered one after the other."""
        path, _, query = target.partition("?")
        asked = Request(method, path.removeprefix(self._prefix), dict(parse_qsl(query)), headers, json.loads(raw) if raw else None)
        self._run_hooks(asked)  # before it is our turn: a hook may itself be a whole run that asks this server
        with self._lock:
            self.now += 1
            if path.startswith("/_storage/"):
                self.downloads.append(asked)
                return self._stored(path)
            if not path.startswith(self._prefix):
                return self._json(404, {"message": "Not Found"})
            sent = self._with_faults(asked)
            self.requests.append(replace(asked, status=sent.status or 0))
            return sent

    def _run_hooks(self, asked: Request) -> None:
        with self._lock:
            mine = [hook for hook in self._hooks if hook[0] in ("*", asked.method) and hook[1].search(asked.path)]
            self._hooks = [hook for hook in self._hooks if hook not in mine]
        for _, _, act in mine:
            act()

    def _with_faults(self, asked: Request) -> Sent:
        fault = next((f for f in self._faults if f.left > 0 and f.method in ("*", asked.method) and f.path.search(asked.path)), None)
        if fault is None:
            return self._without_faults(asked)
        fault.left -= 1
        sent = self._faulty(fault, asked)
        sent.headers.update(fault.headers)
        return sent

    def _faulty(self, fault: Fault, asked: Request) -> Sent:
        if isinstance(fault.what, int):
            return self._json(fault.what, fault.body if fault.body is not None else {"message": f"It went wrong ({fault.what})"})
        match fault.what:
            case "lost response":
                self._without_faults(asked)
                return self._json(502, {"message": "Server Error"})
            case "lost connection":
                self._without_faults(asked)
                return Sent(None)
            case "reset":
                return Sent(None)
            case "html":
                return Sent(200, b"<html>Sign in to the proxy</html>", {"Content-Type": "text/html"})
            case "empty":
                return self._json(200, {})
            case "secondary limit":
                return self._json(403, {"message": SECONDARY})
            case "primary limit":
                self.remaining = 0
                return self._json(403, {"message": "API rate limit exceeded for installation ID 1."})
            case "foreign next":
                sent = self._without_faults(asked)
                sent.headers["Link"] = sent.headers.get("Link", f'<{self.url}/x?page=2>; rel="next"').replace(self.url, EVIL)
                return sent
            case "foreign redirect":
                return Sent(301, b"{}", {"Location": f"{EVIL}{asked.path}"})
        raise ValueError(f"no such fault: {fault.what}")

    def _without_faults(self, asked: Request) -> Sent:
        found = description().find(asked.method, asked.path)
        if found is None or (asked.method, found[0].template) not in ENDPOINTS:
            self.problems.append(f"{asked}: no endpoint that this server knows")
            return self._json(404, {"message": "Not Found"})
        operation, parameters = found
        wrong = [f"{asked}: {problem}" for problem in description().request_problems(operation, asked.query, asked.body)]
        self.problems += wrong
        if wrong:
            return self._json(422, {"message": "Invalid request."})
        try:
            answer = self._permitted(operation, parameters, asked)
        except Problem as problem:
            return self._json(problem.status, problem.body | {"status": str(problem.status)}, self._wanted(operation))
        body, links = self._paged(answer, asked)
        if answer.status not in (204, 302):
            self.problems += [f"answer to {asked}: {p}" for p in description().response_problems(operation, answer.status, body)]
        return self._json(answer.status, body, {**answer.headers, **links})

    def _permitted(self, operation: Operation, parameters: Mapping[str, str], asked: Request) -> Answer:
        if asked.headers.get("authorization", "").partition(" ")[2] != self.token:
            raise Problem(401, "Bad credentials")
        scopes, endpoint = ENDPOINTS[operation.method, operation.template]
        if operation.template.startswith("/repos") and f"{parameters['owner']}/{parameters['repo']}" != self.name:
            raise Problem(404, "Not Found")
        if scopes and not any(self._grants(*scope.split("=")) for scope in scopes):
            raise Problem(403, "Resource not accessible by integration")
        return endpoint(self, Asked(parameters, asked.query, asked.body))

    def _grants(self, name: str, level: str) -> bool:
        return self.scopes.get(name, "none") in ("write", level)

    def _wanted(self, operation: Operation) -> dict[str, str]:
        scopes, _ = ENDPOINTS[operation.method, operation.template]
        return {"X-Accepted-GitHub-Permissions": "; ".join(scopes) or "metadata=read"}

    def _paged(self, answer: Answer, asked: Request) -> tuple[Json, dict[str, str]]:
        if answer.items is None:
            return answer.body, {}
        size, page = min(int(asked.query.get("per_page", 30)), 100), int(asked.query.get("page", 1))
        items: Sequence[Json] = answer.items[(page - 1) * size : page * size]
        last = max(1, -(-len(answer.items) // size))
        numbers = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = (("prev", "first") if page > 1 else ()) + (("next", "last") if page < last else ())
        url = f"{self.url}{asked.path}"
        links = ", ".join(f'<{url}?{urlencode({**asked.query, "page": numbers[name]})}>; rel="{name}"' for name in wanted)
        body = {**answer.body, answer.under: list(items)} if answer.under else list(items)
        return body, {"Link": links} if links else {}

    def _stored(self, path: str) -> Sent:
        found = re.fullmatch(r"/_storage/(\d+)\.zip", path)
        if found is None or int(found[1]) not in self.artifacts:
            return Sent(404)
        return Sent(200, self.artifacts[int(found[1])].content, {"Content-Type": "application/zip"})

    def _json(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> Sent:
        self.remaining = max(0, self.remaining - 1)
        limits = {"limit": self.limit, "remaining": self.remaining, "used": self.limit - self.remaining, "reset": self.now + 3600}
        known = {f"X-RateLimit-{name.title()}": str(value) for name, value in limits.items()}
        content = b"" if body is None else json.dumps(body).encode()
        return Sent(status, content, {"Content-Type": "application/json; charset=utf-8", **known, **(headers or {})})


def _handler(server: GitHubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def log_message(self, *_: object) -> None: ...

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                sent = server.answer(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, raw)
            except Exception as error:
                server.problems.append(f"{self.command} {self.path}: {error!r}")
                sent = Sent(500)
            if sent.status is None:
                self.close_connection = True
                return
            date = self.date_time_string(server.now)
            self.send_response_only(sent.status)
            for name, value in ({"Date": date} | sent.headers | {"Content-Length": str(len(sent.body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent.body)
            self.wfile.flush()

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    return Handler
