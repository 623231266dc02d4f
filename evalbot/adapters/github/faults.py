"""Why a request to GitHub failed: what it answered, whether asking again may help, and how long to wait before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from evalbot.adapters.providers.faults import one_line
from evalbot.domain.canonical import Json


class Kind(Enum):
    """What a failure means for the request that met it."""

    NO = auto()  # answered for good: never repeated
    LATER = auto()  # a limit: nothing was done, and waiting helps
    UNKNOWN = auto()  # no answer that can be read: it may have been done


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed request. `wait` is in seconds, where the server named a time; it may be far beyond our patience."""

    kind: Kind
    message: str
    status: int | None = None
    wait: float | None = None

    @property
    def too_long(self) -> bool:
        """Whether a shorter text may be accepted."""
        return self.status == 422 and ("too long" in self.message or "characters are allowed" in self.message)


class Foreign(Exception):  # noqa: N818 - reads as what it is
    """The server sent us to another host; the token stays here."""


def read_fault(error: Exception) -> Fault:
    """What an exception of PyGithub, of the network or of reading an answer means."""
    import requests
    from github import GithubException

    if isinstance(error, GithubException):
        return _answered(error.status, error.data, error.headers or {})
    if isinstance(error, Foreign | AssertionError) or (isinstance(error, RuntimeError) and "redirected" in str(error)):
        return Fault(Kind.NO, f"it was sent to another host: {one_line(str(error))}")
    if isinstance(error, requests.exceptions.RetryError):
        return Fault(Kind.UNKNOWN, "GitHub is still working on it (HTTP 202)", 202)
    if isinstance(error, requests.exceptions.SSLError):
        hint = "for a certificate authority of your own set REQUESTS_CA_BUNDLE"
        return Fault(Kind.UNKNOWN, f"the connection is not trusted ({hint})")
    if isinstance(error, requests.RequestException):
        return Fault(Kind.UNKNOWN, f"no answer ({type(error).__name__})")
    return Fault(Kind.UNKNOWN, "the answer is not GitHub's (a proxy's page?)")


def _answered(status: int, data: object, headers: Mapping[str, str]) -> Fault:
    message = f"{_message(data)} ({status})".strip()
    if status == 429 or (status == 403 and _is_limit(data, headers)):
        return Fault(Kind.LATER, message, status, _wait(headers))
    if status >= 500:
        return Fault(Kind.UNKNOWN, message, status)
    return Fault(Kind.NO, message, status)


def _message(data: object) -> str:
    if not isinstance(data, Mapping):
        return ""
    errors = data.get("errors")
    inner = [error.get("message") for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    return one_line(": ".join(str(part) for part in (data.get("message"), *inner) if part))


def _is_limit(data: object, headers: Mapping[str, str]) -> bool:
    from github.Requester import Requester

    message = data.get("message") if isinstance(data, Mapping) else None
    named = isinstance(message, str) and Requester.isRateLimitError(message)
    return named or "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until we may ask again, never negative; by the server's own clock, since ours may be wrong."""
    if (seconds := _number(headers.get("retry-after"))) is not None:
        return seconds
    now = _date(headers.get("date"))
    if now is None:
        return None
    at = _date(headers.get("retry-after"))
    if at is None and headers.get("x-ratelimit-remaining") == "0":
        at = _number(headers.get("x-ratelimit-reset"))
    return None if at is None else max(0.0, at - now)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


Headers = Mapping[str, str]
Answer = tuple[Headers, Json]
