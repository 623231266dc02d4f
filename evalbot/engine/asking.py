"""How a metric's questions reach a model: numbered, so that asking again is another question, and put on the row's bill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ProviderError
from evalbot.domain.models import Message, Model, Reply, Request, Vector
from evalbot.engine.embedding import Charge, Embeddings
from evalbot.engine.gateway import Gateway

_A_ROUND = 1000  # more than the samples that any judge is asked for


@dataclass(slots=True)
class Bill:
    """What grading one answer took; `usd` is None when a price is unknown. `cached` replies were paid for earlier.

    `names` are those under which the models answered, by "provider/model".
    """

    usd: float | None = 0.0
    calls: int = 0
    retried: int = 0
    cached: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def add(self, model: Model, reply: Reply) -> None:
        """One more judge's answer."""
        if reply.model:
            self.names[model.label] = reply.model
        if reply.cached:
            self.cached += 1
        else:
            self.charge(Charge(reply.cost_usd, 1, reply.attempts - 1))

    def charge(self, charge: Charge) -> None:
        """So much more."""
        self.usd = None if self.usd is None or charge.usd is None else self.usd + charge.usd
        self.calls += charge.calls
        self.retried += charge.retried
        self.cached += charge.cached


@dataclass
class Questions:
    """The questions of one measurement: `evalbot.domain.ports.Ask` for one answer.

    Args:
        recalls: Whether an answer that an earlier run paid for will do.
        patient: Whether the answer may take minutes where that is cheaper.
        spare: Of so many samples, how many there is time for.
        round: 0, or which confirmation is graded: it hears only what was said of the same one before.
    """

    gateway: Gateway
    models: Mapping[str, Model]
    bill: Bill
    deadline: float
    embeddings: Embeddings
    recalls: bool = False
    patient: bool = False
    spare: Callable[[int], int] = int
    round: int = 0
    failed: bool = False
    _asked: Counter[str] = field(default_factory=Counter)
    _replies: list[tuple[Request, int, Reply]] = field(default_factory=list)
    _useless: list[Reply] = field(default_factory=list)

    async def __call__(self, model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None, /) -> Reply:
        """The reply."""
        request = Request(self.models[model], tuple(messages), schema)
        reply = await (self._recalled(request) if self.recalls else self._fresh(request, None))
        self.bill.add(request.model, reply)
        return reply

    def samples(self, wanted: int) -> int:
        """How many of so many samples there is time for."""
        return self.spare(wanted)

    def useless(self, reply: Reply) -> None:
        """Nothing can be made of this reply."""
        self._useless.append(reply)

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Vector]:
        """The embeddings."""
        vectors, charges = await self.embeddings.get(self.models[model], texts, self.deadline)
        for charge in charges:
            self.bill.charge(charge)
        return vectors

    def disown(self) -> bool:
        """The score was lost by what was said: no later run shall hear again what was of no use. Whether any of that came from an earlier one.

        What others said of the same answer is kept, as it was paid for; where nobody says which reply was of no use, none is.
        """
        useless = {id(reply) for reply in self._useless}
        mine = [one for one in self._replies if not useless or id(one[2]) in useless]
        for request, nth, _ in mine:
            self.gateway.forget(request, nth)
        return any(reply.cached for _, _, reply in mine)

    async def _recalled(self, request: Request) -> Reply:
        nth = self.round * _A_ROUND + self._asked[request.hash]
        self._asked[request.hash] += 1
        reply = self.gateway.recall(request, nth) or await self._fresh(request, nth)
        self._replies.append((request, nth, reply))
        return reply

    async def _fresh(self, request: Request, nth: int | None) -> Reply:
        try:
            return await self.gateway.complete(request, purpose="judge", deadline=self.deadline, nth=nth, patient=self.patient)
        except ProviderError:
            self.failed = True
            raise
