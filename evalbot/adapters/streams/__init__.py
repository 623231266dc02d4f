"""Streams of production samples: in this process, Redis Streams, or Kafka."""

from __future__ import annotations

from collections.abc import Mapping

from evalbot.adapters.streams.kafka import KafkaStream
from evalbot.adapters.streams.memory import MemoryStream
from evalbot.adapters.streams.redis import RedisStream
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.streams import SampleStream

OPTIONS = {
    "memory": (),
    "redis": ("url_env", "name", "group", "deliveries"),
    "kafka": ("servers", "topic", "group", "deliveries", "client", "client_env"),
}
"""What each type of stream knows beside its type."""

__all__ = ["OPTIONS", "KafkaStream", "MemoryStream", "RedisStream", "open_stream"]


def open_stream(options: Mapping[str, Json], environment: Mapping[str, str]) -> SampleStream:
    """The stream of a configuration. Nobody is asked yet: a service may begin before its server does.

    Raises:
        ConfigError: A key is unknown, a variable is not set, or a client is not installed.
    """
    kind = str(options.get("type", "memory"))
    if kind not in OPTIONS:
        raise ConfigError(Problem(f"there is no stream of type {kind!r:.60}.", hint=nearest(kind, OPTIONS)))
    given: dict[str, Json] = {name: value for name, value in options.items() if name != "type"}
    for name in given.keys() - {*OPTIONS[kind]}:
        raise ConfigError(Problem(f"a stream of type {kind} knows no {name!r:.60}.", hint=nearest(name, OPTIONS[kind])))
    if kind == "memory":
        return MemoryStream()
    if kind == "redis":
        url = _variable(str(given.pop("url_env", "REDIS_URL")), environment, "It holds redis://host:port/0.")
        return RedisStream(url, **given)  # type: ignore[arg-type]  # the shape of the configuration has checked them
    if not given.get("servers"):
        raise ConfigError(Problem("a stream of type kafka needs `servers`.", hint="Write host:port, several with commas."))
    client = {name: str(value) for name, value in _mapping(given.pop("client", None)).items()}
    for name, variable in _mapping(given.pop("client_env", None)).items():
        client[name] = _variable(str(variable), environment, f"It holds {name}.")
    return KafkaStream(**given, client=client)  # type: ignore[arg-type]


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _variable(name: str, environment: Mapping[str, str], holds: str) -> str:
    found = environment.get(name, "").strip()
    if not found:
        raise ConfigError(Problem(f"the stream needs the environment variable {name}, which is not set.", hint=holds))
    return found
