"""How many calls the system's limit of open files is good for."""

from __future__ import annotations

import pytest

from evalbot.adapters.descriptors import affordable


@pytest.mark.parametrize(
    ("soft", "hard", "allowed", "calls", "raised"),
    [
        (1024, 4096, True, 500, 1024),  # enough as it is
        (1024, 4096, True, 1000, 1128),  # raised by as much as is needed
        (1024, 1024, True, 1000, 1024),  # no more to be had: fewer calls
        (256, 512, True, 1000, 512),
        (1024, 4096, False, 1000, 1024),
        (-1, -1, True, 1000, -1),
        (64, -1, True, 1000, 1128),
        (64, 64, True, 10, 64),
    ],
)
def test_RES_04_calls_in_flight_fit_into_the_open_files_that_a_process_may_have(
    soft: int, hard: int, allowed: bool, calls: int, raised: int
) -> None:
    now = [soft, hard]

    def raise_to(new: int, top: int) -> None:
        if not allowed:
            raise ValueError("not allowed to raise maximum limit")
        assert top == hard
        now[0] = new

    found = affordable(calls, lambda: (now[0], now[1]), raise_to)
    assert now[0] == raised
    assert found == (calls if raised == -1 else max(1, min(calls, raised - 128)))


def test_this_process_can_make_the_usual_number_of_calls() -> None:
    assert affordable(32) == 32
