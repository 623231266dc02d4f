"""Embeddings within a run: sent once, sent together, paid for once, and never by the failure of another text."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Model, Reply, Request, Usage
from evalbot.domain.policy import Limits
from evalbot.engine.embedding import MOST_TEXTS, Embeddings
from evalbot.engine.gateway import Gateway
from tests.engine.test_memory import FakeCache, a_memory
from tests.fakes import FakeProvider, a_gateway, in_virtual_time, now

EMBED = Model("fake", "embed")
NEVER = 1e9


class FakeEmbedder(FakeProvider):
    """Gives the length of each text as its vector, unless told otherwise."""

    async def embed(self, request: Request, seconds: float) -> Reply:
        said = await self.complete(request, seconds)
        if said.text != "fine":
            return said
        return Reply("", usage=Usage(len(request.texts)), vectors=tuple((float(len(text)),) for text in request.texts))


def broken_by(bad: str, fault: ProviderFault = ProviderFault.BAD_REQUEST) -> Any:
    return lambda request, nth: ProviderError(fault, "too long") if bad in request.texts else "fine"


def test_what_waits_together_goes_together_and_each_text_once() -> None:
    async def main() -> None:
        provider = FakeEmbedder(seconds=1)
        gateway = a_gateway(provider)
        embeddings = Embeddings(gateway)
        found = await asyncio.gather(*(embeddings.get(EMBED, ["same", f"text {n}"], NEVER) for n in range(20)))
        assert [vectors for vectors, _ in found] == [[(4.0,), (float(len(f"text {n}")),)] for n in range(20)]
        texts = [text for request in provider.requests for text in request.texts]
        assert (len(texts), len(set(texts))) == (21, 21)
        assert len(provider.requests) == gateway.judge_calls == 1

        again, charges = await embeddings.get(EMBED, ["same"], NEVER)
        assert (again, charges, len(provider.requests)) == ([(4.0,)], [], 1)

    in_virtual_time(main())


def test_other_models_and_other_params_have_other_vectors() -> None:
    async def main() -> None:
        provider = FakeEmbedder()
        embeddings = Embeddings(a_gateway(provider))
        for model in (EMBED, Model("fake", "other"), Model("fake", "embed", {"dimensions": 8})):
            await embeddings.get(model, ["same"], NEVER)
        assert len(provider.requests) == 3

    in_virtual_time(main())


def test_a_call_holds_so_many_texts_and_two_are_in_flight() -> None:
    async def main() -> None:
        provider = FakeEmbedder(seconds=1)
        embeddings = Embeddings(a_gateway(provider))
        texts = [f"text {n}" for n in range(5 * MOST_TEXTS)]
        vectors, _ = await embeddings.get(EMBED, texts, NEVER)
        assert len(vectors) == len(texts)
        assert [len(request.texts) for request in provider.requests] == [MOST_TEXTS] * 5
        assert provider.peak <= 2

    in_virtual_time(main())


def test_a_call_s_price_is_shared_by_its_texts_and_the_call_is_the_first_one_s() -> None:
    async def main() -> None:
        gateway = a_gateway(FakeEmbedder(), usd=0.04)
        embeddings = Embeddings(gateway)
        (_, one), (_, two) = await asyncio.gather(
            embeddings.get(EMBED, ["a", "b", "c"], NEVER), embeddings.get(EMBED, ["d", "a"], NEVER)
        )
        assert [round(charge.usd or 0, 4) for charge in (*one, *two)] == [0.01] * 4
        assert sum(charge.calls for charge in (*one, *two)) == 1
        assert gateway.cost_usd == pytest.approx(0.04)

    in_virtual_time(main())


def test_one_text_that_is_refused_costs_no_other_its_vector() -> None:
    async def main() -> None:
        embeddings = Embeddings(a_gateway(FakeEmbedder(broken_by("bad"))))

        async def outcome(text: str) -> Any:
            try:
                return (await embeddings.get(EMBED, [text], NEVER))[0]
            except ProviderError as error:
                return error.fault

        assert await asyncio.gather(*map(outcome, ["a", "bb", "bad", "dddd"])) == [
            [(1.0,)], [(2.0,)], ProviderFault.BAD_REQUEST, [(4.0,)],
        ]  # fmt: skip

    in_virtual_time(main())


def test_a_failure_is_not_remembered() -> None:
    async def main() -> None:
        answers = iter([ProviderError(ProviderFault.BAD_REQUEST, "no"), "fine"])
        embeddings = Embeddings(a_gateway(FakeEmbedder(lambda request, nth: next(answers))))
        with pytest.raises(ProviderError):
            await embeddings.get(EMBED, ["a"], NEVER)
        assert (await embeddings.get(EMBED, ["a"], NEVER))[0] == [(1.0,)]

    in_virtual_time(main())


def test_what_a_wait_can_cure_is_tried_again() -> None:
    async def main() -> None:
        provider = FakeEmbedder(lambda request, nth: ProviderError(ProviderFault.SERVER, "503") if nth < 2 else "fine")
        gateway = a_gateway(provider)
        _, charges = await Embeddings(gateway).get(EMBED, ["a"], NEVER)
        assert (gateway.retried, charges[0].retried) == (2, 2)

    in_virtual_time(main())


def test_time_and_money_end_it() -> None:
    async def main() -> None:
        slow = Embeddings(a_gateway(FakeEmbedder(seconds=50)))
        with pytest.raises(Stopped, match="time"):
            await slow.get(EMBED, ["a"], now() + 5)
        poor = Embeddings(a_gateway(FakeEmbedder(), usd=1.0, budget_usd=1.0))
        await poor.get(EMBED, ["a"], NEVER)
        with pytest.raises(Stopped, match="budget"):
            await poor.get(EMBED, ["b"], NEVER)

    in_virtual_time(main())


def test_who_gives_up_takes_nothing_from_the_others() -> None:
    async def main() -> None:
        embeddings = Embeddings(a_gateway(FakeEmbedder(seconds=10)))
        early = asyncio.ensure_future(embeddings.get(EMBED, ["a"], now() + 5))
        late = asyncio.ensure_future(embeddings.get(EMBED, ["a"], NEVER))
        with pytest.raises(Stopped):
            await early
        assert (await late)[0] == [(1.0,)]

    in_virtual_time(main())


def test_a_provider_without_embeddings_says_so() -> None:
    async def main() -> None:
        with pytest.raises(ProviderError, match="has no embeddings"):
            await Embeddings(a_gateway(FakeProvider())).get(EMBED, ["a"], NEVER)

    in_virtual_time(main())


def test_a_later_run_recalls_each_vector_in_whatever_company() -> None:
    cache = FakeCache()

    def embeddings(provider: FakeEmbedder, *, recalls: bool = True) -> Embeddings:
        memory = a_memory(cache)
        gateway = Gateway(lambda model: provider, lambda *_: 0.01, Limits(), clock=now, rng=random.Random(0), memory=memory)
        return Embeddings(gateway, recalls=recalls)

    async def main() -> None:
        await embeddings(FakeEmbedder()).get(EMBED, ["a", "bb"], NEVER)
        later = FakeEmbedder()
        vectors, charges = await embeddings(later).get(EMBED, ["ccc", "bb"], NEVER)
        assert vectors == [(3.0,), (2.0,)]
        assert [request.texts for request in later.requests] == [("ccc",)]
        assert [(charge.calls, charge.cached, charge.usd) for charge in charges] == [(1, 0, 0.01), (0, 1, 0.0)]

        alone = FakeEmbedder()
        await embeddings(alone, recalls=False).get(EMBED, ["a"], NEVER)
        assert len(alone.requests) == 1

    in_virtual_time(main())


def test_memory_holds_so_many_vectors_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalbot.engine.embedding.MOST_KNOWN", 3)

    async def main() -> None:
        provider = FakeEmbedder()
        embeddings = Embeddings(a_gateway(provider))
        for text in ("a", "bb", "ccc", "dddd", "dddd", "bb", "a"):
            assert (await embeddings.get(EMBED, [text], NEVER))[0] == [(float(len(text)),)]
        assert [request.texts[0] for request in provider.requests] == ["a", "bb", "ccc", "dddd", "a"]
        many = [f"text {n}" for n in range(200)]
        assert len((await embeddings.get(EMBED, many, NEVER))[0]) == 200  # more than memory holds, at once

    in_virtual_time(main())


def test_a_run_that_is_cancelled_leaves_nobody_waiting() -> None:
    async def main() -> None:
        embeddings = Embeddings(a_gateway(FakeEmbedder(seconds=100)))
        asking = asyncio.ensure_future(embeddings.get(EMBED, [f"text {n}" for n in range(5 * MOST_TEXTS)], NEVER))
        await asyncio.sleep(1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    in_virtual_time(main())  # which ends the calls in flight, and would warn of anything that is left


def test_no_texts_ask_nobody() -> None:
    async def main() -> None:
        provider = FakeEmbedder()
        assert await Embeddings(a_gateway(provider)).get(EMBED, [], NEVER) == ([], [])
        assert provider.requests == []

    in_virtual_time(main())
