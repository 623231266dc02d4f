"""A call's price: the configured one, the listed one, or unknown; unknown is never zero.

Expected numbers are the vendors' list prices of 2026-11 as US dollars per million tokens: gpt-5-mini 0.25 in, 0.025
cached, 2 out; claude-sonnet-5 2 in, 0.2 cached, 10 out.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.adapters.prices import listed_price, price
from evalbot.domain.models import Model, Price, Usage

USED = Usage(input=10_000, output=1_000, cached_input=4_000)


def test_a_listed_model_has_its_list_price() -> None:
    assert price(Model("openai", "gpt-5-mini"), USED) == pytest.approx((6_000 * 0.25 + 4_000 * 0.025 + 1_000 * 2) / 1e6)
    assert price(Model("anthropic", "claude-sonnet-5"), USED) == pytest.approx(
        (6_000 * 2 + 4_000 * 0.2 + 1_000 * 10) / 1e6
    )


def test_a_dated_name_has_the_same_price() -> None:
    assert price(Model("openai", "gpt-5-mini-2025-08-07"), USED) == price(Model("openai", "gpt-5-mini"), USED)


def test_the_configured_price_comes_first() -> None:
    model = Model("openai", "gpt-5-mini", price=Price(input=10, output=20))
    assert price(model, USED) == pytest.approx((10_000 * 10 + 1_000 * 20) / 1e6)
    assert price(Model("openai", "x", base_url="http://h/v1", price=Price(0, 0)), USED) == 0.0


def test_tokens_from_a_prompt_cache_cost_what_policy_says_or_what_the_others_do() -> None:
    usage = Usage(1000, 10, 800)
    own = Model("openai", "x", price=Price(2.0, 10.0, 0.2))
    assert price(own, usage) == pytest.approx((200 * 2.0 + 800 * 0.2 + 10 * 10.0) / 1e6)
    assert price(replace(own, price=Price(2.0, 10.0)), usage) == pytest.approx((1000 * 2.0 + 10 * 10.0) / 1e6)


def test_what_is_written_to_claudes_prompt_cache_costs_a_quarter_more() -> None:
    # Anthropic's price list: five-minute cache writes are 1.25 times the base input price.
    usage = Usage(10_000, 100, 4_000, 5_000)
    assert price(Model("anthropic", "claude-sonnet-5"), usage) == pytest.approx((1_000 * 2 + 4_000 * 0.2 + 5_000 * 2.5 + 100 * 10) / 1e6)
    own = Model("anthropic", "x", price=Price(2.0, 10.0, 0.2))
    assert price(own, usage) == pytest.approx(price(Model("anthropic", "claude-sonnet-5"), usage))
    assert price(replace(own, provider="openai"), usage) == pytest.approx((6_000 * 2 + 4_000 * 0.2 + 100 * 10) / 1e6)


@pytest.mark.parametrize(
    "model",
    [
        Model("openai", "gpt-99-nonesuch"),
        Model("acme", "gpt-5-mini"),
        Model("openai", "gpt-5-mini", base_url="http://127.0.0.1:8080/v1"),
        Model("openai", "gpt-5-mini", base_url="https://openai.com.example/v1"),
    ],
)
def test_an_unknown_price_is_none_and_never_zero(model: Model) -> None:
    assert price(model, USED) is None
    assert listed_price(model) is None


def test_without_tokens_there_is_no_price() -> None:
    assert price(Model("openai", "gpt-5-mini"), None) is None
    assert price(Model("openai", "gpt-5-mini", price=Price(1, 1)), None) is None


def test_no_tokens_at_all_cost_nothing() -> None:
    assert price(Model("openai", "gpt-5-mini"), Usage()) == 0.0


def test_the_local_provider_is_free_even_without_tokens() -> None:
    assert price(Model("local", "rubric"), None) == 0.0
    assert listed_price(Model("local", "rubric")) == Price(0, 0)


def test_an_alias_that_is_not_listed_has_the_price_of_what_answered() -> None:
    assert price(Model("openai", "our-alias"), USED, "gpt-5-mini-2025-08-07") == price(
        Model("openai", "gpt-5-mini"), USED
    )


def test_the_vendors_regional_hosts_have_its_prices() -> None:
    assert price(Model("openai", "gpt-5-mini", base_url="https://eu.api.openai.com/v1"), USED)


@pytest.mark.parametrize("name", ["gpt-5-mini", "gpt-4o"])
def test_small_and_large_prompts_have_one_price_per_token_where_the_list_has_one(name: str) -> None:
    model = Model("openai", name)
    small, large = price(model, Usage(99_000, 100)), price(model, Usage(110_000, 100))
    assert small is not None
    assert large is not None
    rate = listed_price(model)
    assert rate is not None
    assert large - small == pytest.approx(11_000 * rate.input / 1e6)


def test_no_listed_price_of_either_vendor_changes_below_the_size_that_is_taken_as_flat() -> None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    for provider, name in [
        ("openai", "gpt-5"),
        ("openai", "gpt-4o"),
        ("anthropic", "claude-sonnet-5"),
        ("anthropic", "claude-opus-5-5"),
    ]:
        table = calc_price(
            Tokens(input_tokens=99_999, cache_read_tokens=500, output_tokens=777), name, provider_id=provider
        )
        assert price(Model(provider, name), Usage(99_999, 777, 500)) == pytest.approx(float(table.total_price))
