"""Object stores behind `jsonl`: S3, Google Cloud Storage and Azure, through obstore (the extra `stores`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from evalbot.adapters.sources.places import Place, place_of
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem

_GLOB = "*?["


def objects(place: Place, environment: Mapping[str, str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Each object whose name fits, sorted by name, with its lines."""
    try:
        import obstore
        from obstore.store import from_url
    except ImportError as error:
        raise ConfigError(Problem(f"{place.scheme}:// needs obstore.", hint='Install it: pip install "evalbot[stores]".')) from error
    fixed = place.path[: min((place.path.find(char) for char in _GLOB if char in place.path), default=len(place.path))]
    folder = fixed.rpartition("/")[0]
    try:
        store: Any = from_url(
            f"{place.scheme}://{place.host}", config=_settings(place.scheme, environment), client_options={"allow_http": _loopback(place.scheme, environment)}
        )
        names = sorted(
            found["path"] for batch in obstore.list(store, prefix=folder or None) for found in batch if fnmatchcase(found["path"], place.path)
        )
        if not names:
            raise CouldNotRun(f"the source {place.scheme}://{place.host}/{place.path}: there is no such object.")
        for name in names:
            yield f"{place.scheme}://{place.host}/{name}", _lines(obstore.get(store, name).stream(), gzipped=name.endswith(".gz"))
    except (OSError, ValueError, obstore.exceptions.BaseError) as error:
        raise CouldNotRun(f"the source {place.scheme}://{place.host}/{place.path}: {_first(error)}") from error


def _lines(chunks: Iterable[Any], *, gzipped: bool) -> Iterator[bytes]:
    import zlib

    unpack = zlib.decompressobj(wbits=31) if gzipped else None
    rest = b""
    for chunk in chunks:
        data = unpack.decompress(bytes(chunk)) if unpack else bytes(chunk)
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
    if rest:
        yield rest


_PREFIXES = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_", "abfs": "AZURE_"}


def _settings(scheme: str, environment: Mapping[str, str]) -> Any:
    """What the environment says of this cloud, by the names that the cloud's own tools read."""
    prefix = _PREFIXES[scheme]
    known = {name.removeprefix(prefix).lower() for name in environment if name.startswith(prefix)} & _KNOWN[prefix]
    return {f"{prefix.lower()}{name}": environment[f"{prefix}{name.upper()}"] for name in known}


_KNOWN: Mapping[str, set[str]] = {
    "AWS_": {"access_key_id", "secret_access_key", "session_token", "region", "endpoint_url", "endpoint", "default_region"},
    "GOOGLE_": {"service_account", "service_account_key", "application_credentials"},
    "AZURE_": {"storage_account_name", "storage_account_key", "storage_sas_token", "endpoint", "client_id", "client_secret", "tenant_id", "federated_token_file"},
}


def _loopback(scheme: str, environment: Mapping[str, str]) -> bool:
    """Whether the store is one on this machine, as tests and local set-ups have it; elsewhere plain http stays refused."""
    place = place_of(_endpoint(scheme, environment))
    return isinstance(place, Place) and (place.kind, place.scheme) == ("http", "http")


def _endpoint(scheme: str, environment: Mapping[str, str]) -> str:
    """Where a store is said to be, if it is not where its cloud has them."""
    if scheme == "s3":
        return environment.get("AWS_ENDPOINT_URL", "") or environment.get("AWS_ENDPOINT", "")
    if scheme == "gs":
        try:
            key: Any = json.loads(environment.get("GOOGLE_SERVICE_ACCOUNT_KEY") or "{}")
        except ValueError:  # what is wrong with it, the client says
            return ""
        return str(key.get("gcs_base_url", "")) if isinstance(key, dict) else ""
    return environment.get("AZURE_ENDPOINT", "")


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
