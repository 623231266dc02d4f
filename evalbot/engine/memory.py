"""Memory: replies that an earlier run paid for, found again by everything that made them what they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from evalbot.domain.canonical import canonical
from evalbot.domain.models import Model, Outcome, Reply, Request
from evalbot.domain.ports import Cache, Kept
from evalbot.domain.record import Recalled

FORMAT = 1
PINNED_SECONDS = 7 * 24 * 3600.0
UNPINNED_SECONDS = 24 * 3600.0
_CLOCKS_DIFFER_SECONDS = 300.0


class Memory:
    """Replies by request. Only whole answers are kept: no refusal, no text that was cut off, nothing empty.

    Args:
        cache: Where they are kept.
        address: Where a model's calls go in the end (policy or `OPENAI_BASE_URL`), "" for the vendor's own; None for a whole
            system, of which more than the request decides what it answers: nothing of it is kept.
        price: US dollars by today's prices, or None; see `Gateway`.
        redact: Takes out secrets: a reply that holds one is not kept.
        now: Seconds since the epoch.
        version: Of evalbot: another one may send the same request in another way.
        trusted: Whether this run's code and configuration are merged. Such a run believes only what its like have kept.
    """

    def __init__(
        self, cache: Cache, *, address: Callable[[Model], str | None], price: Callable[[Model, Reply], float | None],
        redact: Callable[[str], str], now: Callable[[], float], version: str, trusted: bool = True,
    ) -> None:  # fmt: skip
        self._cache, self._address, self._price, self._redact, self._now = cache, address, price, redact, now
        self._version, self._trusted = version, trusted
        self._count: Counter[str] = Counter()
        self._oldest, self._unpinned = 0.0, set[str]()
        self._names: tuple[dict[str, set[str]], dict[str, set[str]]] = (defaultdict(set), defaultdict(set))  # kept, fresh

    def key(self, request: Request, nth: int) -> bytes:
        """The identity of one reply: the whole request, where it goes, which version sends it, and which of several it is."""
        where = self._address(request.model)
        return sha256(f"{FORMAT}\n{self._version}\n{request.hash}\n{where}\n{nth}".encode()).digest()

    def knows(self, request: Request, nth: int) -> bool:
        """Whether there is a reply; `find` may still not believe it."""
        return self._address(request.model) is not None and self._cache.has(self.key(request, nth))

    def find(self, request: Request, nth: int) -> Reply | None:
        """The reply that was given to the `nth` asking of this request, if it may be believed."""
        model = request.model
        kept = None if self._address(model) is None else self._cache.get(self.key(request, nth))
        if kept is None or not self._believed(kept, model):
            return None
        reply = kept.reply
        self._names[0][model.label].add(reply.model)
        self._count["replies"] += 1
        self._oldest = max(self._oldest, self._now() - kept.created)
        if not model.pinned:
            self._unpinned.add(model.label)
        today = self._price(model, reply)
        return replace(reply, cached=True, attempts=1, cost_usd=reply.cost_usd if today is None else today)

    def keep(self, request: Request, nth: int, reply: Reply) -> None:
        """Remember a reply that was just paid for, if it is worth remembering."""
        self._names[1][request.model.label].add(reply.model)
        if self._address(request.model) is None or reply.outcome is not Outcome.OK or not reply.text.strip():
            return
        told = (reply.text, *(reply.context or ()), canonical(reply.tool_calls or ()))
        if all(self._redact(text) == text for text in told):
            self._cache.put(self.key(request, nth), Kept(reply, self._now(), self._trusted))

    def forget(self, request: Request, nth: int) -> None:
        """Do not give this reply again: it turned out to be of no use."""
        self._cache.forget(self.key(request, nth))

    @property
    def drifted(self) -> frozenset[str]:
        """Models that answered under another name then than now: such replies are no match for today's."""
        kept, fresh = self._names
        return frozenset(label for label, names in fresh.items() if kept.get(label, names) - names)

    @property
    def recalled(self) -> Recalled:
        """What was used so far."""
        return Recalled(
            **self._count, oldest_seconds=self._oldest, unpinned=tuple(sorted(self._unpinned)), corrupt=self._cache.corrupt,
            drifted=tuple(sorted(self.drifted)), trouble=self._cache.trouble,
        )  # fmt: skip

    def _believed(self, kept: Kept, model: Model) -> bool:
        if self._trusted and not kept.trusted:
            self._count["untrusted"] += 1
            return False
        age = self._now() - kept.created
        if not -_CLOCKS_DIFFER_SECONDS <= age <= (PINNED_SECONDS if model.pinned else UNPINNED_SECONDS):
            self._count["stale"] += 1
            return False
        today = self._names[1].get(model.label)
        return today is None or kept.reply.model in today
