"""Where the real world is plugged in: the only place that reads the environment and names real adapters."""

from __future__ import annotations

import asyncio
import atexit
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from evalbot.adapters.cache import NoCache, open_cache
from evalbot.adapters.descriptors import affordable
from evalbot.adapters.journal import FileJournal, earlier_lines
from evalbot.adapters.prices import price
from evalbot.adapters.progress import progress
from evalbot.adapters.providers.open import open_provider
from evalbot.adapters.spend import FileSpend, NoSpend
from evalbot.adapters.targets.export import exported
from evalbot.app.aside import aside
from evalbot.app.beforehand import estimated, expected_usd, memory_of, of_today
from evalbot.app.cancelling import asked
from evalbot.app.orderly import in_order
from evalbot.app.running import Run
from evalbot.app.systems import Systems, code_paths
from evalbot.domain.errors import ConfigError, CouldNotRun, NoKey, Problem
from evalbot.domain.models import Endpoint, Model, Usage
from evalbot.domain.policy import Limits
from evalbot.domain.ports import Ask, Cache, Journal, Progress, Provider, Spend, StoredLines
from evalbot.domain.record import Estimate, Recalled
from evalbot.domain.redaction import Redactor
from evalbot.domain.runs import Task
from evalbot.domain.targets import Place
from evalbot.engine.asking import Bill, Questions
from evalbot.engine.embedding import Embeddings
from evalbot.engine.gateway import Gateway
from evalbot.engine.haste import Haste
from evalbot.engine.memory import Memory
from evalbot.engine.resume import Earlier
from evalbot.engine.rows import to_line
from evalbot.engine.run import Runner, SuiteMetrics
from evalbot.report.estimate import in_words

MOVED = "a newer head replaced this one"
WATCH_SECONDS = 25.0  # the contract asks for 30 at most
SECRETS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def redactor(environment: Mapping[str, str]) -> Redactor:
    """Takes out what the environment keeps secret, by the names of its variables."""
    return Redactor(value for name, value in environment.items() if any(word in name.upper() for word in SECRETS))


@dataclass(frozen=True)
class World:
    """What an activity may touch. `redact` goes over everything that is written or shown."""

    environment: Mapping[str, str]
    journal: Callable[[], Journal]
    earlier: Callable[[], Sequence[StoredLines]]
    progress: Callable[[], Progress]
    redact: Callable[[str], str]
    leaked: Callable[[str], bool] = lambda _: False
    clock: Callable[[], float] = time.monotonic
    interrupted: Callable[[], bool] = asked
    now: Callable[[], str] = lambda: datetime.now(UTC).isoformat(timespec="seconds")
    cache: Callable[[], Cache] = NoCache
    spend: Callable[[], Spend] = NoSpend
    own_journal: Callable[[], Journal] = lambda: FileJournal(_own_folder())
    guards_logs: bool = True  # not where the process is somebody else's

    @classmethod
    def real(cls, environment: Mapping[str, str], report_dir: Path, *, quiet: bool, cache_dir: Path | None = None) -> World:
        """The process's own environment, files under `report_dir`, a progress bar on a terminal, the cache if there is a folder."""
        secrets = redactor(environment)
        return cls(
            environment,
            lambda: FileJournal(report_dir),
            lambda: [found] if (found := earlier_lines(report_dir, time.time())) else [],
            lambda: progress(quiet=quiet),
            secrets.redact,
            secrets.leaked,
            cache=lambda: open_cache(cache_dir),
            spend=lambda: NoSpend() if cache_dir is None else FileSpend(cache_dir),
        )

    def open_lab(
        self, limits: Limits, moved: Callable[[], bool] | None = None, *, share: bool = True, stored_only: bool = False, merges: bool = False
    ) -> Lab:
        """A place to run the answers of one activity in; `moved` says that nobody wants the result any more.

        Without `share` every answer and grade is asked for by itself, and nothing of an earlier run is used. With
        `stored_only` no model is called: what no earlier run left is unscored. With `merges` the rows of earlier runs are taken as
        they are, as parts of this one.
        """
        if self.guards_logs:
            from evalbot.adapters.logs import guard_logs  # here: before any SDK is imported, and not where none is

            guard_logs(self.redact)
        return Lab(self, limits, moved, share, stored_only, merges)


def _own_folder() -> Path:
    """A folder that goes when the process does."""
    folder = tempfile.mkdtemp(prefix="evalbot-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@dataclass
class Lab:
    """One run's engine, and its counters once it has run."""

    world: World
    limits: Limits
    ask_moved: Callable[[], bool] | None = None
    share: bool = True
    stored_only: bool = False
    merges: bool = False
    gateway: Gateway | None = None
    moved: bool = False
    memory: Memory | None = None
    earlier: Earlier | None = None
    estimate: Estimate | None = None
    told: Callable[[Estimate | None], None] | None = None
    haste: Haste | None = None
    _providers: dict[Endpoint, Provider] = field(default_factory=dict)

    @asynccontextmanager
    async def running(
        self, suites: Mapping[str, SuiteMetrics], tasks: Sequence[Sequence[Task]], systems: Systems
    ) -> AsyncIterator[Run]:
        """Runs tasks with providers and systems open; the clocks of the time budgets start here.

        Raises:
            ConfigError: A key is missing or a price unknown and refused; nothing was sent.
            CouldNotRun: The estimate is above the budget and policy refuses such a run, or the day's is spent; nothing was sent.
        """
        spend = self.world.spend()
        if not self.stored_only:
            self.limits = of_today(self.limits, spend)
        asked = [t.request.model for some in tasks for t in some] + [m for s in suites.values() for m in s.models.values()]
        known = {(model.endpoint, model.model): model for model in asked}.values()
        if not self.stored_only:
            self._open(model for model in known if model.endpoint not in systems)
        started = self.world.clock()
        cache = self.world.cache() if self.share else NoCache()
        self.memory = memory_of(cache, systems, self.world.environment, self.world.redact)
        self.gateway = self._door(self.memory, spend)
        self.earlier = earlier = Earlier(self.world.earlier() if self.share else (), suites, as_they_are=self.merges)
        journal, shown = self.world.journal(), self.world.progress()
        runner = Runner(
            suites, self.gateway, journal, shown, self.world.redact, seed=self.limits.seed,
            golden_deadline=started + self.limits.golden_seconds, total_deadline=started + self.limits.total_seconds,
            share=self.share, leaked=self.world.leaked, said=earlier.said,
        )  # fmt: skip
        self.haste = runner.haste
        run = Run(runner, earlier, self.memory)
        if self.stored_only:
            self.gateway.stop("only stored results are used here")
        watch: asyncio.Future[None] | None = None
        try:
            with ExitStack() as folders, in_order():
                await self._look()  # before the first call is paid for
                watch = asyncio.ensure_future(self._watch())
                if not self.stored_only:
                    left = earlier.left(task for some in tasks for task in some)
                    self.estimate = await estimated(left, suites, self.memory, self.limits)
                await self._tell(shown)
                self._start({model.endpoint: systems[model.endpoint] for model in known if model.endpoint in systems}, folders)
                yield run
            if not journal.holds_only(len(run.rows)):
                journal.rewrite(to_line(row.whole) for row in run.rows)
        finally:
            if watch is not None:
                watch.cancel()
            for provider in self._providers.values():
                await provider.close()
            cache.close()
            with suppress(OSError):  # less than a cent
                spend.close()
            journal.close()

    @asynccontextmanager
    async def asking(self, models: Mapping[str, Model]) -> AsyncIterator[Ask]:
        """Models to be asked by name, outside of a run: within the limits, and nothing is recalled or written down.

        Raises:
            ConfigError: A key is missing or a price unknown and refused; nothing was sent.
        """
        self._open(models.values())
        self.gateway = self._door(None, NoSpend())
        deadline = self.world.clock() + self.limits.total_seconds
        try:
            with in_order():
                yield Questions(self.gateway, models, Bill(), deadline, Embeddings(self.gateway))
        finally:
            for provider in self._providers.values():
                await provider.close()

    def _door(self, memory: Memory | None, spend: Spend) -> Gateway:
        def paid(usd: float) -> None:
            try:
                spend.add(usd)
            except OSError as error:
                door.stop(f"what is spent today cannot be written down: {error.strerror or error}")

        limits = replace(self.limits, concurrency=affordable(self.limits.concurrency))
        door = Gateway(
            self._provider, price, limits, clock=self.world.clock, rng=random.Random(self.limits.seed), memory=memory,
            expected=expected_usd, paid=paid,
        )
        return door

    def reaches(self, models: Iterable[Model]) -> bool:
        """Whether these models can be asked: there is a key, and a price where one is needed."""
        try:
            self._open(models)
        except ConfigError:
            return False
        return True

    @property
    def cost_usd(self) -> float | None:
        """What everything cost; None where a price is unknown."""
        return self.gateway.cost_usd if self.gateway else 0.0

    @property
    def model_calls(self) -> int:
        """Answers got."""
        return self.gateway.model_calls if self.gateway else 0

    @property
    def judge_calls(self) -> int:
        """Gradings got."""
        return self.gateway.judge_calls if self.gateway else 0

    @property
    def retried(self) -> int:
        """Calls made again."""
        return self.gateway.retried if self.gateway else 0

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """What was left out so that everything else would end in time, a line each."""
        if self.haste is None or not self.haste.spared:
            return ()
        return (f"time was short: {self.haste.spared:,} further samples of judges were left out, so that no example had to be",)

    @property
    def recalled(self) -> Recalled:
        """What came from the cache and from earlier results."""
        found, earlier = self.memory.recalled if self.memory else Recalled(), self.earlier
        if earlier is None:
            return found
        drifted = earlier.drifted(self.gateway.names if self.gateway else {}).union(found.drifted)
        return replace(found, rows=earlier.taken, ignored=earlier.ignored, drifted=tuple(sorted(drifted)))

    @property
    def dropped_params(self) -> Mapping[str, tuple[str, ...]]:
        """Params that models rejected."""
        return self.gateway.dropped_params if self.gateway else {}

    async def _look(self) -> None:
        """Ask whether the result is still wanted; when it is not, no further call is made."""
        self.moved = self.ask_moved is not None and await aside(self.ask_moved)
        if self.moved and self.gateway is not None:
            self.gateway.stop(MOVED)

    async def _watch(self) -> None:
        while not self.moved and self.ask_moved is not None:
            await asyncio.sleep(WATCH_SECONDS)
            with suppress(CouldNotRun):  # GitHub is silent for a while: the next look may tell, and the one before writing must
                await self._look()

    async def _tell(self, shown: Progress) -> None:
        """Whoever waits: at a terminal, in a log, in a comment."""
        found, told = self.estimate, self.told
        if found is not None and found.calls:
            shown.note(in_words(found, self.limits.budget_usd))
        if told is not None:
            await aside(lambda: told(found))

    def _open(self, models: Iterable[Model]) -> None:
        problems: list[Problem] = []
        kinds: set[type[ConfigError]] = set()
        for model in sorted(models, key=lambda m: m.label):
            try:
                if model.endpoint not in self._providers:
                    self._providers[model.endpoint] = open_provider(model, self.world.environment)
            except ConfigError as error:
                problems += error.problems
                kinds.add(type(error))
            if self.limits.unknown_price == "refuse" and price(model, Usage(1, 1), model.model) is None:
                problems.append(Problem(f"the price of {model.label} is unknown.", hint="Give it as `price` under `models:`, or allow it with `run.unknown_price: allow`."))
        if problems:
            raise (NoKey if kinds == {NoKey} else ConfigError)(dict.fromkeys(problems))

    def _start(self, systems: Systems, folders: ExitStack) -> None:
        """Systems under test, each with policy's files in a folder of its own."""
        for endpoint, system in systems.items():
            runs_code = system.target.code is not None
            folder = folders.enter_context(exported(system.tree, code_paths(system.target, system.tree))) if runs_code else None
            self._providers[endpoint] = system.target.open(Place(folder, self.world.environment))

    def _provider(self, model: Model) -> Provider:
        return self._providers[model.endpoint]
