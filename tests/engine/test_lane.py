"""How many calls a model gets at once, how long each may take, and when it counts as out of order; in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Message, Model, Reply, Request, Room, Usage
from evalbot.engine.gateway import Gateway
from evalbot.engine.lane import FIRST, Lane
from tests.fakes import APP, FakeProvider, a_gateway, in_virtual_time, now

NEVER = 1e9
REFUSED = ProviderError(ProviderFault.RATE_LIMIT, "429 slow down", 1.0)
BROKEN = ProviderError(ProviderFault.SERVER, "500 it went wrong")


def a_request(n: int, model: Model = APP) -> Request:
    return Request(model, (Message("user", str(n)),))


async def all_of(gateway: Gateway, count: int, model: Model = APP, deadline: float = NEVER) -> list[Reply | Exception]:
    """The outcome of so many calls, as many of them open as may be in flight, as in a run."""
    requests = [a_request(n, model) for n in range(count)]
    return await outcomes(gateway, requests, deadline)


async def outcomes(gateway: Gateway, requests: Sequence[Request], deadline: float = NEVER) -> list[Reply | Exception]:
    found: dict[int, Reply | Exception] = {}
    todo = iter(enumerate(requests))

    async def work() -> None:
        for n, request in todo:
            try:
                found[n] = await gateway.complete(request, purpose="model", deadline=deadline)
            except (ProviderError, Stopped) as error:
                found[n] = error

    await asyncio.gather(*(work() for _ in range(gateway.limits.concurrency)))
    return [found[n] for n in range(len(requests))]


class Limited(FakeProvider):
    """Refuses whatever comes while `most` calls are in flight."""

    def __init__(self, most: int, seconds: float = 1.0) -> None:
        super().__init__(seconds=seconds)
        self.most, self.refused = most, 0

    async def complete(self, request: Request, seconds: float) -> Reply:
        if self.in_flight >= self.most:
            self.refused += 1
            raise REFUSED
        return await super().complete(request, seconds)


def lane(most: int = 32) -> Lane:
    return Lane(most, 0.0)


def test_calls_in_flight_double_with_each_round_up_to_the_runs_limit() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=1)
        peaks = []

        async def watch() -> None:
            for _ in range(4):
                await asyncio.sleep(0.5)
                peaks.append(provider.in_flight)
                await asyncio.sleep(0.5)

        await asyncio.gather(all_of(a_gateway(provider, concurrency=50), 150), watch())
        assert peaks == [16, 32, 50, 50]

    in_virtual_time(main())


def test_a_limit_below_the_start_is_the_limit() -> None:
    assert lane(4).slots.limit == 4
    assert lane(400).slots.limit == FIRST


def test_a_server_that_takes_four_calls_at_once_gets_little_more_and_loses_none() -> None:
    async def main() -> None:
        provider = Limited(4)
        replies = await all_of(a_gateway(provider, concurrency=32), 200)
        assert all(isinstance(reply, Reply) for reply in replies)
        assert provider.refused < 100
        assert now() < 1.1 * 200 / 4

    in_virtual_time(main())


@pytest.mark.parametrize(("refused", "limit"), [(5, 11), (8, 8), (16, 8)])
def test_calls_are_cut_by_the_share_that_was_refused_and_at_most_by_half(refused: int, limit: int) -> None:
    road = lane()
    for n in range(16):
        road.failed(REFUSED, 0, 1) if n < refused else road.answered(0, 1, None)
    assert road.slots.limit == limit
    for _ in range(100):
        road.failed(REFUSED, 0, 3)  # they began before the cut: they say nothing of it
    assert road.slots.limit == limit
    for _ in range(limit):
        road.failed(REFUSED, 2, 3)
    assert road.slots.limit == int(limit * 0.8)  # near the limit by now: in small steps


def test_after_a_cut_growth_is_one_in_five_rounds_and_nothing_begins_before_the_time_asked_for() -> None:
    road = lane()
    for _ in range(16):
        road.failed(REFUSED, 0, 10)
    assert (road.slots.limit, road.held_until) == (8, 11)
    for _ in range(5 * 8):
        road.answered(11, 12, None)
    assert road.slots.limit == 9


def test_a_refusal_in_four_costs_nothing_but_itself() -> None:
    road = lane()
    for _ in range(4):
        road.failed(REFUSED, 0, 1)
    for _ in range(12):
        road.answered(0, 1, None)
    assert (road.slots.limit, road.held_until) == (32, 0)


def test_server_errors_stop_growth_for_a_round_and_cut_nothing() -> None:
    road = lane()
    road.failed(BROKEN, 0, 1)
    for _ in range(16):
        road.answered(0, 1, None)
    assert road.slots.limit == 16
    for _ in range(16):
        road.answered(1, 2, None)
    assert road.slots.limit == 32


@pytest.mark.parametrize("kind", [REFUSED, BROKEN], ids=["429", "500"])
def test_five_in_a_hundred_that_fail_cost_less_than_a_third_of_the_time_and_no_answer(kind: ProviderError) -> None:
    def run(faulty: float) -> tuple[float, int]:
        async def main() -> tuple[float, int]:
            dice = random.Random(7)
            provider = FakeProvider(lambda request, nth: kind if dice.random() < faulty else "fine", seconds=0.5)
            replies = await all_of(a_gateway(provider, concurrency=20, budget_usd=100), 800)
            return now(), sum(isinstance(reply, Reply) for reply in replies)

        return in_virtual_time(main())

    (calm, _), (rough, answered) = run(0), run(0.05)
    assert answered == 800
    assert rough < 1.3 * calm


def test_where_the_server_says_that_few_calls_are_left_no_more_are_in_flight() -> None:
    road = lane()
    road.answered(0, 1, Room(3, 20))
    assert (road.slots.limit, road.held_until) == (3, 0)
    road.answered(0, 2, Room(0, 20))
    assert (road.slots.limit, road.held_until) == (1, 22)
    road.answered(0, 2, Room(0, 100_000))
    assert road.held_until == 62


def test_no_call_begins_before_the_servers_limit_is_lifted() -> None:
    async def main() -> None:
        provider = FakeProvider(lambda request, nth: Reply("fine", usage=Usage(), room=Room(0, 30)), seconds=1)
        gateway = a_gateway(provider, concurrency=1)
        await all_of(gateway, 3)
        assert provider.times == [0, 31, 62]
        stopped = (await all_of(gateway, 1, deadline=now() + 5))[0]
        assert isinstance(stopped, Stopped)

    in_virtual_time(main())


def test_two_models_have_a_lane_each() -> None:
    async def main() -> None:
        other = Model("fake", "other")
        provider = FakeProvider(lambda request, nth: REFUSED if request.model == APP and now() < 3 else "fine", seconds=1)
        gateway = a_gateway(provider, concurrency=64)
        await asyncio.gather(all_of(gateway, 16), all_of(gateway, 48, other))
        assert gateway._lane(a_request(0)).slots.limit < FIRST < gateway._lane(a_request(0, other)).slots.limit

    in_virtual_time(main())


def test_a_connection_that_hangs_costs_seconds_once_it_is_known_how_long_answers_take() -> None:
    async def main() -> None:
        class Hangs(FakeProvider):
            async def complete(self, request: Request, seconds: float) -> Reply:
                if request == a_request(99) and self.asked().count(request) == 0:
                    self.requests.append(request)
                    await asyncio.sleep(10_000)
                return await super().complete(request, seconds)

        gateway = a_gateway(Hangs(seconds=0.5), call_seconds=60)
        await all_of(gateway, 20)
        before = now()
        reply = await gateway.complete(a_request(99), purpose="model", deadline=NEVER)
        assert isinstance(reply, Reply)
        assert 15 <= now() - before < 17

    in_virtual_time(main())


@pytest.mark.parametrize(("answers", "attempt", "seconds"), [(19, 1, 60), (20, 1, 40), (20, 2, 60), (0, 1, 60)])
def test_the_first_attempt_may_take_five_times_what_the_slowest_answer_took(answers: int, attempt: int, seconds: float) -> None:
    road = lane()
    for _ in range(answers):
        road.answered(0, 8, None)
    assert road.seconds(60, attempt) == seconds


def test_an_endpoint_that_answers_nobody_is_given_up_for_all_after_five_calls_and_fifteen_seconds() -> None:
    async def main() -> None:
        provider = FakeProvider(lambda request, nth: BROKEN, seconds=1)
        gateway = a_gateway(provider, concurrency=8)
        errors = await all_of(gateway, 500)
        assert all(isinstance(error, ProviderError) for error in errors)
        assert now() < 60
        assert len(provider.requests) < 120
        last = str(errors[-1])
        assert last.startswith("500 it went wrong (given up after 5 attempts); no further call was made, after ")

    in_virtual_time(main())


def test_an_endpoint_that_answers_now_and_then_is_never_given_up() -> None:
    async def main() -> None:
        head = [a_request(n) for n in range(100)]
        provider = FakeProvider(lambda request, nth: BROKEN if request in head else "fine", seconds=1)
        gateway = a_gateway(provider, concurrency=8)

        replies = await outcomes(gateway, [a_request(n + 1000 * side) for n in range(100) for side in (0, 1)])
        assert sum(isinstance(reply, Reply) for reply in replies) == 100
        assert not any("no further call" in str(reply) for reply in replies)

    in_virtual_time(main())
