"""The target `http`: an address that answers; its host is policy's, and nothing leads away from it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from evalbot.adapters.providers.faults import one_line, read_failure
from evalbot.adapters.providers.sdk import http_client
from evalbot.adapters.targets import TARGETS
from evalbot.adapters.targets.answers import failed, read_answer, without
from evalbot.adapters.targets.program import name_problems, question
from evalbot.adapters.targets.template import filled
from evalbot.domain.canonical import Json, canonical, parse_json
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.examples import Example
from evalbot.domain.models import Reply, Request
from evalbot.domain.ports import Provider
from evalbot.domain.redaction import Redactor
from evalbot.domain.targets import Place, Target

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 4 * 1024 * 1024
_MOST_HOPS = 3
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_POINTED = ("context", "tool_calls", "usage", "cost_usd")


@TARGETS.register("http")
@dataclass(frozen=True, kw_only=True)
class HttpTarget:
    """An address that answers: each question is one request, and a JSON pointer finds the answer in what comes back.

    A redirect is followed on the same host only. 429 and server errors are tried again within the time of the run; any
    other status, no JSON, and a pointer that leads nowhere are a `target_error`.

    Args:
        url: Where it is: https, or http on this machine.
        body: The request's JSON. A text `{{ name }}` in it is a value of the example's `input` as it is, one within other words
            its text; `{{ input }}` is the whole input, `{{ context }}` the passages. As YAML, or as a text that is JSON.
            Absent: `{"input": …, "context": …}`.
        answer: JSON pointer to the answer's text in the response, such as `/choices/0/message/content`. Absent: the response is
            the answer object itself.
        context: JSON pointer to the passages that were retrieved.
        tool_calls: JSON pointer to the calls that were made.
        usage: JSON pointer to the tokens.
        cost_usd: JSON pointer to the cost.
        method: `POST` or `PUT`.
        headers: Headers; `${NAME}` in a value is a variable of the workflow's environment.
        seconds: For one answer, 0.1 to 3,600.
    """

    url: str
    body: Mapping[str, Json] | str | None = None
    answer: str = ""
    context: str = ""
    tool_calls: str = ""
    usage: str = ""
    cost_usd: str = ""
    method: Literal["POST", "PUT"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 60.0

    recorded = None
    code = None

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each that begins with the option."""
        for name in ("answer", *_POINTED):
            pointer = getattr(self, name)
            if pointer and not pointer.startswith("/"):
                yield f"{name} must be a JSON pointer, which begins with /, not {pointer!r:.60}"
        if not self.answer and any(getattr(self, name) for name in _POINTED):
            yield "answer must say where the text is when other pointers are given"
        if not 0.1 <= self.seconds <= 3600:
            yield f"seconds must be from 0.1 to 3,600, not {self.seconds:g}"
        yield from name_problems(self.variables, "headers")
        try:
            self.template()
        except ValueError as error:
            yield f"body is no JSON ({error}); a hole stands in quotes there too"
        for name, value in self.headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not value.isprintable():
                yield f"headers holds {name!r:.60}, which is no header"

    def template(self) -> Json:
        """The body before it is filled: read first, so that no value can change its shape; raises ValueError where it is no JSON."""
        return parse_json(self.body) if isinstance(self.body, str) else self.body

    @property
    def variables(self) -> Sequence[str]:
        """Names of variables that its headers use."""
        return tuple(dict.fromkeys(name for value in self.headers.values() for name in _VARIABLE.findall(value)))

    @property
    def label(self) -> str:
        """Host and path."""
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path}"[:100]

    def with_files(self, read: Callable[[str], bytes]) -> Target:  # noqa: ARG002 - the port's signature
        """Itself: it has no files."""
        return self

    def identity(self) -> Json:
        """The address and how it is spoken to; no value of a variable."""
        return [self.url, self.method, dict(self.headers), self.answer, *(getattr(self, name) for name in _POINTED)]

    def payload(self, example: Example) -> Json:
        """The request's body; raises ValueError where it uses a value that the example does not have."""
        if self.body is None:
            return question(example)
        values = {"context": "\n\n".join(example.context), **example.input, "input": example.input}
        return filled(self.template(), values)

    def open(self, place: Place) -> Provider:
        """Nothing is sent before the first question; a variable that is not set is an error then."""
        return HttpProvider(self, place.environment)


class HttpProvider:
    """Sends questions and reads answers."""

    def __init__(self, target: HttpTarget, environment: Mapping[str, str]) -> None:
        self._target, self._environment = target, environment
        self._client: httpx2.AsyncClient | None = None
        self._redactor = Redactor(environment.get(name, "") for name in target.variables)

    async def complete(self, request: Request, seconds: float) -> Reply:
        """The answer.

        Raises:
            ProviderError: No answer; 429, server errors and the network may be tried again.
        """
        started = time.monotonic()
        try:
            status, headers, body = await self._fetch(request.messages[-1].content, min(self._target.seconds, seconds))
        except ProviderError as error:
            raise ProviderError(error.fault, self._redactor.redact(str(error)), error.retry_after) from None
        if not 200 <= status < 300:
            refused = read_failure(status, headers, body.decode("utf-8", "replace")).error()
            said = self._redactor.redact(one_line(f"{self._target.label} {refused}"))
            raise ProviderError(refused.fault, said, refused.retry_after)
        return replace(without(self._read(body), self._redactor), recorded_ms=round((time.monotonic() - started) * 1000, 3))

    async def close(self) -> None:
        """Give connections back."""
        if self._client is not None:
            await self._client.aclose()

    def _headers(self) -> dict[str, str]:
        missing = [name for name in self._target.variables if not self._environment.get(name)]
        if missing:
            raise failed(f"its headers use {missing[0]}, which is not set")
        given = {
            name: _VARIABLE.sub(lambda found: self._environment[found[1]], value) for name, value in self._target.headers.items()
        }
        return {"Content-Type": "application/json", "Accept": "application/json", **given}

    async def _fetch(self, body: str, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        import httpx2

        self._client = self._client or http_client()
        url = self._target.url
        try:
            for _ in range(_MOST_HOPS + 1):
                async with self._client.stream(
                    self._target.method, url, content=body.encode(), headers=self._headers(), timeout=seconds
                ) as response:
                    if not response.is_redirect:
                        return response.status_code, response.headers, await _limited(response)
                    url = _followed(url, response.status_code, response.headers.get("location", ""))
        except httpx2.TimeoutException:
            raise ProviderError(ProviderFault.TIMEOUT, f"{self._target.label}: no answer within {seconds:g} s") from None
        except httpx2.HTTPError as error:
            raise ProviderError(ProviderFault.NETWORK, f"{self._target.label}: {type(error).__name__}: {error}"[:300]) from None
        raise failed(f"it redirects more than {_MOST_HOPS} times")

    def _read(self, body: bytes) -> Reply:
        try:
            return read_answer(self._answer(body))
        except ProviderError as error:
            raise ProviderError(error.fault, self._redactor.redact(str(error))) from None

    def _answer(self, body: bytes) -> Json:
        try:
            document = parse_json(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise failed(f"its answer is no JSON ({error})"[:300]) from None
        if not self._target.answer:
            return document
        answer: dict[str, Json] = {"output": pointed(document, self._target.answer)}
        for name in _POINTED:
            if pointer := getattr(self._target, name):
                answer[name] = pointed(document, pointer)
        return answer


def pointed(document: Json, pointer: str) -> Json:
    """What a JSON pointer (RFC 6901) points to; raises ProviderError where it leads nowhere."""
    value = document
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise failed(f"its answer has nothing at {pointer}: {canonical(document)[:120]}")
    return value


async def _limited(response: httpx2.Response) -> bytes:
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise failed(f"it answered with more than {MOST_BYTES:,} bytes")
    return content


def _followed(url: str, status: int, location: str) -> str:
    """Where a redirect leads, on the same host; a question is sent again only where the status says so (RFC 9110, 15.4)."""
    target = urljoin(url, location)
    here, there = urlsplit(url), urlsplit(target)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        raise failed(f"it redirects to another host ({there.netloc or location!r:.60}), which is not followed")
    if status not in (307, 308):
        raise failed(f"it redirects with HTTP {status} to {there.path!r:.60}: give that as `url`")
    return target
