"""Who answers: each side's own model and params, at an endpoint and with a key that only policy may name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evalbot.domain.models import Model
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Prompt


class NotAllowed(Exception):  # noqa: N818 - reads as what it is
    """A side asks for a model that policy gives no endpoint for; the message names it and says why."""


def target(prompt: Prompt, suite: SuitePolicy, side: Policy, policy: Policy, *, fork: bool = False) -> Model:
    """The model that answers for a prompt on one side.

    Precedence: the prompt's front matter, the suite, `models:` (contract, section 4).

    Args:
        suite: The suite as that side defines it.
        side: That side's whole file, for its `models:`.
        policy: The rules: where provider, base_url, api_key_env and price come from.
        fork: A stranger's side: only models that policy itself names will do, not others of their providers.

    Raises:
        NotAllowed: Policy uses no model of that provider; for a fork, not this model.
    """
    wanted = _wanted(prompt.model, suite, side)
    params = {**wanted.params, **suite.params, **prompt.params}
    return replace(at_policys_endpoint(prompt.model or suite.model, wanted, policy, fork=fork), params=params)


def at_policys_endpoint(name: str, wanted: Model, policy: Policy, *, fork: bool = False) -> Model:
    """A model that a side asks for by this name, at the endpoint, with the key and at the price that policy gives.

    Raises:
        NotAllowed: Policy uses no model of that provider; for a fork, not this model.
    """
    endpoint = _endpoint(name, wanted, policy, fork=fork)
    if endpoint is None:
        known = any(model.provider == wanted.provider for model in _used(policy))
        raise NotAllowed(f"{wanted.label} ({'a fork gets only models that policy names' if known else 'policy uses no such provider'}; not run)")
    price = endpoint.price if endpoint.model == wanted.model else None
    return replace(endpoint, model=wanted.model, params=wanted.params, api=wanted.api, price=price)


def _wanted(named: str | None, suite: SuitePolicy, side: Policy) -> Model:
    of_suite = side.model(suite.model)
    if named is None:
        return of_suite
    try:
        return side.model(named)
    except KeyError:  # a bare model name is one of the suite's own provider
        return replace(of_suite, model=named, price=None)


def _endpoint(name: str, wanted: Model, policy: Policy, *, fork: bool) -> Model | None:
    known = policy.models.get(name)
    if known is not None and known.provider == wanted.provider and (not fork or known.model == wanted.model):
        return known
    same = [model for model in _used(policy) if model.provider == wanted.provider]
    exact = [model for model in same if model.model == wanted.model]
    return next(iter(exact or ([] if fork else same)), None)


def _used(policy: Policy) -> Iterator[Model]:
    """Every model that policy uses, by name or by suite."""
    yield from policy.models.values()
    for suite in policy.suites.values():
        names = [suite.model, *(spec.options.get("model") for spec in suite.metrics)]
        yield from (policy.model(name) for name in names if isinstance(name, str) and name)
