"""Addresses of sources: what kind of place one names, and a connection to it that goes nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import requests

from evalbot.domain.errors import CouldNotRun

_SECONDS = (10.0, 60.0)  # to connect, and between two pieces of an answer
_TRIES = 5
_LONGEST_WAIT = 120.0
_LOCAL = ("localhost", "127.0.0.1", "::1")

Kind = Literal["file", "http", "store"]


@dataclass(frozen=True, slots=True)
class Place:
    """`path` is a path or glob on this machine, or what stands behind a store's bucket; `scheme` is empty for a file."""

    kind: Kind
    scheme: str
    host: str
    path: str


def place_of(url: str, stores: Sequence[str] = ()) -> Place | str:
    """The place that an address names, or what is wrong with it, to be read after its name."""
    if "://" not in url:
        return Place("file", "", "", url) if url.strip() else "is empty."
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        return f"is no address: {error}."
    if parts.username or parts.password:
        return "holds a user name or password; name the variable that holds it in `auth`."
    if parts.scheme in stores:
        return Place("store", parts.scheme, parts.netloc, parts.path.lstrip("/")) if host else "names no bucket."
    if parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL):
        return Place("http", parts.scheme, host, parts.path)
    if parts.scheme == "http":
        return f"must begin with https://; plain http is for this machine only, not {host!r:.60}."
    known = ", ".join(("https", *stores))
    return f"has the scheme {parts.scheme!r:.20}, which is none of {known}."


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """An answer's body as it comes, for reading line by line."""
    answer = call("GET", url, stream=True)
    answer.raw.decode_content = True
    try:
        yield answer.raw
    except requests.RequestException as error:
        raise CouldNotRun(f"the source {url}: {type(error).__name__} while it answered. Nothing of it was used.") from error
    finally:
        answer.close()


def call(method: str, url: str, *, sleep: Callable[[float], None] = time.sleep, **more: Any) -> requests.Response:
    """One request, tried again where that may help; redirects are not followed, so that keys go where they were meant to go.

    Raises:
        CouldNotRun: No good answer after five tries, or one that will not get better.
    """
    said = ""
    for attempt in range(_TRIES):
        try:
            answer = requests.request(method, url, timeout=_SECONDS, allow_redirects=False, **more)
        except requests.RequestException as error:
            said = type(error).__name__
            sleep(min(_LONGEST_WAIT, 2.0**attempt))
            continue
        if answer.status_code < 300:
            return answer
        said = f"HTTP {answer.status_code}"
        answer.close()
        if 300 <= answer.status_code < 400:
            raise CouldNotRun(f"the source {_bare(url)} redirects; redirects are not followed. Write the address that it leads to.")
        if answer.status_code != 429 and answer.status_code < 500:
            raise CouldNotRun(f"the source {_bare(url)} answered {said}.{_advice(answer.status_code)}")
        if attempt + 1 < _TRIES:
            sleep(_wait(answer.headers, attempt, url))
    raise CouldNotRun(f"the source {_bare(url)} did not answer ({said}, {_TRIES} tries).")


def _wait(headers: Mapping[str, str], attempt: int, url: str) -> float:
    asked = headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdecimal() else 2.0**attempt
    if seconds > _LONGEST_WAIT:
        raise CouldNotRun(f"the source {_bare(url)} asks to wait {seconds:.0f} s; that is too long for this run.")
    return seconds


def _advice(status: int) -> str:
    return " Its credentials are missing or may not read this." if status in (401, 403) else ""


def _bare(url: str) -> str:
    return url.partition("?")[0]
