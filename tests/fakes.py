"""Doubles for the outside world: a provider with a script, an event loop whose time costs nothing, a journal in memory."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Model, Reply, Request, Usage
from evalbot.domain.policy import Limits
from evalbot.domain.ports import Ask
from evalbot.domain.runs import Part, Side, Task
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.engine.gateway import Gateway

T = TypeVar("T")
Say = Callable[[Request, int], "Reply | BaseException | str"]

APP = Model("fake", "app")
GRADER = Model("fake", "grader")


class _Selector(selectors.SelectSelector):
    """Instead of waiting, moves the clock on; that nothing can ever happen again is an error and not a hang."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everything waits for something that will never happen")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour of `asyncio.sleep` takes no time, and timeouts expire when they should."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` with a clock of its own that starts at 0; `now` reads it."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Seconds of the running loop's clock."""
    return asyncio.get_running_loop().time()


class FakeClock:
    """A clock for code without a loop: it stands still until somebody moves it."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.seconds += seconds


class FakeProvider:
    """Answers by a script and remembers what it was asked.

    Args:
        say: From a request and the number of times that it was asked before: the reply, its text, or what to raise.
        seconds: How long each call takes.
    """

    def __init__(self, say: Say = lambda _request, _nth: "fine", seconds: float = 0.0) -> None:
        self.say, self.seconds = say, seconds
        self.requests: list[Request] = []
        self.times: list[float] = []
        self.in_flight = self.peak = 0

    async def complete(self, request: Request, seconds: float) -> Reply:
        nth = sum(earlier == request for earlier in self.requests)
        self.requests.append(request)
        self.times.append(now())
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if self.seconds:
                await asyncio.sleep(self.seconds)
            said = self.say(request, nth)
        finally:
            self.in_flight -= 1
        if isinstance(said, BaseException):
            raise said
        return said if isinstance(said, Reply) else Reply(said, usage=Usage(100, 10), model=request.model.model)

    async def close(self) -> None:
        """Nothing is open."""

    def asked(self, model: Model = APP) -> list[Request]:
        """The calls to one model."""
        return [request for request in self.requests if request.model == model]


def a_gateway(
    provider: FakeProvider, *, usd: float | None = 0.01, call_seconds: float = 60.0, **limits: Any
) -> Gateway:
    """A gateway on the running loop's time; every answer costs `usd`."""
    return Gateway(
        lambda model: provider, lambda model, usage, name: usd, Limits(**limits), clock=now, rng=random.Random(0),
        call_seconds=call_seconds,
    )  # fmt: skip


class FakeJournal:
    """Keeps lines; `room` lines fit, and then the disk is full."""

    def __init__(self, room: int | None = None) -> None:
        self.lines: list[str] = []
        self.room = room

    def append(self, line: str) -> int:
        if self.room is not None and len(self.lines) >= self.room:
            raise CouldNotRun("could not write results.jsonl: No space left on device. Is the disk full?")
        self.lines.append(line)
        return len(self.lines) - 1

    def read(self, place: int) -> str:
        return self.lines[place]


class FakeProgress:
    """Counts."""

    def __init__(self) -> None:
        self.total = self.done = self.finished = 0
        self.usd = 0.0

    def note(self, line: str) -> None:
        self.notes = [*getattr(self, "notes", []), line]

    def start(self, total: int, what: str) -> None:
        self.total += total

    def advance(self, cost_usd: float | None = None) -> None:
        self.done += 1
        self.usd += cost_usd or 0.0

    def finish(self) -> None:
        self.finished += 1


@dataclass(frozen=True)
class FakeMetric:
    """Scores by a function of the answer; with a model's name in `models` it asks that model first."""

    measured: Callable[[Answered], Any] = lambda answered: Score.scored(1.0, "bad" not in answered.output)
    models: tuple[str, ...] = ()
    scale: tuple[float, float] | None = (0.0, 1.0)
    lower_is_better: bool = False
    decides: Decides = Decides.YES
    applies_to: Callable[[Example], bool] = lambda example: True
    asks: int = 1

    def applies(self, example: Example) -> bool:
        return self.applies_to(example)

    def identity(self) -> Json:
        return "fake"

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        for model in self.models:
            for _ in range(ask.samples(self.asks)):
                await ask(model, [Message("user", f"Grade {answered.output!r} for {answered.example.id}")], None)
        return self.measured(answered)


@dataclass
class Plan:
    """Tasks in a line: `Plan().ask("g-01").tasks` asks base and head of one golden example, in different words."""

    tasks: list[Task] = field(default_factory=list)

    def ask(
        self, example: Example | str = "g-01", partition: str = "golden", *, sides: Sequence[str] = ("base", "head"),
        same: bool = False, epoch: int = 0, confirmation: int = 0, suite: str = "support", prompt: str = "prompts/support",
        model: Model = APP, words: str | None = None,
    ) -> Plan:  # fmt: skip
        """Both sides of one example; `same` renders the same request on both, `words` is what is asked."""
        row = an_example(example, partition) if isinstance(example, str) else example
        for side in sides:
            text = words if words is not None else row.id if same else f"{row.id} at {side}"
            request = Request(model, (Message("user", text),))
            self.tasks.append(Task(suite, prompt, Side(side), row, Part.EXAM, epoch, request, confirmation))
        return self


def an_example(example: str, partition: str = "golden", **more: Mapping[str, Json] | Any) -> Example:
    more.setdefault("input", {"user_input": example})
    return Example(example, Partition(partition), **more)
