"""Models: is there a key, does the provider know the model, when does it end, and what does it cost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol, cast

from evalbot.adapters.prices import listed_names, price
from evalbot.adapters.providers.lifetimes import announced_end
from evalbot.adapters.providers.open import key_name, open_provider
from evalbot.app.doctor.advice import Advice, advice, broken, fine, unknown
from evalbot.domain.errors import ConfigError, ProviderError, ProviderFault, nearest
from evalbot.domain.judges import SOON_DAYS
from evalbot.domain.models import Model, Usage

_SECONDS = 15.0
class Describing(Protocol):
    """A provider that can say something of a model."""

    async def describe(self, name: str, seconds: float) -> Mapping[str, Any]:
        """See `adapters.providers.sdk`."""


def keys(models: Sequence[Model], environment: Mapping[str, str]) -> Iterator[Advice]:
    """Whether each model can be asked."""
    missing = False
    for name in dict.fromkeys(filter(None, map(key_name, models))):
        if not environment.get(name, "").strip():
            missing = True
            hint = f"Export {name}; for the workflow add it to the repository's secrets (Settings, Secrets and variables, Actions)."
            yield broken("keys", f"{name} is not set here.", hint)
    for model in models:
        if key_name(model) and not environment.get(str(key_name(model)), "").strip():
            continue
        try:
            asyncio.run(open_provider(model, environment).close())
        except ConfigError as error:
            if model.federation:
                yield unknown("keys", f"{model.label} takes a token that the workflow exchanges, which cannot be tried here.", "The job needs `id-token: write`.")
                continue
            missing = True
            yield from (broken("keys", problem.message, problem.hint) for problem in error.problems)
    if not missing:
        yield fine("keys", "every model has what it needs to be asked.")


def lives(models: Sequence[Model], environment: Mapping[str, str], today: date, *, offline: bool) -> Iterator[Advice]:
    """Whether each model is known, and how long it stays."""
    for model in models:
        if model.provider == "local":
            yield advice("models", f"{model.label} is embedded: it compares words and is no language model.", "Name your own model; the local ones are for demos and tests.")
            continue
        said, ends = ({}, None) if offline else _described(model, environment)
        if isinstance(said, Advice):
            yield said
        ends = ends or announced_end(model.model)
        if ends is not None:
            yield _of_end(model, ends, today)
        elif not isinstance(said, Advice):
            yield unknown("models", f"nothing is known of an end of {model.label}.") if offline else fine("models", f"{model.label} is there, and no end of it is announced.")


def prices(models: Sequence[Model]) -> Iterator[Advice]:
    """Whether the cost of a run can be known."""
    lacking = [model for model in models if model.provider != "local" and price(model, Usage(1, 1), model.model) is None]
    for model in lacking:
        yield advice("prices", f"the price of {model.label} is not known: neither cost nor budget of a run can be.", f"{_alike(model)}Give it as `price: {{input: …, output: …}}` under `models:`, in US dollars per million tokens.")
    if not lacking:
        yield fine("prices", "the price of every model is known.")


def _alike(model: Model) -> str:
    """ "Did you mean 'gpt-6-luna'? ", or nothing where no listed name is close."""
    hint = nearest(model.model, listed_names(model))
    return f"{hint} " if hint.startswith("Did you mean") else ""


def _described(model: Model, environment: Mapping[str, str]) -> tuple[Advice | Mapping[str, Any], date | None]:
    """What the provider says, or why it says nothing; and the end that it names."""
    try:
        said = asyncio.run(_ask(model, environment))
    except ConfigError:
        return unknown("models", f"{model.label} was not looked up: there is no key for it."), None
    except ProviderError as error:
        if error.fault is ProviderFault.BAD_REQUEST:
            return broken("models", f"{model.provider} does not know {model.model!r} (or not for this key): {error}", f"{_alike(model)}Correct the name in evalbot.yml or in the prompt."), None
        return unknown("models", f"{model.label} could not be looked up: it {error}."), None
    if said is None:
        return unknown("models", f"{model.provider} says nothing about its models."), None
    return said, next((found for key in ("shutdown_date", "retires_at", "deprecated_at") if (found := _date(said.get(key)))), None)


async def _ask(model: Model, environment: Mapping[str, str]) -> Mapping[str, Any] | None:
    provider = open_provider(model, environment)
    try:
        return await cast("Describing", provider).describe(model.model, _SECONDS) if hasattr(provider, "describe") else None
    finally:
        await provider.close()


def _of_end(model: Model, ends: date, today: date) -> Advice:
    days = (ends - today).days
    what = f"{model.label} ends on {ends.isoformat()}"
    if days < 0:
        return broken("models", f"{what}, which is over.", "Move to a newer model, in a pull request of its own: evalbot compares both.")
    if days <= SOON_DAYS:
        return advice("models", f"{what}, in {days} days.", "Move to a newer model in a pull request of its own; a new judge has to be calibrated again.")
    return fine("models", f"{what}, in {days} days.")


def _date(value: Any) -> date | None:
    """A date, from `2027-01-14`, from `2027-01-14T00:00:00Z` or from seconds since 1970."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.replace("Z", "+00:00")).date()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).date()
    except (ValueError, OverflowError, OSError):
        pass
    return None
