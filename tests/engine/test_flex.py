"""What can wait goes to the cheaper tier when policy wants it, and the usual way where that tier is full."""

from __future__ import annotations

from typing import Any

import pytest

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Message, Model, Reply, Request
from tests.fakes import APP, FakeProvider, Plan, a_gateway, in_virtual_time, now

NEVER = 1e9


class Flexible(FakeProvider):
    has_flex = True


def a_request(text: str = "hello", model: Model = APP) -> Request:
    return Request(model, (Message("user", text),))


def failing_in_flex(fault: ProviderFault) -> Any:
    return lambda request, nth: ProviderError(fault, "the tier is full") if request.flex else "fine"


def tiers(provider: FakeProvider) -> list[bool]:
    return [request.flex for request in provider.requests]


def ask(provider: FakeProvider, *requests: Request, flex: bool = True, patient: bool = True, deadline: float = NEVER) -> list[Reply]:
    async def main() -> list[Reply]:
        gateway = a_gateway(provider, flex=flex)
        return [await gateway.complete(request, purpose="model", deadline=deadline, patient=patient) for request in requests]

    return in_virtual_time(main())


@pytest.mark.parametrize(
    ("provider", "flex", "patient", "model", "expected"),
    [
        (Flexible(), True, True, APP, True),
        (Flexible(), False, True, APP, False),
        (Flexible(), True, False, APP, False),
        (FakeProvider(), True, True, APP, False),
        (Flexible(), True, True, Model("fake", "app", base_url="http://127.0.0.1:1/v1"), False),
    ],
    ids=["asked for", "not asked for", "urgent", "no such tier", "an endpoint of one's own"],
)
def test_only_what_can_wait_where_the_vendor_has_the_tier(
    provider: FakeProvider, flex: bool, patient: bool, model: Model, expected: bool
) -> None:
    ask(provider, a_request(model=model), flex=flex, patient=patient)
    assert tiers(provider) == [expected]


@pytest.mark.parametrize("fault", [ProviderFault.RATE_LIMIT, ProviderFault.BAD_REQUEST, ProviderFault.SERVER])
def test_where_the_tier_fails_the_usual_way_follows_at_once(fault: ProviderFault) -> None:
    provider = Flexible(failing_in_flex(fault))
    (reply,) = ask(provider, a_request())
    assert (reply.text, reply.attempts, tiers(provider), provider.times) == ("fine", 2, [True, False], [0, 0])


def test_a_tier_that_was_refused_five_times_in_a_row_is_not_asked_again() -> None:
    provider = Flexible(failing_in_flex(ProviderFault.RATE_LIMIT))
    ask(provider, *(a_request(str(n)) for n in range(8)))
    assert tiers(provider) == [True, False] * 5 + [False] * 3


def test_a_refused_key_is_refused_in_every_tier() -> None:
    provider = Flexible(failing_in_flex(ProviderFault.AUTH))
    with pytest.raises(ProviderError):
        ask(provider, a_request())
    assert tiers(provider) == [True]


def test_the_tier_may_take_ten_minutes_and_never_more_than_half_of_what_is_left() -> None:
    class Slow(Flexible):
        async def complete(self, request: Request, seconds: float) -> Reply:
            self.given = [*getattr(self, "given", []), seconds]
            return await super().complete(request, seconds)

    provider = Slow()
    ask(provider, a_request())
    ask(provider, a_request(), deadline=100)
    assert provider.given == [600, 50]


def test_an_answer_that_does_not_come_in_the_tier_is_still_had_in_time() -> None:
    async def main() -> None:
        class Stuck(Flexible):
            async def complete(self, request: Request, seconds: float) -> Reply:
                if request.flex:
                    raise Stopped("never called so") if seconds > 50 else TimeoutError
                return await super().complete(request, seconds)

        gateway = a_gateway(Stuck(seconds=1), flex=True)
        reply = await gateway.complete(a_request(), purpose="model", deadline=100, patient=True)
        assert (reply.text, now()) == ("fine", 1)

    in_virtual_time(main())


def test_golden_examples_and_confirmations_do_not_wait() -> None:
    plan = Plan().ask("g-01").ask("r-01", "regression").ask("r-01", "regression", confirmation=1)
    assert [task.patient for task in plan.tasks] == [False, False, True, True, False, False]
