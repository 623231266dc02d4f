"""A run that has its engine: measures tasks, once each, and goes over what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalbot.domain.canonical import Json
from evalbot.domain.runs import Row, Side, Task
from evalbot.domain.scores import Answered, Score
from evalbot.engine.memory import Memory
from evalbot.engine.resume import Earlier
from evalbot.engine.run import Runner


@dataclass
class Run:
    """A running lab's hand: `await run(tasks)` measures; what else it does looks at what was measured.

    `fresh` says whether anything was measured that no earlier run had left.
    """

    runner: Runner
    earlier: Earlier
    memory: Memory | None = None
    rows: list[Row] = field(default_factory=list)
    fresh: bool = False

    async def __call__(self, tasks: Sequence[Task]) -> list[Row]:
        """The rows that an earlier run left, and those that are measured now."""
        known, left = self.earlier.split(tasks)
        asked = await self.runner.run(left)
        left_ids = {id(task) for task in left}
        pairs = [*zip([task for task in tasks if id(task) not in left_ids], known, strict=True), *zip(left, asked, strict=True)]
        found = known + asked
        if stale := self._drifted(pairs):
            # Some models answer under another name by now: what they said earlier is no match for what they say today.
            again = [pairs[at][0] for at in sorted(stale)]
            self.earlier.give_back(again)
            left = left + again
            found = [*(row for at, (_, row) in enumerate(pairs) if at not in stale), *await self.runner.run(again)]
        self.fresh = self.fresh or bool(left)
        self.rows += found
        return found

    async def look_back(self, rows: Sequence[Row], tasks: Sequence[Task]) -> list[Row]:
        """The rows with probes of judges and comparisons of both sides; all rows so far are to be given."""
        self.rows = await self.runner.look_back(rows, tasks)
        return self.rows

    def stored(self, tasks: Sequence[Task]) -> list[Row]:
        """The rows that an earlier run left, on either side where both ask the same; nothing is measured. They stay in the journal."""
        known, left = self.earlier.split(tasks)
        twins, _ = self.earlier.split([replace(task, side=Side.BASE if task.side is Side.HEAD else Side.HEAD) for task in left])
        self.rows += known
        return known + [row.but(side=Side.BASE if row.side is Side.HEAD else Side.HEAD) for row in twins]

    async def regrade(self, answers: Sequence[tuple[Task, Row]], by: str) -> list[Mapping[str, Score]]:
        """What other metrics say of answers that are there (see `Runner.regrade`)."""
        return await self.runner.regrade(answers, by)

    @property
    def drifted(self) -> frozenset[str]:
        """Models that answer under another name by now than in what was kept, by "provider/model"."""
        rows = self.earlier.drifted(self.runner.names)
        return rows | self.memory.drifted if self.memory else rows

    def _drifted(self, pairs: Sequence[tuple[Task, Row]]) -> frozenset[int]:
        """Where rows rest on replies of a model that answers under another name by now."""
        labels = self.drifted
        return frozenset(
            at for at, (task, row) in enumerate(pairs)
            if (row.cached or row.cached_calls) and (task.request.model.label in labels or self.runner.graded_by_any(task.suite, labels))
        ) if labels else frozenset()  # fmt: skip

    async def grade(self, suite: str, metric: str, answers: Sequence[Answered]) -> list[Score]:
        """One metric's scores of answers that are nobody's in this run."""
        return await self.runner.grade(suite, metric, answers)

    def note(self, at: int, metric: str, detail: Mapping[str, Json]) -> None:
        """Keep something beside the score of a row."""
        self.rows[at] = self.runner.note(self.rows[at], metric, detail)
