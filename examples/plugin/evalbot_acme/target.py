"""The target `table`: answers that stand in the configuration, by example. A real one would ask a system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.examples import Example
from evalbot.domain.models import Outcome, Reply, Request
from evalbot.domain.targets import Place


@dataclass(frozen=True)
class Table:
    """Answers by example.

    Args:
        answers: Id of an example → answer.
        otherwise: The answer to every other example.
    """

    answers: Mapping[str, str]
    otherwise: str = ""

    label = "the table of answers"
    code = None
    recorded = None

    def with_files(self, read: Callable[[str], bytes]) -> Table:
        """It names none."""
        return self

    def identity(self) -> Json:
        """All that can change an answer."""
        return {"answers": dict(self.answers), "otherwise": self.otherwise}

    def payload(self, example: Example) -> Json:
        """What is asked: the example's own answer."""
        return self.answers.get(example.id, self.otherwise)

    def open(self, place: Place) -> Answering:
        """Nothing has to be started."""
        return Answering()


class Answering:
    """Answers with what the request holds."""

    async def complete(self, request: Request, seconds: float) -> Reply:
        """The answer of the table."""
        text = str(parse_json(request.messages[-1].content))
        return Reply(text, Outcome.OK if text else Outcome.EMPTY, cost_usd=0.0)

    async def close(self) -> None:
        """There is nothing to give back."""
