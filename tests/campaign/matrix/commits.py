"""Faults of GitHub while a merge group or a push is measured: at every route that these use, once and for ever.

| phase | what is struck |
|:--|:--|
| once, throughout | the first request of the route, or all of them, while the queue's commit is measured and its pull request was before |
| once afresh, throughout afresh | the same where nobody has measured the pull request |
| once at a push, throughout at a push | a push is compared with the baseline that an earlier one left; an issue is opened if it is worse |
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

from evalbot.app.baseline import baseline_file
from evalbot.domain.history import BRANCH
from tests.app.on_github import Ran, Scene
from tests.campaign.matrix.cases import NOWHERE, Case, Seen
from tests.campaign.matrix.events import COMMON, TOKEN, House, no_github_waiting, struck, written
from tests.campaign.matrix.evidence import blamed, leaks, paid_twice
from tests.campaign.matrix.provider import without_waiting
from tests.campaign.matrix.pull import Models, copied
from tests.github_server import GitHubServer

ROUTES = {
    "POST check": "/check-runs$", "PATCH check": "/check-runs/", "GET checks": "/commits/[0-9a-f]+/check-runs", "GET pull": "/pulls/7$",
    "GET artifacts": "/actions/artifacts", "GET history": "/git/ref/heads/evalbot-history", "GET comments": "/issues/7/comments",
    "GET tree": "/git/trees/", "GET blob": "/git/blobs/", "POST tree": "/git/trees$", "POST commit": "/git/commits$", "PATCH history": "/git/refs/heads/evalbot-history",
    "GET issues": "/issues$", "POST issue": "/issues$",
}  # fmt: skip
QUEUED = ("POST check", "PATCH check", "GET checks", "GET pull", "GET artifacts", "GET comments")
AFRESH = ("POST check", "PATCH check", "GET pull")
PUSHED = ("POST check", "PATCH check", "GET history", "GET tree", "GET blob", "POST tree", "POST commit", "PATCH history", "GET issues", "POST issue")
WHEN = {"": QUEUED, " afresh": AFRESH, " at a push": PUSHED}


def cases() -> Iterator[Case]:
    """The common faults at every route; an issue is opened, and an acceptance looked for, only where something is worse."""
    number = 0
    for when, routes in WHEN.items():
        for route in routes:
            for fault in COMMON:
                for often in ("once", "throughout"):
                    number += 1
                    planted = route in ("POST issue", "GET comments") or (number + number // 2) % 2 == 0
                    yield Case("commits", str(fault), route, NOWHERE, NOWHERE, often + when, planted)


def run(case: Case, folder: Path) -> Seen:
    """The event with the fault, and then without it."""
    models = Models(frozenset({("golden", 1)}) if case.planted else frozenset())
    repo = copied(folder / "repository", "regression", planted=case.planted)
    log = io.StringIO()
    with GitHubServer(repo) as server, without_waiting(), no_github_waiting(), contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        server.token = TOKEN
        server.scopes.update({"contents": "write", "issues": "write"})
        scene = Scene(folder, House(repo), server)  # type: ignore[arg-type]
        (repo.root / ".git/info/exclude").write_text("evalbot-report/\n.evalbot-cache*\n", encoding="utf-8")
        event = _Push(scene, models) if case.phase.endswith("at a push") else _Queue(scene, models, known=not case.phase.endswith("afresh"))
        with struck(server, case.boundary.partition(" ")[0], ROUTES[case.boundary], case) as fired:
            ran = event.happens()
        faulty = blamed(scene.workspace / "evalbot-report/summary.json") if ran.models.paths else frozenset[str]()
        wrong = [f"{what}, while it is broken" for what in event.too_green()] if case.planted else []
        leaked = {*leaks(folder, log.getvalue(), TOKEN, written(server))}  # now: the next run writes over it
        healed = event.happens()
        wrong += event.amiss(case)
    told = log.getvalue()
    return Seen(
        fired(), ran.outputs.get("verdict", ""), ran.status, True, faulty, ran.status == 0 or any("success" in one for one in wrong), healed.outputs.get("verdict", ""),
        paid_twice(models), tuple(sorted({*leaked, *leaks(folder, told, TOKEN, written(server))})), event.duplicates(),
        (*wrong, *(["a traceback"] if "Traceback" in told else [])),
    )  # fmt: skip


class _Queue:
    """A merge group of the pull request alone."""

    def __init__(self, scene: Scene, models: Models, *, known: bool) -> None:
        self.scene, self.models, repo = scene, models, scene.house.repo
        if known:
            scene.opened(models)
        repo.git("checkout", "--quiet", "-B", "queue", "main")
        repo.git("merge", "--quiet", "--no-ff", "--message", "queued", "change")
        self.sha, base = repo.sha(), repo.sha("main")
        self.group = {"base_sha": base, "head_sha": self.sha, "base_ref": "refs/heads/main", "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{'a' * 40}"}
        repo.git("checkout", "--quiet", "change")
        self.said = len(scene.server.said)

    def happens(self) -> Ran:
        return self.scene.event("merge_group", self.models, action="checks_requested", merge_group=self.group)

    def too_green(self) -> list[str]:
        return [f"a check says {check.conclusion}" for check in self.scene.server.checks(self.sha) if check.conclusion == "success"]

    def amiss(self, case: Case) -> list[str]:
        check = self.scene.server.checks(self.sha)[-1]
        wanted = "failure" if case.planted else "success"
        return [] if check.conclusion == wanted else [f"the newest check says {check.status} {check.conclusion} in the end"]

    def duplicates(self) -> int:
        return len(self.scene.server.said) - self.said


class _Push:
    """A push to main, which an earlier one has left a baseline for."""

    def __init__(self, scene: Scene, models: Models) -> None:
        self.scene, self.models, self.repo = scene, models, scene.house.repo
        self.repo.git("checkout", "--quiet", "main")
        self.first = self.sha = self.repo.sha()
        self.before = "0" * 40
        self.happens()
        self.before = self.first
        self.repo.git("merge", "--quiet", "--no-ff", "--message", "merged", "change")
        self.sha = self.repo.sha()

    def happens(self) -> Ran:
        return self.scene.event("push", self.models, env={"GITHUB_SHA": self.sha}, ref="refs/heads/main", before=self.before, after=self.sha, deleted=False)

    def too_green(self) -> list[str]:
        found = [f"a check says {check.conclusion}" for check in self.scene.server.checks(self.sha) if check.conclusion == "success"]
        return found + (["success for later pushes: the worse one is their baseline"] if self._baseline() == self.sha else [])

    def amiss(self, case: Case) -> list[str]:
        check, issues = self.scene.server.checks(self.sha)[-1], list(self.scene.server.issues.values())
        found = [] if check.conclusion == ("failure" if case.planted else "success") else [f"the newest check says {check.status} {check.conclusion} in the end"]
        if case.planted and not issues:
            found.append("there is no issue")
        if not case.planted and issues:
            found.append("there is an issue, and nothing is worse")
        wanted = self.first if case.planted else self.sha
        return found + ([] if self._baseline() == wanted else ["the baseline is another commit in the end"])

    def duplicates(self) -> int:
        return max(0, len(self.scene.server.issues) - 1)

    def _baseline(self) -> str:
        text = self.scene.server.commits.bytes("show", f"{BRANCH}:{baseline_file('default', 'support')}").decode()
        return str(json.loads(text.splitlines()[0])["commit"])
