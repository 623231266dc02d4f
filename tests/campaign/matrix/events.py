"""Faults of GitHub: at every route that a pull request's events use, once and for ever, when a run begins, is repeated, is reviewed or is commanded.

| phase | what is struck |
|:--|:--|
| once, throughout | the first request of the route, or all of them, when the pull request is pushed to |
| once again, throughout again | the same when the job is run a second time and everything is updated |
| once in a review, throughout in a review | the same when somebody reviews, and the verdict is worked out from stored results |
| once in a rerun, throughout in a rerun | the same when somebody comments `/evalbot rerun` |
| once without a clone, throughout without a clone | the same in a job whose workspace is empty: files are read by API |
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalbot.adapters.github import GitHubClient
from evalbot.adapters.sources import places
from tests.app.on_github import Ran, Scene
from tests.campaign.keys import disguises
from tests.campaign.matrix.cases import NOWHERE, Case, Seen
from tests.campaign.matrix.evidence import blamed, leaks, paid_twice
from tests.campaign.matrix.provider import without_waiting
from tests.campaign.matrix.pull import Models, copied
from tests.github_server import GitHubServer
from tests.repository import Repo

TOKEN = "ghs_c4naryT0kenOfTheJob987xyz"
MARKER = "<!-- evalbot:v1 "
ALL = (401, 403, 404, 409, 422, 429, 500, 502, 503, "html", "empty", "reset", "lost response", "lost connection", "secondary limit", "primary limit", "foreign redirect")
COMMON = (403, 404, 422, 429, 502, "html", "lost response", "secondary limit")
ROUTES = {
    "GET pull": "/pulls/7$", "GET compare": "/compare/", "GET checks": "/commits/[0-9a-f]+/check-runs", "GET comments": "/issues/7/comments",
    "GET branch": "/git/ref/", "POST check": "/check-runs$", "PATCH check": "/check-runs/", "POST comment": "/issues/7/comments",
    "PATCH comment": "/issues/comments/", "GET artifacts": "/actions/artifacts", "GET permission": "/permission$", "POST reaction": "/reactions",
    "GET tree": "/git/trees/", "GET blob": "/git/blobs/",
}  # fmt: skip
OPENING = ("GET pull", "GET compare", "GET checks", "GET comments", "GET branch", "POST check", "PATCH check", "POST comment", "PATCH comment")
LATER = tuple(route for route in OPENING if route != "POST comment")
WHEN = {
    "": (OPENING, ALL), " again": (LATER, COMMON), " in a review": ((*LATER, "GET artifacts"), COMMON),
    " in a rerun": (("GET permission", "POST reaction", "GET artifacts"), COMMON), " without a clone": (("GET tree", "GET blob"), COMMON),
}  # fmt: skip


def cases() -> Iterator[Case]:
    """Every fault at every route, while a pull request is measured; the common ones in what follows."""
    number = 0
    for when, (routes, faults) in WHEN.items():
        for route in routes:
            for fault in faults:
                if (route, fault) == ("GET permission", 404):
                    continue  # that is how GitHub says that somebody is a stranger
                for often in ("once", "throughout"):
                    for side in ("base", "head") if route == "GET tree" else (NOWHERE,):
                        number += 1
                        yield Case("github", str(fault), route, side, NOWHERE, often + when, planted=(number + number // 2) % 2 == 0)


def run(case: Case, folder: Path) -> Seen:
    """The event with the fault, and then a run of the job without it."""
    models = Models(frozenset({("golden", 1)}) if case.planted else frozenset())
    repo = copied(folder / "repository", "regression", planted=case.planted)
    log = io.StringIO()
    with GitHubServer(repo) as server, without_waiting(), no_github_waiting(), contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        server.token = TOKEN
        scene = Scene(folder, House(repo), server)  # type: ignore[arg-type]
        when = case.phase.partition(" ")[2]
        if when in ("again", "in a review", "in a rerun"):
            scene.opened(models)
        ran, fired = _struck(scene, case, when, models)
        first = scene.workspace / "evalbot-report/summary.json"
        faulty = blamed(first) if ran.models.paths else frozenset[str]()
        wrong = list(_while_broken(scene, case, ran))
        leaked = {*leaks(folder, log.getvalue(), TOKEN, written(server))}  # now: the next run writes over it
        healed = scene.opened(models)
        wrong += _after(scene, case, healed)
    comments = sum(comment.body.startswith(MARKER) for comment in server.comments(7, server.identity))
    told = log.getvalue()
    wrong += ["a traceback"] if "Traceback" in told else []
    green = ran.status == 0 or any("success" in found for found in wrong)
    return Seen(
        fired, ran.outputs.get("verdict", ""), ran.status, True, faulty, green, healed.outputs.get("verdict", ""), paid_twice(models),
        tuple(sorted({*leaked, *leaks(folder, told, TOKEN, written(server))})), max(0, comments - 1), tuple(wrong),
    )  # fmt: skip


def written(server: GitHubServer) -> dict[str, bytes]:
    """What stands on GitHub, as bytes by what it is."""
    said = {f"comment {comment.id}": comment.body.encode() for comment in server.said.values()}
    return said | {f"check {check.id}": json.dumps([check.title, check.summary, check.text, check.annotations]).encode() for check in server.check_runs.values()}


class House:
    """As much of a house as a scene needs."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo


def _struck(scene: Scene, case: Case, when: str, models: Models) -> tuple[Ran, int]:
    server, method, path = scene.server, case.boundary.partition(" ")[0], ROUTES[case.boundary]
    if when == "without a clone":
        scene.workspace = scene.root / "empty"
        scene.workspace.mkdir()
    if case.side != NOWHERE:
        path += server.repo.git("rev-parse", f"{'main' if case.side == 'base' else 'change'}^{{tree}}") + "|" + path + server.repo.sha("main" if case.side == "base" else "change")
    with struck(server, method, path, case) as fired:
        ran = _happened(scene, when, models)
    return ran, fired()


def _happened(scene: Scene, when: str, models: Models) -> Ran:
    if when == "in a review":
        review = scene.server.review(7, "bob", "COMMENTED")
        said = {"id": review.id, "state": "commented", "user": {"login": "bob"}, "commit_id": scene.pull.head_sha}
        return scene.event("pull_request_review", models, action="submitted", review=said, sender={"login": "bob"})
    return scene.command("bob", "/evalbot rerun", models) if when == "in a rerun" else scene.opened(models)


@contextlib.contextmanager
def struck(server: GitHubServer, method: str, path: str, case: Case) -> Iterator[Callable[[], int]]:
    """Requests of a route meet the case's fault, one or all; what is given counts them. Each error repeats the token."""
    what: Any = int(case.fault) if case.fault.isdigit() else case.fault
    body = {"message": " | ".join(["Not with", *disguises(TOKEN)])} if isinstance(what, int) else None
    server.fail(method, path, what, times=1 if case.phase.startswith("once") else 1000, body=body)
    (fault,) = server._faults
    began = fault.left
    yield lambda: int(began - fault.left)
    server._faults.clear()
    server.remaining = server.limit


def _while_broken(scene: Scene, case: Case, ran: Ran) -> Iterator[str]:
    """What must not be on GitHub after the run with the fault."""
    concluded = [check.conclusion for check in scene.server.checks(scene.pull.head_sha)]
    if case.planted and "success" in concluded:
        yield "a check says success"


def _after(scene: Scene, case: Case, healed: Ran) -> Iterator[str]:
    """What must be there once a run has gone well: one comment, one word."""
    checks = scene.server.checks(scene.pull.head_sha)
    wanted = "failure" if case.planted else "success"
    if checks[-1].conclusion != wanted:
        yield f"the newest check says {checks[-1].conclusion} in the end"
    if any(check.status != "completed" for check in checks[-1:]):
        yield "the newest check is in progress for ever"
    if not any(re.match(MARKER, comment.body) for comment in scene.server.comments(7, scene.server.identity)):
        yield "there is no comment"


@contextlib.contextmanager
def no_github_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for asks in (GitHubClient.__init__, places.call):
            patched.setattr(asks, "__kwdefaults__", dict(asks.__kwdefaults__) | {"sleep": lambda seconds: None})
        yield
