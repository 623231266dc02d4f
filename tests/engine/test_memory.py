"""What is recalled, and what never is: every field of a request and every reason to doubt an entry."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from evalbot.domain.models import Federation, Message, Model, Outcome, Price, Reply, Request, Usage
from evalbot.domain.ports import Kept
from evalbot.engine.memory import PINNED_SECONDS, UNPINNED_SECONDS, Memory
from tests.fakes import FakeClock

HOUR = 3600.0
MODEL = Model("openai", "gpt-5-mini", {"temperature": 0.2})
PINNED = replace(MODEL, model="gpt-5-mini-2025-08-07")
REQUEST = Request(MODEL, (Message("system", "Be brief."), Message("user", "Hello?")), {"type": "object"})


class FakeCache:
    """Entries in a dictionary."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Kept] = {}
        self.corrupt, self.trouble = 0, ""

    def has(self, key: bytes) -> bool:
        return key in self.entries

    def get(self, key: bytes) -> Kept | None:
        return self.entries.get(key)

    def put(self, key: bytes, kept: Kept) -> None:
        self.entries[key] = kept

    def forget(self, key: bytes) -> None:
        self.entries.pop(key, None)

    def close(self) -> None:
        """Nothing is open."""


def a_memory(cache: FakeCache | None = None, *, clock: FakeClock | None = None, **more: object) -> Memory:
    chosen = {
        "address": lambda model: model.base_url or "", "price": lambda model, reply: None, "redact": lambda text: text.replace("s3cret", "***"),
        "now": clock or FakeClock(1_000_000), "version": "1.0",
    }  # fmt: skip
    return Memory(cache or FakeCache(), **(chosen | more))


def a_reply(text: str = "Hello.", **more: object) -> Reply:
    return Reply(text, **({"usage": Usage(100, 10), "model": "gpt-5-mini-2025-08-07", "cost_usd": 0.01, "attempts": 3} | more))


# Each way to change a request, and whether the answer may be another one then.
DECIDES = {
    "model.provider": replace(REQUEST, model=replace(MODEL, provider="anthropic")),
    "model.model": replace(REQUEST, model=replace(MODEL, model="gpt-5")),
    "model.params": replace(REQUEST, model=replace(MODEL, params={"temperature": 0.3})),
    "model.base_url": replace(REQUEST, model=replace(MODEL, base_url="http://127.0.0.1:1/v1")),
    "model.api": replace(REQUEST, model=replace(MODEL, api="responses")),
    "messages": replace(REQUEST, messages=(Message("system", "Be brief!"), Message("user", "Hello?"))),
    "schema": replace(REQUEST, schema={"type": "array"}),
    "schema_name": replace(REQUEST, schema_name="grade"),
    "texts": replace(REQUEST, texts=("Hello?",)),
}
DOES_NOT = {
    "flex": replace(REQUEST, flex=True),
    "model.api_key_env": replace(REQUEST, model=replace(MODEL, api_key_env="OTHER_KEY")),
    "model.federation": replace(REQUEST, model=replace(MODEL, federation=Federation("evalbot", ()))),
    "model.seconds": replace(REQUEST, model=replace(MODEL, seconds=5.0)),
    "model.price": replace(REQUEST, model=replace(MODEL, price=Price(1, 2))),
}


def test_every_field_of_a_request_is_sorted_into_what_can_change_an_answer_and_what_cannot() -> None:
    own = {field.name for field in fields(Request) if field.init} - {"model"}
    assert {*own, *(f"model.{field.name}" for field in fields(Model))} == {*DECIDES, *DOES_NOT}


@pytest.mark.parametrize("field", DECIDES)
def test_CAC_05_a_request_that_differs_in_one_field_is_another_one(field: str) -> None:
    memory = a_memory()
    memory.keep(REQUEST, 0, a_reply())
    assert memory.find(DECIDES[field], 0) is None
    assert memory.find(REQUEST, 0) is not None


@pytest.mark.parametrize("field", DOES_NOT)
def test_what_cannot_change_an_answer_is_no_part_of_the_key(field: str) -> None:
    memory = a_memory()
    memory.keep(REQUEST, 0, a_reply())
    assert memory.find(DOES_NOT[field], 0) is not None


@pytest.mark.parametrize(
    "other", [{"version": "1.1"}, {"address": lambda model: "http://127.0.0.1:2/v1"}], ids=["version", "address of the environment"]
)
def test_CAC_05_what_sends_a_request_and_where_to_is_in_the_key(other: dict[str, object]) -> None:
    cache = FakeCache()
    a_memory(cache).keep(REQUEST, 0, a_reply())
    assert a_memory(cache, **other).find(REQUEST, 0) is None


def test_epochs_and_samples_are_different_answers() -> None:
    memory = a_memory()
    memory.keep(REQUEST, 0, a_reply("first"))
    memory.keep(REQUEST, 1, a_reply("second"))
    assert [memory.find(REQUEST, nth) and memory.find(REQUEST, nth).text for nth in range(3)] == ["first", "second", None]


def test_a_recalled_reply_says_so_and_was_tried_once_only() -> None:
    memory = a_memory()
    memory.keep(REQUEST, 0, a_reply())
    assert memory.find(REQUEST, 0) == replace(a_reply(), cached=True, attempts=1)


def test_a_recalled_reply_costs_what_it_would_cost_today() -> None:
    memory = a_memory(price=lambda model, reply: 0.5)
    memory.keep(REQUEST, 0, a_reply(cost_usd=0.01))
    assert memory.find(REQUEST, 0).cost_usd == 0.5


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
def test_CAC_07_refusals_and_answers_that_were_cut_off_are_not_kept(outcome: Outcome) -> None:
    memory = a_memory()
    memory.keep(REQUEST, 0, a_reply(outcome=outcome))
    assert memory.find(REQUEST, 0) is None


@pytest.mark.parametrize("text", ["", " \n", "the key is s3cret"], ids=["empty", "blank", "secret"])
def test_CAC_07_nothing_empty_and_no_secret_is_kept(text: str) -> None:
    cache = FakeCache()
    a_memory(cache).keep(REQUEST, 0, a_reply(text))
    assert cache.entries == {}


def test_what_a_whole_system_answered_is_not_kept() -> None:
    cache = FakeCache()
    memory = a_memory(cache, address=lambda model: None)
    memory.keep(REQUEST, 0, a_reply())
    assert (cache.entries, memory.find(REQUEST, 0)) == ({}, None)


@pytest.mark.parametrize(("model", "seconds"), [(MODEL, UNPINNED_SECONDS), (PINNED, PINNED_SECONDS)], ids=["alias", "dated"])
def test_a_reply_is_believed_for_a_day_and_of_a_model_with_a_date_for_a_week(model: Model, seconds: float) -> None:
    clock = FakeClock(1_000_000)
    memory, request = a_memory(clock=clock), replace(REQUEST, model=model)
    memory.keep(request, 0, a_reply())
    clock.forward(seconds - 1)
    assert memory.find(request, 0) is not None
    clock.forward(2)
    assert memory.find(request, 0) is None
    assert (memory.recalled.stale, memory.recalled.oldest_seconds) == (1, seconds - 1)
    assert memory.recalled.unpinned == (("openai/gpt-5-mini",) if model is MODEL else ())


def test_a_reply_of_tomorrow_is_not_believed() -> None:
    clock = FakeClock(1_000_000)
    memory = a_memory(clock=clock)
    memory.keep(REQUEST, 0, a_reply())
    clock.forward(-HOUR)
    assert memory.find(REQUEST, 0) is None


def test_CAC_02_a_trusted_run_does_not_believe_what_an_untrusted_one_kept() -> None:
    cache = FakeCache()
    a_memory(cache, trusted=False).keep(REQUEST, 0, a_reply("poisoned"))
    trusted = a_memory(cache)
    assert trusted.find(REQUEST, 0) is None
    assert trusted.recalled.untrusted == 1
    trusted.keep(REQUEST, 0, a_reply("sound"))
    assert a_memory(cache).find(REQUEST, 0).text == a_memory(cache, trusted=False).find(REQUEST, 0).text == "sound"


def test_once_a_model_answers_under_another_name_its_earlier_replies_are_no_match() -> None:
    cache = FakeCache()
    earlier = a_memory(cache)
    for nth in range(2):
        earlier.keep(REQUEST, nth, a_reply(model="gpt-5-mini-2025-08-07"))
    memory = a_memory(cache)
    assert memory.find(REQUEST, 0) is not None
    assert memory.drifted == frozenset()
    memory.keep(REQUEST, 7, a_reply(model="gpt-5-mini-2026-11-01"))
    assert memory.drifted == {"openai/gpt-5-mini"}
    assert memory.find(REQUEST, 1) is None
    assert memory.recalled.drifted == ("openai/gpt-5-mini",)


def test_a_model_that_still_answers_under_its_name_has_not_drifted() -> None:
    memory = a_memory()
    memory.keep(REQUEST, 0, a_reply())
    memory.find(REQUEST, 0)
    memory.keep(REQUEST, 1, a_reply())
    assert memory.drifted == frozenset()


def test_nothing_kept_is_nothing_recalled() -> None:
    memory = a_memory()
    assert memory.find(REQUEST, 0) is None
    assert (memory.recalled.replies, memory.recalled.oldest_seconds, memory.recalled.unpinned) == (0, 0.0, ())
