"""What a call costs in US dollars, or None: an unknown price is never zero."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from evalbot.domain.models import Model, Price, Usage

_MILLION = 1_000_000
_FREE = frozenset({"local"})
_WRITTEN = {"anthropic": 1.25}  # times the price of input: what a prompt cache of five minutes takes to be written
_VENDOR_HOSTS = {"openai": "openai.com", "anthropic": "anthropic.com"}

# No vendor's price per token changes below this size of a prompt; from here on the table is asked about each call.
_FLAT_TOKENS = 100_000


def price(model: Model, usage: Usage | None, answered_by: str = "", *, flex: bool = False) -> float | None:
    """US dollars for one call; None where tokens or price are unknown.

    Args:
        model: The model as configured: its own `price` comes first. Behind a `base_url` of your own no price is guessed.
        usage: The tokens.
        answered_by: The name that answered, for an alias that the table does not know.
        flex: It was answered in OpenAI's flex tier. A model's own `price` knows no tiers.
    """
    if model.provider in _FREE:
        return 0.0
    if usage is None:
        return None
    if model.price is not None:
        own = model.price
        cached = own.input if own.cached_input is None else own.cached_input
        written = usage.written_input * own.input * _WRITTEN.get(model.provider, 1.0)
        return (_fresh(usage) * own.input + usage.cached_input * cached + written + usage.output * own.output) / _MILLION
    if not at_vendor(model):
        return None
    for name in dict.fromkeys((model.model, answered_by)):
        if name and (usd := _listed(model.provider, name, usage, flex)) is not None:
            return usd
    return None


def listed_price(model: Model) -> Price | None:
    """US dollars per million tokens of small prompts, for estimates; None where unknown."""
    if model.provider in _FREE:
        return Price(0.0, 0.0)
    if model.price is not None:
        return model.price
    rates = _rates(model.provider, model.model) if at_vendor(model) else None
    return None if rates is None else Price(rates[0] * _MILLION, rates[2] * _MILLION)


def at_vendor(model: Model) -> bool:
    """Whether the vendor itself serves the model, and not an endpoint of your own."""
    if model.base_url is None:
        return True
    host, vendor = urlsplit(model.base_url).hostname or "", _VENDOR_HOSTS.get(model.provider)
    return vendor is not None and (host == vendor or host.endswith("." + vendor))


def listed_names(model: Model) -> tuple[str, ...]:
    """The vendor's models that the price table knows, for "did you mean"; nothing behind a `base_url` of your own."""
    from genai_prices.data_snapshot import get_snapshot

    if not at_vendor(model):
        return ()
    return tuple(known.id for vendor in get_snapshot().providers if vendor.id == model.provider for known in vendor.models)


def _listed(provider: str, name: str, usage: Usage, flex: bool) -> float | None:
    rates = _rates(provider, name, flex)
    if rates is None or usage.input >= _FLAT_TOKENS:
        return None if rates is None else _table(provider, name, usage, flex)
    fresh, cached, output, written = rates
    return _fresh(usage) * fresh + usage.cached_input * cached + usage.written_input * written + usage.output * output


def _fresh(usage: Usage) -> int:
    return usage.input - usage.cached_input - usage.written_input


@lru_cache(maxsize=256)
def _rates(provider: str, name: str, flex: bool = False) -> tuple[float, float, float, float] | None:
    """US dollars per fresh input, cached input, output and written input token."""
    found = [_table(provider, name, usage, flex) for usage in (Usage(1000), Usage(1000, 0, 1000), Usage(0, 1000), Usage(1000, 0, 0, 1000))]
    fresh, cached, output, written = found
    if fresh is None or cached is None or output is None:
        return None
    return fresh / 1000, cached / 1000, output / 1000, (fresh if written is None else written) / 1000


def _table(provider: str, name: str, usage: Usage, flex: bool) -> float | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(input_tokens=usage.input, cache_read_tokens=usage.cached_input, cache_write_tokens=usage.written_input, output_tokens=usage.output)
    try:
        return float(calc_price(tokens, name, provider_id=provider, price_context={"service_tier": "flex"} if flex else None).total_price)
    except (LookupError, ValueError):  # not listed; listed without a price for such tokens
        return None
