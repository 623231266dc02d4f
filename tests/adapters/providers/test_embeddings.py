"""Embeddings through the real SDK against a scripted server, and the ones that need no server."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import struct
from typing import Any

import pytest

from evalbot.adapters.providers.local import Local
from evalbot.adapters.providers.open import open_provider
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Model, Reply, Request
from evalbot.metrics.semantic_similarity import cosine
from tests import loopback as lb
from tests.loopback import LoopbackModels, Script

EMBED = Model("openai", "text-embedding-3-small", {"dimensions": 64})


def embedded(script: Script, *texts: str, model: Model = EMBED) -> tuple[Reply, LoopbackModels]:
    async def run(server: LoopbackModels) -> Reply:
        provider: Any = open_provider(model, server.env())
        try:
            return await provider.embed(Request(model, (), texts=texts), 20.0)
        finally:
            await provider.close()

    with LoopbackModels(script) as server:
        return asyncio.run(run(server)), server


def body(*vectors: Any, **more: Any) -> lb.Fault:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return lb.Fault(200, {"object": "list", "data": data, "model": "text-embedding-3-small", **more})


def test_each_text_has_its_vector_and_the_call_its_tokens_and_price() -> None:
    found, server = embedded(lb.default_answer, "refunds take five days", "the cat sat")
    assert [len(vector) for vector in found.vectors] == [64, 64]
    assert found.usage is not None
    assert found.usage.input == 8
    assert found.cost_usd is not None  # text-embedding-3-small has a listed price
    (call,) = server.calls
    assert (call.wire, call.body) == (
        "embeddings", {"dimensions": 64, "model": "text-embedding-3-small", "input": ["refunds take five days", "the cat sat"]},
    )  # fmt: skip


def test_the_order_is_that_of_the_indices() -> None:
    swapped = body()
    data = [{"index": 1, "embedding": [1.0, 0.0]}, {"index": 0, "embedding": [0.0, 1.0]}]
    found, _ = embedded(lambda call: lb.Fault(200, {**swapped.body, "data": data}), "a", "b")
    assert found.vectors == ((0.0, 1.0), (1.0, 0.0))


def test_packed_numbers_are_read_too() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -0.25)).decode()
    assert embedded(lambda call: body(packed), "a")[0].vectors == ((0.5, -0.25),)


BROKEN = {
    "one too few": body([1.0]),
    "one too many": body([1.0], [1.0], [1.0]),
    "another length": body([1.0], [1.0, 2.0]),
    "empty": body([], []),
    "words": body(["a"], ["b"]),
    "true": body([True], [True]),
    "no number": lb.Fault(200, '{"data": [{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1.0]}]}'),
    "not packed right": body("???", "???"),
    "one index twice": lb.Fault(200, {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]}),
    "no data": lb.Fault(200, {}),
    "an error": lb.Fault(200, {"error": {"message": "overloaded"}}),
    "another model": body([1.0], [1.0], model="text-embedding-ada-002"),
    "a web page": lb.html(),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_not_one_vector_for_each_text_is_an_error(how: str) -> None:
    with pytest.raises(ProviderError) as caught:
        embedded(lambda call: BROKEN[how], "a", "b")
    assert caught.value.fault is ProviderFault.PROTOCOL


def test_a_refused_text_is_an_error_and_no_answer() -> None:
    with pytest.raises(ProviderError) as caught:
        embedded(lb.over_length, "a")
    assert caught.value.fault is ProviderFault.BAD_REQUEST


def local(*texts: str, model: str = "words") -> tuple[tuple[float, ...], ...]:
    named = Model("local", model)
    return asyncio.run(Local(named).embed(Request(named, (), texts=texts), 1.0)).vectors


def test_the_local_ones_are_the_same_always_and_of_length_one() -> None:
    texts = ("Refunds take five days.", "of the", "返金は五日です")
    assert local(*texts) == local(*texts)
    assert all(math.hypot(*vector) == pytest.approx(1.0) for vector in local(*texts))
    assert json.dumps(local("Refunds")) == json.dumps(local("refund"))


def test_the_local_ones_are_alike_as_far_as_words_are() -> None:
    asked, near, far = local("Refunds take five days", "A refund takes five working days", "We open at nine")
    assert cosine(asked, near) > 0.7 > 0.2 > cosine(asked, far)


def test_a_text_without_words_has_a_vector_of_zeros() -> None:
    assert not any(local("?!")[0])


def test_wordllama_knows_words_of_one_meaning_and_does_not_see_a_negation() -> None:
    """The trap that docs/metrics.md warns of, measured: 0.96 for a sentence and its denial (0.4.0.post1)."""
    pytest.importorskip("wordllama")
    said, denied, alike, far = local(
        "Refunds take 5 days.", "Refunds do not take 5 days.", "Money back within five days", "The cat sat", model="wordllama"
    )
    assert cosine(said, denied) > 0.9
    assert cosine(said, alike) > 0.4 > 0.2 > cosine(said, far)


def test_without_the_extra_wordllama_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalbot.adapters.providers.local.vectors.find_spec", lambda name: None)
    assert "pip install evalbot[wordllama]" in Local.embedding_objection(Model("local", "wordllama"))
    assert Local.embedding_objection(Model("local", "words")) == ""
    with pytest.raises(ProviderError, match="not installed"):
        local("a", model="wordllama")
