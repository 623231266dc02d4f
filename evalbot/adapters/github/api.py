"""Requests to GitHub through PyGithub, bounded in number, time and retries; a write is read back before it is repeated."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from evalbot.adapters.github.faults import Answer, Fault, Foreign, Kind, read_fault
from evalbot.domain.errors import ConfigError, CouldNotRun, EvalbotError, Problem
from evalbot.domain.pulls import Refused
from evalbot.domain.redaction import Redactor

if TYPE_CHECKING:
    from github.Requester import Requester
    from urllib3 import Retry

MOST_CALLS = 40
MOST_ATTEMPTS = 4
TIMEOUT_SECONDS = 15
CALL_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 30.0
HURRIED_SECONDS = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Errand:
    """What a request is for, in words that finish "GitHub refused to …", and the permission that it needs."""

    doing: str
    permission: str

    def refused(self, fault: Fault) -> str:
        """One line for a person."""
        hint = f" The job needs `permissions: {self.permission}`." if "not accessible" in fault.message and self.permission else ""
        return f"GitHub refused to {self.doing}: {fault.message}.{hint}"

    def unanswered(self, fault: Fault, attempts: int) -> str:
        """One line for a person."""
        if fault.kind is Kind.LATER and fault.wait is not None and fault.wait > LONGEST_WAIT_SECONDS:
            return f"GitHub would not {self.doing} for another {fault.wait:,.0f} s: {fault.message}."
        tries = "once" if attempts == 1 else f"{attempts} times"
        return f"GitHub was asked {tries} to {self.doing}, in vain: {fault.message}."


class Api:
    """The REST API of one repository.

    PyGithub brings authentication, connections and redirects. Its objects are not built, since they answer None to a web
    page; its retries and throttle are off, since they repeat a POST that was stored and wait without bound.

    Args:
        token: The job's token.
        api_url: Where the API is, as GITHUB_API_URL says it.
        repository: owner/name.
        clock: Seconds that only grow.
        sleep: Waits so many seconds.
        jitter: A number from 0 to 1.
        most_calls: How many requests there may be, all together.

    Raises:
        ConfigError: `api_url` is no URL.
    """

    def __init__(
        self,
        token: str,
        api_url: str,
        repository: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        jitter: Callable[[], float] = random.random,
        most_calls: int = MOST_CALLS,
    ) -> None:
        if not api_url.startswith(("https://", "http://")):
            raise ConfigError(Problem(f"GITHUB_API_URL is {api_url!r}: no address of an API.", hint="It starts with https://."))
        self._redact = Redactor([token]).redact
        self._token, self.url, self._clock, self._sleep, self._jitter = token, api_url.rstrip("/"), clock, sleep, jitter
        self.root = f"/repos/{quote(repository)}"
        self.calls, self.most_calls = 0, most_calls
        self._timeout, self._end = TIMEOUT_SECONDS, math.inf
        self._silent = False  # the last request was given up: the next one is tried once
        self._until: float | None = None  # the deadline of the call that this one is a part of

    def get(
        self, path: str, read: Callable[[Any], T], errand: Errand, parameters: Mapping[str, object] | None = None, *, for_write: bool = False
    ) -> T:
        """Read one thing; `read` makes a value of its JSON and may raise what reading JSON raises.

        Raises:
            Absent: There is no such thing, or none for this token.
            CouldNotRun: No answer, or another no. With `for_write` a no is Refused, as for the write that it is part of.
        """
        return self._get(path, lambda answer: read(answer[1]), errand, parameters, for_write)

    def pages(
        self, path: str, read: Callable[[Any], T], errand: Errand, parameters: Mapping[str, object] | None = None, *,
        under: str = "", for_write: bool = False,
    ) -> Iterator[T]:  # fmt: skip
        """Read a list to its end, page by page as they are asked for; `under` names its key where it has one."""

        def page(answer: Answer) -> tuple[list[T], str | None]:
            headers, data = answer
            items: Any = data[under] if under else data  # type: ignore[index,call-overload]  # what is no object is not an answer
            if not isinstance(items, list):
                raise TypeError("not a list")
            return [read(item) for item in items], self._next(headers.get("link", ""))

        following: str | None = path
        asked: Mapping[str, object] | None = {"per_page": 100, **(parameters or {})}
        while following is not None:
            items, following = self._get(following, page, errand, asked, for_write)
            yield from items
            asked = None

    def patch(self, path: str, body: Mapping[str, object], read: Callable[[Any], T], errand: Errand, done: Callable[[], T | None] | None = None) -> T:
        """Change a thing. Repeating is harmless, or else `done` reads back what a lost answer left."""
        return self._persist("PATCH", lambda: read(self._once("PATCH", path, None, body)[1]), errand, done)

    def post(self, path: str, body: Mapping[str, object], read: Callable[[Any], T], errand: Errand, done: Callable[[], T | None] | None) -> T:
        """Create a thing. Before it is asked for again, `done` looks whether it is there; None: asking twice is harmless."""
        return self._persist("POST", lambda: read(self._once("POST", path, None, body)[1]), errand, done)

    def now(self) -> float:
        """Seconds of the clock that deadlines are kept by."""
        return self._clock()

    def hurry(self, seconds: float) -> None:
        """From now on every request is tried once, on a connection of its own that waits briefly, and none begins after so long."""
        self._end, self._timeout = self._clock() + seconds, HURRIED_SECONDS
        self.__dict__.pop("_requester", None)

    def delete(self, path: str, errand: Errand) -> None:
        """Delete a thing; one that is gone already is deleted."""
        try:
            self._persist("DELETE", lambda: self._once("DELETE", path, None, None), errand)
        except Refused as refused:
            if refused.status not in (404, 410):
                raise

    def fetch(self, path: str, follow: Callable[[str], T], errand: Errand) -> T:
        """Read a thing that GitHub keeps elsewhere: `follow` gets the address that it redirects to."""
        return self._read(lambda: follow(self._once("GET", path, None, None)[0]["location"]), errand)

    def _get(self, path: str, read: Callable[[Answer], T], errand: Errand, parameters: Mapping[str, object] | None, for_write: bool) -> T:
        once = lambda: read(self._once("GET", path, parameters, None))  # noqa: E731 - one line, used twice
        return self._persist("GET", once, errand) if for_write else self._read(once, errand)

    def _read(self, once: Callable[[], T], errand: Errand) -> T:
        try:
            return self._persist("GET", once, errand)
        except Refused as refused:
            unknown = refused.status in (404, 410) or "No commit found" in str(refused)  # the latter comes as 422
            raise (Absent if unknown else CouldNotRun)(str(refused)) from None

    def _persist(self, verb: str, once: Callable[[], T], errand: Errand, done: Callable[[], T | None] | None = None) -> T:
        """Ask until there is an answer, at most MOST_ATTEMPTS times and CALL_SECONDS long."""
        until = self._until if self._until is not None else self._clock() + CALL_SECONDS
        for attempt in count(1):
            fault = self._attempt(once)
            if not isinstance(fault, Fault):
                return fault
            if fault.kind is Kind.NO:
                raise Refused(errand.refused(fault), fault.status, too_long=fault.too_long)
            wait = self._wait(fault, attempt)
            late = self._clock() + wait + TIMEOUT_SECONDS > until
            once_only = self._silent or self._end < math.inf
            hopeless = attempt >= (1 if once_only else MOST_ATTEMPTS) or wait > LONGEST_WAIT_SECONDS or late
            if not hopeless:
                self._sleep(wait)
            if done is not None and fault.kind is Kind.UNKNOWN and (found := self._read_back(done, until)) is not None:
                return found
            if hopeless:
                self._give_up(verb, errand.unanswered(fault, attempt), fault)
        raise AssertionError("unreachable")

    def _attempt(self, once: Callable[[], T]) -> T | Fault:
        try:
            answer = once()
        except (EvalbotError, Refused):
            raise
        except Exception as error:  # whatever a broken or hostile answer makes of PyGithub and of those who read it
            fault = read_fault(error)
            return replace(fault, message=self._redact(fault.message))  # a proxy may echo the token that it was sent
        self._silent = False
        return answer

    def _read_back(self, done: Callable[[], T | None], until: float) -> T | None:
        outer, self._until = self._until, until
        try:
            return done()
        finally:
            self._until = outer

    def _give_up(self, verb: str, message: str, fault: Fault) -> None:
        if fault.kind is Kind.LATER and verb != "GET":
            raise Refused(message, fault.status)
        self._silent = True
        raise CouldNotRun(message)

    def _wait(self, fault: Fault, attempt: int) -> float:
        backoff = float(2 ** (attempt - 1)) * (0.5 + self._jitter() / 2)
        return backoff if fault.wait is None else max(fault.wait, backoff)

    def _once(self, verb: str, path: str, parameters: Mapping[str, object] | None, body: Mapping[str, object] | None) -> Answer:
        if self.calls >= self.most_calls:
            raise CouldNotRun(f"GitHub was asked {self.most_calls} times in this run, which is the limit. A checkout (actions/checkout) saves most calls.")
        if self._clock() > self._end:
            raise CouldNotRun("GitHub was not asked any more: the job is being stopped.")
        self.calls += 1
        asked = dict(parameters or {}), dict(body) if body is not None else None
        return self._requester.requestJsonAndCheck(verb, path, parameters=asked[0], input=asked[1])

    def _next(self, link: str) -> str | None:
        """The path of the next page; Foreign where it is not on this API."""
        from requests.utils import parse_header_links

        url = next((part.get("url", "") for part in parse_header_links(link) if part.get("rel") == "next"), None)
        if url is None:
            return None
        if not url.startswith(f"{self.url}/"):
            raise Foreign(f"the next page is said to be at {url.partition('?')[0]}")
        return url.removeprefix(self.url)

    @cached_property
    def _requester(self) -> Requester:
        from github import Auth, Github

        return Github(
            auth=Auth.Token(self._token), base_url=self.url, timeout=self._timeout, user_agent="evalbot", per_page=100, retry=_no_retry(),
            seconds_between_requests=0, seconds_between_writes=0, lazy=True, api_version="2022-11-28",
        ).requester  # fmt: skip


class Absent(CouldNotRun):
    """What was to be read does not exist."""


def _no_retry() -> Retry:
    """No retries below ours; and 202 is a failure, since PyGithub waits for it without end."""
    from urllib3 import Retry

    return Retry(total=0, status_forcelist=[202], allowed_methods=None)
