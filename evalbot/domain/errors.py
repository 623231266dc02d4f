"""The error tree: what went wrong, where, and whose move it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class EvalbotError(Exception):
    """Anything evalbot says about itself on purpose; everything else is our bug."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where it stands, what it is, what to do about it."""

    message: str
    path: str = ""
    line: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}: " if self.path and self.line else f"{self.path}: " if self.path else ""
        return f"{place}{self.message}" + (f" {self.hint}" if self.hint else "")


class ConfigError(EvalbotError):
    """Something in `evalbot.yml`, a prompt or a dataset is yours to fix (exit 2); all problems are listed at once."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def named_at(error: ConfigError, what: str, path: str, line: int | None) -> list[Problem]:
    """The problems, where those with a whole file are told at the line that names the file."""
    return [
        Problem(f"{what}: {one.path} {one.message}" if one.message.startswith("is ") else f"{what}: {one.path}: {one.message}", path, line, one.hint)
        if one.path not in ("", path) and one.line is None
        else one
        for one in error.problems
    ]


class NoKey(ConfigError):  # noqa: N818 - reads as what is missing
    """A provider's key is missing: yours to set, except in a stranger's job, which is given none."""


class CouldNotRun(EvalbotError):  # noqa: N818 - the contract's word for "nothing was proved"
    """Nothing was proved (exit 3): an outage, a full disk, a missing git object."""


class ErrorClass(StrEnum):
    """Why an answer or a score does not exist. Never a number: such a row is `unscored`."""

    TARGET = "target_error"
    JUDGE = "judge_error"
    METRIC = "metric_error"
    STOPPED = "stopped"
    NOTHING_APPLIED = "nothing_applied"


class ProviderFault(StrEnum):
    """What a provider did instead of answering."""

    AUTH = "auth"  # 401, 403, 402, exhausted quota: fatal for the rest of the run, never retried
    RATE_LIMIT = "rate_limit"  # 429 that a wait can cure
    SERVER = "server"  # 5xx, 529
    TIMEOUT = "timeout"
    NETWORK = "network"  # connection refused or reset, DNS, TLS
    PROTOCOL = "protocol"  # HTTP 200 with `{}`, HTML, another model's name: not an answer
    BAD_REQUEST = "bad_request"  # 400, 404, 422: the request as configured cannot work
    TARGET = "target"  # a system under test failed by itself: crashed, took too long, gave nothing that can be read


class ProviderError(EvalbotError):
    """A model or judge call that gave no answer.

    Args:
        fault: What happened.
        message: One line for a person; must already be free of keys.
        retry_after: Seconds the server asked us to wait, where it said so.
    """

    RETRYABLE = frozenset(
        {ProviderFault.RATE_LIMIT, ProviderFault.SERVER, ProviderFault.TIMEOUT, ProviderFault.NETWORK, ProviderFault.PROTOCOL}
    )

    def __init__(self, fault: ProviderFault, message: str, retry_after: float | None = None) -> None:
        self.fault, self.retry_after = fault, retry_after
        super().__init__(message)

    @property
    def retryable(self) -> bool:
        """Whether the same call may go through later."""
        return self.fault in self.RETRYABLE


class Stopped(EvalbotError):  # noqa: N818 - reads as the state it names
    """A call that was not made, or not waited for: time or money used up, or the run was cancelled."""


def nearest(word: str, known: Iterable[str], *, quote: str = "'") -> str:
    """A hint that names the closest known word, else all of them: "Did you mean 'x'?"."""
    words = sorted(set(known))
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {quote}{close[0]}{quote}?"
    return f"Known: {', '.join(words)}." if words else ""
