from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Message, Model, Reply, Request, Usage
from evalbot.domain.policy import Limits
from evalbot.engine.gateway import Gateway
from evalbot.engine.retries import ATTEMPTS
from tests.fakes import APP, FakeProvider, a_gateway, in_virtual_time, now

NEVER = 1e9


def a_request(text: str = "hello", model: Model = APP) -> Request:
    return Request(model, (Message("user", text),))


def a_fault(fault: ProviderFault, message: str = "it went wrong", retry_after: float | None = None) -> ProviderError:
    return ProviderError(fault, message, retry_after)


def first(times: int, error: BaseException) -> Any:
    return lambda request, nth: error if nth < times else "fine"


async def outcome(gateway: Gateway, request: Request | None = None, deadline: float = NEVER) -> Reply | Exception:
    try:
        return await gateway.complete(request or a_request(), purpose="model", deadline=deadline)
    except (ProviderError, Stopped) as error:
        return error


@pytest.mark.parametrize(
    "fault",
    [
        ProviderFault.RATE_LIMIT,
        ProviderFault.SERVER,
        ProviderFault.TIMEOUT,
        ProviderFault.NETWORK,
        ProviderFault.PROTOCOL,
    ],
)
def test_what_a_wait_can_cure_is_tried_again_and_the_answer_says_how_often(fault: ProviderFault) -> None:
    async def main() -> None:
        provider = FakeProvider(first(2, a_fault(fault)), seconds=2)
        gateway = a_gateway(provider)
        reply = await gateway.complete(a_request(), purpose="model", deadline=NEVER)
        assert (reply.text, reply.attempts, len(provider.requests)) == ("fine", 3, 3)
        assert reply.latency_ms == pytest.approx(2000)  # of the attempt that succeeded, not of the pauses
        assert (gateway.model_calls, gateway.judge_calls, gateway.retried) == (1, 0, 2)

    in_virtual_time(main())


def test_pauses_grow_from_one_second_to_thirty_and_are_spread_over_their_whole_length() -> None:
    class Dice(random.Random):
        def uniform(self, a: float, b: float) -> float:
            ranges.append((a, b))
            return b

    ranges: list[tuple[float, float]] = []

    async def main() -> None:
        provider = FakeProvider(first(99, a_fault(ProviderFault.SERVER, "503 from the model")))
        gateway = Gateway(lambda model: provider, lambda *_: 0.0, Limits(), clock=now, rng=Dice())
        error = await outcome(gateway)
        assert str(error) == "503 from the model (given up after 5 attempts)"
        assert provider.times == [0, 1, 3, 7, 15]

    in_virtual_time(main())
    assert ranges == [(0, 1), (0, 2), (0, 4), (0, 8)]
    assert len(ranges) == ATTEMPTS - 1


@pytest.mark.parametrize("fault", [ProviderFault.AUTH, ProviderFault.BAD_REQUEST])
def test_what_no_wait_can_cure_is_not_tried_again(fault: ProviderFault) -> None:
    async def main() -> None:
        provider = FakeProvider(first(99, a_fault(fault)))
        error = await outcome(a_gateway(provider))
        assert isinstance(error, ProviderError)
        assert error.fault is fault
        assert len(provider.requests) == 1

    in_virtual_time(main())


def test_a_retry_comes_no_sooner_than_the_server_asks() -> None:
    async def main() -> None:
        provider = FakeProvider(first(1, a_fault(ProviderFault.RATE_LIMIT, retry_after=20)))
        await outcome(a_gateway(provider), deadline=30)
        assert 20 <= provider.times[1] <= 22

    in_virtual_time(main())


@pytest.mark.parametrize("asked", [31.0, 21_600.0, float("inf"), float("nan")])
def test_a_wait_that_does_not_fit_into_the_deadline_ends_at_once_and_says_so(asked: float) -> None:
    async def main() -> None:
        provider = FakeProvider(first(99, a_fault(ProviderFault.RATE_LIMIT, "429 from the model", asked)))
        error = await outcome(a_gateway(provider), deadline=30)
        assert isinstance(error, ProviderError)
        assert "429 from the model" in str(error)
        assert "30 s are left" in str(error)
        assert (now(), len(provider.requests)) == (0, 1)

    in_virtual_time(main())


def test_prv_04_a_refused_key_closes_its_endpoint_and_no_other() -> None:
    async def main() -> None:
        other = Model("fake", "app", base_url="http://127.0.0.1:1/v1")
        refuse = a_fault(ProviderFault.AUTH, "401: the key in FAKE_KEY was refused")
        provider = FakeProvider(lambda request, nth: refuse if request.model.base_url is None else "fine", seconds=1)
        gateway = a_gateway(provider, concurrency=2)
        errors = await asyncio.gather(*(outcome(gateway, a_request(str(n))) for n in range(20)))
        assert {str(error) for error in errors} == {"401: the key in FAKE_KEY was refused"}
        assert len(provider.requests) == 2  # those in flight when the first refusal came
        assert isinstance(await outcome(gateway, a_request("x", other)), Reply)

    in_virtual_time(main())


def test_res_04_never_more_calls_in_flight_than_allowed_and_never_fewer_without_need() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=1)
        gateway = a_gateway(provider, concurrency=7)
        await asyncio.gather(*(outcome(gateway, a_request(str(n))) for n in range(70)))
        assert (provider.peak, now()) == (7, 10)

    in_virtual_time(main())


def test_a_call_that_backs_off_leaves_its_slot_to_others() -> None:
    async def main() -> None:
        slow = a_fault(ProviderFault.RATE_LIMIT, retry_after=100)
        provider = FakeProvider(
            lambda request, nth: slow if request == a_request("slow") and not nth else "fine", seconds=1
        )
        gateway = a_gateway(provider, concurrency=1)
        waiting = asyncio.ensure_future(outcome(gateway, a_request("slow")))
        await asyncio.sleep(0)
        assert isinstance(await outcome(gateway), Reply)
        assert now() == 2
        assert isinstance(await waiting, Reply)

    in_virtual_time(main())


def test_prv_07_a_provider_that_forgets_the_time_is_cut_off_and_tried_again() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=10_000)
        error = await outcome(a_gateway(provider, call_seconds=60))
        assert isinstance(error, ProviderError)
        assert error.fault is ProviderFault.TIMEOUT
        assert str(error) == "fake/app: no answer within 60 s (given up after 5 attempts)"
        assert (len(provider.requests), provider.in_flight) == (5, 0)

    in_virtual_time(main())


@pytest.mark.parametrize("late", [False, True], ids=["cut off", "the provider itself gives up"])
def test_a_call_that_the_deadline_cuts_short_is_stopped_and_no_fault_of_the_model(late: bool) -> None:
    class Punctual(FakeProvider):
        async def complete(self, request: Request, seconds: float) -> Reply:
            await asyncio.sleep(seconds)
            raise a_fault(ProviderFault.TIMEOUT)

    async def main() -> None:
        error = await outcome(a_gateway(Punctual() if late else FakeProvider(seconds=10_000)), deadline=5)
        assert isinstance(error, Stopped)
        assert now() == pytest.approx(5)

    in_virtual_time(main())


def test_an_early_timeout_of_the_provider_is_tried_again_even_near_the_deadline() -> None:
    async def main() -> None:
        provider = FakeProvider(first(1, a_fault(ProviderFault.TIMEOUT)), seconds=1)
        assert isinstance(await outcome(a_gateway(provider), deadline=20), Reply)

    in_virtual_time(main())


def test_waiting_for_a_slot_ends_at_the_deadline() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=50)
        gateway = a_gateway(provider, concurrency=1)
        first_one = asyncio.ensure_future(outcome(gateway))
        await asyncio.sleep(0)
        assert isinstance(await outcome(gateway, deadline=5), Stopped)
        assert now() == 5
        assert isinstance(await first_one, Reply)
        assert isinstance(await outcome(gateway), Reply)  # the slot was not lost

    in_virtual_time(main())


def test_no_call_is_made_when_the_deadline_has_passed() -> None:
    async def main() -> None:
        provider = FakeProvider()
        assert isinstance(await outcome(a_gateway(provider), deadline=0), Stopped)
        assert provider.requests == []

    in_virtual_time(main())


def test_bud_02_the_budget_is_overshot_by_no_more_than_the_calls_in_flight() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=1)
        gateway = a_gateway(provider, usd=0.10, budget_usd=1.0, concurrency=4)
        replies = await asyncio.gather(*(outcome(gateway, a_request(str(n))) for n in range(100)))
        refused = {str(reply) for reply in replies if isinstance(reply, Stopped)}
        assert refused == {"the budget of $1.00 is used up; run.budget_usd sets it"}
        assert 10 <= len(provider.requests) <= 14
        assert gateway.cost_usd == pytest.approx(0.10 * len(provider.requests))

    in_virtual_time(main())


def test_one_unknown_price_makes_the_whole_cost_unknown_and_never_zero() -> None:
    async def main() -> None:
        prices = iter([0.25, None, 0.5])
        gateway = Gateway(lambda m: FakeProvider(), lambda *_: next(prices), Limits(), clock=now, rng=random.Random(0))
        costs = [(await gateway.complete(a_request(), purpose="judge", deadline=NEVER)).cost_usd for _ in range(3)]
        assert costs == [0.25, None, 0.5]
        assert (gateway.cost_usd, gateway.known_usd) == (None, 0.75)
        assert gateway.judge_calls == 3

    in_virtual_time(main())


def test_a_run_without_calls_costs_nothing() -> None:
    async def main() -> None:
        gateway = a_gateway(FakeProvider())
        assert (gateway.cost_usd, gateway.model_calls, gateway.retried, gateway.dropped_params) == (0.0, 0, 0, {})

    in_virtual_time(main())


def test_the_price_is_asked_for_by_the_name_that_answered_unless_the_provider_knows_it() -> None:
    async def main() -> None:
        asked: list[tuple[Usage | None, str]] = []

        def price(model: Model, usage: Usage | None, name: str) -> float:
            asked.append((usage, name))
            return 0.5

        said = {"free": Reply("fine", cost_usd=0.0), "paid": Reply("fine", usage=Usage(7, 3), model="app-2026")}
        provider = FakeProvider(lambda request, nth: said[request.messages[0].content])
        gateway = Gateway(lambda model: provider, price, Limits(), clock=now, rng=random.Random(0))
        replies = [await gateway.complete(a_request(text), purpose="model", deadline=NEVER) for text in said]
        assert [reply.cost_usd for reply in replies] == [0.0, 0.5]
        assert asked == [(Usage(7, 3), "app-2026")]

    in_virtual_time(main())


def test_dropped_params_are_gathered_by_model() -> None:
    async def main() -> None:
        said = iter([("temperature",), (), ("seed", "temperature")])
        provider = FakeProvider(lambda request, nth: Reply("fine", dropped=next(said)))
        gateway = a_gateway(provider)
        for _ in range(3):
            await outcome(gateway)
        assert gateway.dropped_params == {"fake/app": ("seed", "temperature")}

    in_virtual_time(main())


def test_stop_refuses_later_calls_wakes_those_that_wait_and_lets_the_paid_ones_finish() -> None:
    async def main() -> None:
        again = a_fault(ProviderFault.RATE_LIMIT, retry_after=1000)
        provider = FakeProvider(lambda request, nth: again if request == a_request("again") else "fine", seconds=10)
        gateway = a_gateway(provider, concurrency=1)
        sleeper = asyncio.ensure_future(outcome(gateway, a_request("again")))
        await asyncio.sleep(11)
        in_flight = asyncio.ensure_future(outcome(gateway))
        await asyncio.sleep(1)
        queued = asyncio.ensure_future(outcome(gateway, a_request("queued")))
        await asyncio.sleep(1)
        gateway.stop("the run was cancelled")
        for stopped in (await sleeper, await queued, await outcome(gateway)):
            assert isinstance(stopped, Stopped)
            assert str(stopped) == "the run was cancelled"
        assert now() == 13
        assert isinstance(await in_flight, Reply)
        assert len(provider.requests) == 2

    in_virtual_time(main())


def test_cancelled_callers_give_their_slots_back() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=10)
        gateway = a_gateway(provider, concurrency=2)
        calls = [asyncio.ensure_future(outcome(gateway, a_request(str(n)))) for n in range(6)]
        await asyncio.sleep(1)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert provider.in_flight == 0
        await asyncio.gather(outcome(gateway), outcome(gateway))
        assert provider.peak == 2

    in_virtual_time(main())


def test_a_slot_handed_to_a_caller_that_is_cancelled_in_that_moment_goes_to_the_next() -> None:
    async def main() -> None:
        provider = FakeProvider(seconds=1)
        gateway = a_gateway(provider, concurrency=1)
        first_one, second, third = (asyncio.ensure_future(outcome(gateway, a_request(str(n)))) for n in range(3))
        first_one.add_done_callback(lambda _: second.cancel())
        assert isinstance(await third, Reply)
        assert second.cancelled() or second.done()
        assert isinstance(await outcome(gateway), Reply)

    in_virtual_time(main())


def test_prv_05_an_answer_that_is_no_text_is_no_answer() -> None:
    async def main() -> None:
        provider = FakeProvider(lambda request, nth: Reply(None))
        error = await outcome(a_gateway(provider))
        assert isinstance(error, ProviderError)
        assert error.fault is ProviderFault.PROTOCOL

    in_virtual_time(main())
