"""Runs and people that take turns at a GitHub in memory, one request at a time, in an order that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from evalbot.app.activities import Recompute
from evalbot.app.bot import Bot
from evalbot.app.inputs import Inputs
from evalbot.app.review import Measure, People
from evalbot.app.wiring import World
from evalbot.domain.pulls import CheckPage, CheckRun, Comment, Permission, PullRequest, Repository, Review
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Coverage, Decision, Finding, Level, Rule, Verdict

HEADS = {1: "1" * 40, 2: "2" * 40}
STRICT, LAX = "b" * 40, "c" * 40
_NOWHERE = Path("/nonexistent-evalbot-workspace")


class Killed(BaseException):
    """The machine went away; nothing of ours runs any more."""


class Turns:
    """Threads that stop before each request until it is their turn.

    Args:
        order: Whose turn it is, as a number among those that wait; afterwards the first goes on until it ends.
    """

    def __init__(self, order: Iterator[int]) -> None:
        self._order = order
        self._here: dict[str, threading.Semaphore] = {}
        self._moved = threading.Semaphore(0)
        self._waiting: list[str] = []
        self._kill: dict[str, int] = {}
        self.steps: dict[str, int] = {}
        self.names = threading.local()
        self.errors: list[BaseException] = []

    def add(self, name: str, act: Callable[[], object], *, killed_at: int | None = None) -> None:
        """Somebody who acts; with `killed_at` only so many requests long."""
        self._here[name], self.steps[name] = threading.Semaphore(0), 0
        if killed_at is not None:
            self._kill[name] = killed_at

        def work() -> None:
            self.names.me = name
            try:
                self.wait()
                act()
            except Killed:
                pass
            except BaseException as error:
                self.errors.append(error)
            finally:
                self._moved.release()

        self._waiting.append(name)
        threading.Thread(target=work, daemon=True).start()
        self._moved.acquire()

    def wait(self) -> None:
        """Before each request: until it is my turn."""
        me = self.names.me
        if me not in self._waiting:
            self._waiting.append(me)
        self._moved.release()
        self._here[me].acquire()
        self.steps[me] += 1
        if self._kill.get(me) == self.steps[me]:
            raise Killed

    def run(self) -> None:
        """Until nobody waits any more."""
        while self._waiting:
            self._waiting.sort(key=list(self._here).index)
            name = self._waiting.pop(next(self._order, 0) % len(self._waiting))
            self._here[name].release()
            self._moved.acquire()
        if self.errors:
            raise self.errors[0]


class MemoryGitHub:
    """The port `GitHub` in memory; each method is one request. `head` may be set at any time."""

    def __init__(self, turns: Callable[[], None]) -> None:
        self._turn, self._ids = turns, count(1)
        self.head, self.policy = HEADS[1], STRICT
        self.checks_: dict[int, CheckRun] = {}
        self.said: dict[int, Comment] = {}
        self.reviews_: list[Review] = []
        self.active: set[str] = set()
        self.concluded: list[int] = []  # check ids, in the order in which they were concluded

    def pull_now(self) -> PullRequest:
        return PullRequest(7, "ada", "main", "b" * 40, "change", self.head, "acme/shop", "acme/shop")

    def repository(self) -> Repository:
        self._turn()
        return Repository("acme/shop", "main", False, False, "acme")

    def pull(self, number: int) -> PullRequest:
        self._turn()
        return self.pull_now()

    def pulls_with_head(self, sha: str) -> Sequence[PullRequest]:
        self._turn()
        return [self.pull_now()] if sha == self.head else []

    def head_sha(self, number: int, *, watch: bool = False) -> str:
        return self.pull(number).head_sha

    def comments(self, number: int) -> Iterator[Comment]:
        self._turn()
        yield from list(self.said.values())

    def own_comment(self, number: int, marker: str) -> Comment | None:
        self._turn()
        return self._own(marker)

    def write_comment(self, number: int, marker: str, body: str) -> Comment:
        """Two requests, as they are: find it, write it."""
        self._turn()
        known = self._own(marker)
        self._turn()
        if known is None:
            known = Comment(next(self._ids), "github-actions[bot]", body, "2026-11-23T07:00:00Z", bot=True)
        self.said[known.id] = replace(known, body=body)
        self._turn()
        oldest = self._own(marker)
        if oldest is not None and oldest.id != known.id:
            self._turn()
            self.said[oldest.id] = replace(oldest, body=body)
            self._turn()
            self.said.pop(known.id, None)
            return self.said[oldest.id]
        return self.said[known.id]

    def edit_comment(self, comment: Comment, body: str) -> Comment:
        self._turn()
        self.said[comment.id] = replace(comment, body=body)
        return self.said[comment.id]

    def reviews(self, number: int) -> Sequence[Review]:
        self._turn()
        return list(self.reviews_)

    def permission(self, login: str) -> Permission:
        self._turn()
        return Permission.WRITE

    def checks(self, sha: str, name: str) -> Sequence[CheckRun]:
        self._turn()
        return sorted((check for check in self.checks_.values() if check.sha == sha), key=lambda check: -check.id)

    def start_check(self, sha: str, name: str, page: CheckPage, external_id: str) -> CheckRun:
        self._turn()
        check = CheckRun(next(self._ids), name, sha, "in_progress", None, external_id, "", 0, page.title, page.summary, page.text, pulls=((7, "main"),))
        self.checks_[check.id] = check
        return check

    def conclude_check(self, check: CheckRun, conclusion: Any, page: CheckPage, external_id: str = "") -> CheckRun:
        self._turn()
        now = self.checks_[check.id]
        self.concluded.append(check.id)
        self.checks_[check.id] = replace(
            now, status="completed", conclusion=conclusion, title=page.title, summary=page.summary, text=page.text,
            external_id=external_id or now.external_id,
        )  # fmt: skip
        return self.checks_[check.id]

    def run_is_active(self, run: str) -> bool:
        self._turn()
        return run in self.active

    def tip(self, branch: str, head: str = "") -> str:
        self._turn()
        return self.policy

    def artifact(self, name: str, workflow: str) -> bytes | None:
        return None

    def hurry(self, seconds: float) -> None:
        """Nothing takes time here."""

    def _own(self, marker: str) -> Comment | None:
        return next((comment for comment in self.said.values() if comment.body.startswith(marker)), None)


@dataclass(frozen=True)
class ModelBot(Bot):
    """The bot, with a comparison that blocks until somebody has approved the head, unless policy asks nobody."""

    def compared(self, base: str, head: str, people: People, *, fork: bool = False, how: Measure = Measure.ALL) -> RunRecord:
        edited = Finding(Rule.EXAMPLE_EDITED, Level.BLOCKS, "g-03 was edited", "support", example="g-03")
        record = RunRecord(Decision(Verdict.NEEDS_APPROVAL, "", coverage=Coverage(104)), head_sha=head, base_sha=base)
        people.begins(record)
        approved = people.approvals()
        if people.moved is not None and people.moved():
            return replace(record, decision=Decision(Verdict.CANCELLED, "a newer head replaced this one"), approved=approved)
        decision = Decision(Verdict.PASS, f"approved {head[0]}") if approved or base == LAX else Decision(Verdict.FAIL, f"edited {head[0]}", (edited,))
        return replace(record, decision=decision, approved=approved)


class Play:
    """One pull request, and who acts on it."""

    def __init__(self, order: Iterator[int], comment: str = "update") -> None:
        self.turns, self.comment = Turns(order), comment
        self.github = MemoryGitHub(self.turns.wait)
        self._runs = count(1)

    def measure(self, head: int = 1, *, killed_at: int | None = None) -> str:
        """A run of the action on a push of this head."""
        name, bot, run = self._bot()
        pull = replace(self.github.pull_now(), head_sha=HEADS[head])
        self.turns.add(name, self._while_active(run, lambda: bot.measure(pull, announce=True)), killed_at=killed_at)
        return name

    def approve(self, head: int = 1, by: str = "bob") -> None:
        """Somebody reviews, and the event of that review."""
        name, bot, run = self._bot()

        def act() -> None:
            self.github.reviews_.append(Review(by, "APPROVED", HEADS[head], f"2026-11-23T07:00:{len(self.github.reviews_):02}Z"))
            self.turns.wait()
            self.github.active.add(run)
            bot.recompute(Recompute(7, HEADS[head]))

        self.turns.add(name, self._while_active(run, act, start=False))

    def push(self, head: int = 2) -> None:
        """A newer head, and the run on it."""
        name, bot, run = self._bot()

        def act() -> None:
            self.github.head = HEADS[head]
            self.turns.wait()
            self.github.active.add(run)
            bot.measure(self.github.pull_now(), announce=True)

        self.turns.add(name, self._while_active(run, act, start=False))

    def relax(self) -> None:
        """The base branch gets rules that ask nobody; no event follows."""

        def act() -> None:
            self.github.policy = LAX

        self.turns.add("relax", act)

    def _bot(self) -> tuple[str, ModelBot, str]:
        run = str(next(self._runs))
        world = World({}, lambda: None, list, lambda: None, lambda text: text, interrupted=lambda: False)  # type: ignore[arg-type,return-value]  # nothing is measured
        return f"run {run}", ModelBot(self.github, Inputs(comment=self.comment), world, _NOWHERE, f"{run}:1", repository="acme/shop"), run  # type: ignore[arg-type]  # a double

    def _while_active(self, run: str, act: Callable[[], object], *, start: bool = True) -> Callable[[], None]:
        def whole() -> None:
            if start:
                self.github.active.add(run)
            try:
                act()
            finally:
                self.github.active.discard(run)

        return whole
