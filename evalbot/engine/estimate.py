"""An estimate before the first call: how many calls are to be made, and what they are likely to cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.errors import Stopped
from evalbot.domain.models import Message, Model, Price, Reply, Request, Vector
from evalbot.domain.ports import Comparing
from evalbot.domain.record import Estimate
from evalbot.domain.runs import Side, Task
from evalbot.domain.scores import Answered, Pair
from evalbot.domain.turns import PLACE
from evalbot.engine.scoring import SuiteMetrics

_CHARACTERS_A_TOKEN = 4  # of English, near enough; there is no tokenizer here that needs no download
_LONGEST_ANSWER_TOKENS = 1024
_MILLION = 1_000_000

PriceOf = Callable[[Model], "Price | None"]


def likely_usd(request: Request, price: Price | None) -> float | None:
    """What one call is likely to cost, before anything is known of the answer; None where the price is unknown.

    A quarter of the answer's longest length (`max_output_tokens`, 1,024 by default), and a token for every four characters.
    """
    if price is None:
        return None
    characters = sum(len(message.content) for message in request.messages) + sum(map(len, request.texts))
    said = 0.0 if request.texts else _answer_tokens(request.model)
    return (characters / _CHARACTERS_A_TOKEN * price.input + said * price.output) / _MILLION


async def estimate(
    tasks: Sequence[Task], suites: Mapping[str, SuiteMetrics], price_of: PriceOf, known: Callable[[Request, int], bool]
) -> Estimate:
    """What tasks ask for, confirmations and second tries aside.

    Metrics are asked what they would ask about one answer of each suite, so their prompts are counted as they are. What is
    known already costs nothing, and neither does its grade.

    Args:
        price_of: Of a model, for prompts of usual length.
        known: Whether this answer to this request is at hand.
    """
    bill = _Bill(price_of)
    distinct = {(task.request.hash, task.epoch): task for task in tasks}
    asked = [task for task in distinct.values() if suites[task.suite].fresh or not known(task.request, task.epoch)]
    graded: dict[str, list[Task]] = {}
    for task in asked:
        bill.add(task.request, 1 + task.request.messages.count(PLACE))  # each turn of a conversation is a call
        graded.setdefault(task.suite, []).append(task)
    for suite, answers in graded.items():
        heads = sum(task.side is Side.HEAD for task in answers)
        for request, once_a_pair in await _questions(suites[suite], answers[0]):
            bill.add(request, heads if once_a_pair else len(answers))
    return Estimate(bill.calls, len(distinct) - len(asked), None if bill.unknown else bill.usd, tuple(sorted(bill.unknown)))


@dataclass
class _Bill:
    price_of: PriceOf

    def __post_init__(self) -> None:
        self.usd, self.calls = 0.0, 0
        self.unknown: Counter[str] = Counter()

    def add(self, request: Request, times: int = 1) -> None:
        usd = likely_usd(request, self.price_of(request.model))
        self.calls += times
        if usd is None:
            self.unknown[request.model.label] += times
        else:
            self.usd += times * usd


class _Listener:
    """In the place of models: hears what they would be asked, and answers nothing."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models
        self.heard: list[Request] = []

    async def __call__(self, model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None, /) -> Reply:
        """Only listens."""
        return self._hear(Request(self._models[model], tuple(messages), schema))

    def samples(self, wanted: int) -> int:
        """All: before the first call there is time."""
        return wanted

    def useless(self, reply: Reply) -> None:
        """There is none."""

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Vector]:
        """Only listens."""
        self._hear(Request(self._models[model], (), texts=tuple(texts)))
        return ()

    def _hear(self, request: Request) -> Reply:
        self.heard.append(request)
        raise Stopped("only to know the question")


async def _questions(suite: SuiteMetrics, task: Task) -> list[tuple[Request, bool]]:
    """What the suite's metrics ask about one answer, and which of it they ask once for both sides."""
    found: list[tuple[Request, bool]] = []
    answer = "x" * int(_CHARACTERS_A_TOKEN * _answer_tokens(task.request.model))
    for metric in suite.metrics.values():
        if not metric.models or not metric.applies(task.example):
            continue
        listener = _Listener(suite.models)
        with suppress(Exception):  # of another package: what such a metric asks is not known, and that is all
            if isinstance(metric, Comparing):
                await metric.compare(Pair(task.example, answer, f"{answer}."), listener)
            else:
                await metric.measure(Answered(task.example, answer), listener)
        found += [(request, isinstance(metric, Comparing)) for request in listener.heard]
    return found


def _answer_tokens(model: Model) -> float:
    longest = model.params.get("max_output_tokens")
    return (longest if isinstance(longest, int) and not isinstance(longest, bool) else _LONGEST_ANSWER_TOKENS) / 4
