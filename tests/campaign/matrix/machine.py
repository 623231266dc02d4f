"""Faults of the machine: kills, signals, full disks, too little memory, clocks that jump, at a chosen call, request to GitHub or line that is written.

| phase | what is struck |
|:--|:--|
| first, middle, last | the call of that row of the partition, or the line of the journal that holds it |
| confirmation | the first fresh answer (or its grade) after a first failure |
| a route of GitHub | just before the request is answered: the machine ends while the run publishes |
| opened, written | the file cannot be opened, or not be written to |

Signals and limits are the kernel's, set from outside on a child that was forked for the case; a file's own trouble is a wrapper of `open`.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any

from tests.app.on_github import Ran, Scene
from tests.campaign.matrix.cases import NOWHERE, Case, Seen
from tests.campaign.matrix.child import Child
from tests.campaign.matrix.events import MARKER, ROUTES, TOKEN, House
from tests.campaign.matrix.evidence import blamed, leaks, paid_twice
from tests.campaign.matrix.pull import IN_FLIGHT, Models, Place, copied, row_at
from tests.github_server import GitHubServer
from tests.loopback import Call, LoopbackModels

SIGNALS = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT, "terminate": signal.SIGTERM}
LIMITS = {"disk full": resource.RLIMIT_FSIZE, "memory": resource.RLIMIT_AS, "no descriptors": resource.RLIMIT_NOFILE}
CLOCKS = {"clock an hour ahead": 3600.0, "clock a day ahead": 86_400.0, "clock an hour back": -3600.0}
TROUBLES = {"no space": errno.ENOSPC, "read-only": errno.EROFS, "quota used up": errno.EDQUOT, "broken disk": errno.EIO}
FILES = ("summary.json", "comment.md", "junit.xml", "report.html", "examples.jsonl", "cache")
RUNNERS = {"outputs": "output", "step summary": "summary"}  # the runner's own files, by what it calls them here
PUBLISHING = ("POST check", "GET compare", "GET comments", "POST comment", "GET pull", "PATCH check", "PATCH comment")
PHASES = ("first", "middle", "last", "confirmation")


def cases(family: str = "machine") -> Iterator[Case]:
    """Signals, limits and clocks at calls; signals while publishing; troubles of single files.

    Those without memory are the family "memory", those of the runner's own files the family "runner".
    """
    for number, parts in enumerate(_crossed()):
        if family == {"memory": "memory"}.get(parts[0], "runner" if parts[1] in RUNNERS else "machine"):
            yield Case(family, *parts, planted=(number + number // 4) % 2 == 0)  # or it would go with the phase


def _crossed() -> Iterator[tuple[str, str, str, str, str]]:
    sides, partitions = ("base", "head"), ("golden", "regression")
    struck = product((*SIGNALS, *LIMITS, *CLOCKS), ("answer", "judge"), sides, partitions, PHASES)
    lines = product(TROUBLES, ("results.jsonl",), sides, partitions, ("first", "middle", "last"))
    ended = product(SIGNALS, PUBLISHING, (NOWHERE,), (NOWHERE,), ("publishing",))
    return chain(struck, lines, ended, product(TROUBLES, (*FILES, *RUNNERS), (NOWHERE,), (NOWHERE,), ("opened", "written")))


@dataclass
class Strike:
    """Does the case's fault to the child when the call that the case names comes in, once."""

    case: Case
    child: Child
    fired: int = 0

    def __call__(self, call: Call, place: Place) -> Any:
        case = self.case
        here = (place.boundary, place.side, place.partition, place.row) == (case.boundary, case.side, case.partition, row_at(case.partition, case.phase))
        if here and not self.fired and (place.take > 1) is (case.phase == "confirmation"):
            self.act()
        return None

    def act(self) -> None:
        self.fired += 1
        fault, pid = self.case.fault, self.child.pid
        if fault in SIGNALS:
            os.kill(pid, SIGNALS[fault])
        elif fault in LIMITS:
            _, hard = resource.prlimit(pid, LIMITS[fault])
            resource.prlimit(pid, LIMITS[fault], (1 if fault != "no descriptors" else 4, hard))
        else:
            self.child.forward(CLOCKS[fault])


def run(case: Case, folder: Path) -> Seen:
    """A command or a job in a child, with the fault, and the same again without it."""
    return _publishing(case, folder) if case.boundary in ROUTES or case.boundary in RUNNERS else _checking(case, folder)


def _may_be_lost(case: Case) -> int:
    """Calls that may have to be made again.

    What was in flight at a kill; of each open row the answer and the grade where nothing can be written any more; and where there is
    no memory at all, whatever arrives and cannot be received.
    """
    if case.fault == "memory":
        return 1000
    return 0 if case.fault in CLOCKS else 2 * IN_FLIGHT if case.fault in LIMITS or case.fault in TROUBLES else IN_FLIGHT


def _models(case: Case) -> Models:
    partition = case.partition if case.partition != NOWHERE else "golden"
    at = partition, row_at(partition, case.phase)
    return Models(frozenset([at]) if case.planted else frozenset(), None if case.planted or case.phase != "confirmation" else at)


def _checking(case: Case, folder: Path) -> Seen:
    models = _models(case)
    repo = copied(folder / "repository", "regression", planted=case.planted)
    (repo.root / ".git/info/exclude").write_text("evalbot-report/\n.evalbot-cache/\n", encoding="utf-8")
    trouble = (case.fault, case.boundary, case.phase, case.side, case.partition, row_at(case.partition, case.phase)) if case.fault in TROUBLES else None
    report = repo.root / "evalbot-report"
    with LoopbackModels(models) as server:

        def ran(name: str, trouble: Any) -> tuple[int, str, int]:
            child = Child(folder, name, {"PATH": os.environ["PATH"], "HOME": str(folder), **server.env()}, repo.root, trouble)
            strike = Strike(case, child)
            if name == "broken" and trouble is None:
                models.strike = strike
            status = child.ended()
            models.strike = lambda call, place: None
            return status, verdict_of(report), child.troubles() if trouble else strike.fired

        status, verdict, fired = ran("broken", trouble)
        faulty, complete = blamed(report / "summary.json"), models.complete("judge", "regression")
        leaked = leaks(folder, "")
        if verdict:
            (report / "summary.json").unlink()
        _, healed, _ = ran("healed", None)
    told = "".join((folder / f"{name}.log").read_text(encoding="utf-8", errors="replace") for name in ("broken", "healed"))
    if not verdict and case.boundary in FILES:
        verdict = {0: "pass", 1: "fail"}.get(status, "")  # what cannot be written cannot be read; the status says it
    return Seen(
        fired, verdict, status, complete, faulty, status == 0, healed, paid_twice(models, _may_be_lost(case)),
        tuple({*leaked, *leaks(folder, told)}), wrong=("a traceback",) if "Traceback" in told and case.fault != "memory" else (),  # asyncio logs each read that got no memory
    )  # fmt: skip


def verdict_of(report: Path) -> str:
    """The verdict in the summary; "" where there is none, or only a part of one."""
    import json

    try:
        return str(json.loads((report / "summary.json").read_text(encoding="utf-8"))["verdict"])
    except (OSError, ValueError, KeyError):
        return ""


def _publishing(case: Case, folder: Path) -> Seen:
    models = _models(case)
    repo = copied(folder / "repository", "regression", planted=case.planted)
    with GitHubServer(repo) as server, LoopbackModels(models) as answers:
        server.token = TOKEN
        scene = Scene(folder, House(repo), server)  # type: ignore[arg-type]

        fired: list[int] = []

        def job(name: str, arm: Callable[[Child], None], trouble: Any = None) -> Ran:
            place, environment = scene.job("pull_request", action="synchronize", sender={"login": "ada"})
            child = Child(folder, name, environment | {"PATH": os.environ["PATH"], "HOME": str(folder), **answers.env()}, repo.root, trouble, action=True, before=arm)
            ran = Ran(child.ended(), place, answers)
            fired.extend([1] * child.troubles() if trouble else [])
            return ran

        def arm(child: Child) -> None:
            if case.boundary in RUNNERS:
                return

            def act() -> None:
                fired.append(1)
                os.kill(child.pid, SIGNALS[case.fault])

            server.on(case.boundary.partition(" ")[0], ROUTES[case.boundary], act)

        broken = job("broken", arm, (case.fault, RUNNERS[case.boundary], case.phase, "", "golden", 0) if case.boundary in RUNNERS else None)
        faulty, complete = blamed(repo.root / "evalbot-report/summary.json"), models.complete("judge", "regression")
        green = any(check.conclusion == "success" for check in server.checks(scene.pull.head_sha))
        healed = job("healed", lambda child: None)
        checks = server.checks(scene.pull.head_sha)
    comments = sum(comment.body.startswith(MARKER) for comment in server.comments(7, server.identity))
    told = "".join((folder / f"{name}.log").read_text(encoding="utf-8", errors="replace") for name in ("broken", "healed"))
    wrong = ["a traceback"] if "Traceback" in told else []
    wrong += [] if checks[-1].conclusion == ("failure" if case.planted else "success") else [f"the newest check says {checks[-1].conclusion} in the end"]
    wrong += [f"a check is {check.status} for ever" for check in checks if check.status != "completed"]
    verdict = broken.outputs.get("verdict", "") or ({0: "pass", 1: "fail"}.get(broken.status, "") if case.boundary == "outputs" else "")
    return Seen(
        len(fired), verdict, broken.status, complete, faulty, green or broken.status == 0, healed.outputs.get("verdict", ""),
        paid_twice(models, IN_FLIGHT), leaks(folder, told, TOKEN), max(0, comments - 1), tuple(wrong),
    )  # fmt: skip
