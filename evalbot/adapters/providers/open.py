"""Opens a provider for a model: which key, which address, and a clear word where one is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

from evalbot.adapters.providers import PROVIDERS
from evalbot.adapters.providers.federation import Federated, GitHubToken
from evalbot.domain.errors import ConfigError, NoKey, Problem
from evalbot.domain.models import Model
from evalbot.domain.ports import Provider
from evalbot.domain.redaction import SHORTEST

_Maker = Callable[[Model, str | None], Provider]


def open_provider(model: Model, env: Mapping[str, str]) -> Provider:
    """The provider of a model's endpoint; one is enough for all models with the same `Model.endpoint`.

    A provider is a class with `__init__(model, key)`. For a model with `auth` the key is None, and `federate` is called with
    what gives GitHub's token (federation.py). Where it has the attributes `key_env` and `base_url_env`, they name
    the environment variables of its key and of its address; a model's `api_key_env` and `base_url` come first.

    Args:
        model: The model, as policy describes it.
        env: The process's environment, never a file of the repository.

    Raises:
        NoKey: Its key is missing, or the job may not ask GitHub for a token in its place.
        ConfigError: The provider is unknown, its key is no key, or the address no URL.
    """
    part = PROVIDERS.get(model.provider)
    key = None if model.federation else _key(model, getattr(part, "key_env", None), env)
    address = address_of(model, env)
    if address is not None:
        _check(model, address, getattr(part, "base_url_env", ""))
    provider = cast("_Maker", part)(replace(model, base_url=address), key)
    if model.federation:
        cast("Federated", provider).federate(GitHubToken(env, model.federation.audience))
    return provider


def answered_at(model: Model, env: Mapping[str, str]) -> str:
    """Who answers a model's calls, as far as an address tells: "" is the vendor.

    Of an address on this machine that the environment gives, the port is left out: it is drawn anew for each job, as with
    service containers and forwarded ports. A `base_url` of policy is somebody's choice and counts as it stands.
    """
    address = address_of(model, env) or ""
    if address and model.base_url is None:
        parts = urlsplit(address)
        if parts.hostname in ("localhost", "127.0.0.1", "::1"):
            return f"{parts.scheme}://{parts.hostname}{parts.path}"
    return address


def address_of(model: Model, env: Mapping[str, str]) -> str | None:
    """Where a model's calls go: its own `base_url`, else what the environment says; None is the vendor's usual one."""
    return model.base_url or env.get(getattr(PROVIDERS.get(model.provider), "base_url_env", ""), "").strip() or None


def key_name(model: Model) -> str | None:
    """The environment variable that a model's key comes from; None where the provider needs none, or federation stands in."""
    if model.federation:
        return None
    name: str | None = model.api_key_env or getattr(PROVIDERS.get(model.provider), "key_env", None)
    return name


def _key(model: Model, usual: str | None, env: Mapping[str, str]) -> str | None:
    name = model.api_key_env or usual
    if name is None:
        return None
    key = env.get(name, "").strip()
    if not key:
        hint = "" if model.api_key_env else " (or name another variable in `api_key_env`)"
        raise NoKey(Problem(f"no key for {model.provider}: set {name}{hint}."))
    if len(key) < SHORTEST:
        raise ConfigError(
            Problem(f"{name} is shorter than {SHORTEST} characters: that is no key, and too short to be kept out of reports.")
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(Problem(f"{name} holds blanks or characters that no key has: set it to the bare key."))
    return key


def _check(model: Model, address: str, variable: str) -> None:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, sound = None, False
    where = f"`base_url` of {model.label}" if model.base_url else variable
    if parts is not None and parts.username is not None:
        raise ConfigError(Problem(f"{where} holds a user name or password: use `api_key_env` for keys."))
    if not sound:
        raise ConfigError(Problem(f"{where} is no http or https address: {address!r}."))
