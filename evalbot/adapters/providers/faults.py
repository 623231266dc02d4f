"""What a failed call means: the fault's kind, a line for a person, and how long the server asks us to wait."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from evalbot.adapters.providers.wire import mapping, sequence, string
from evalbot.domain.errors import ProviderError, ProviderFault

_LONGEST_MESSAGE = 300

_QUOTA_CODES = frozenset(
    {
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "account_deactivated",
        "access_terminated", "insufficient_funds", "insufficient_credits", "payment_required",
    }
)  # fmt: skip
_QUOTA = re.compile(
    r"credit balance|exceeded your current quota|reached your specified|insufficient (?:quota|funds|balance|credits)",
    re.I,
)

_OVERFLOW_CODES = frozenset(
    {"context_length_exceeded", "exceed_context_size_error", "request_too_large", "string_above_max_length"}
)
_OVERFLOW = re.compile(
    r"maximum context length|prompt is too long|exceeds? (?:the |its )?(?:model's )?(?:available |maximum )?context"
    r"|context window (?:size |limit )?(?:is |was )?exceeded|exceed context limit",
    re.I,
)

_FILTER_CODES = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "responsibleaipolicyviolation",
        "invalid_prompt",
        "moderation_blocked",
    }
)
_FILTER = re.compile(r"content filtering policy|content management policy|flagged as potentially violating", re.I)

_BY_STATUS = {
    401: ProviderFault.AUTH, 402: ProviderFault.AUTH, 403: ProviderFault.AUTH, 408: ProviderFault.TIMEOUT,
    409: ProviderFault.SERVER, 425: ProviderFault.SERVER, 429: ProviderFault.RATE_LIMIT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """An HTTP error response, taken apart; every text in it was written by the server."""

    status: int
    headers: Mapping[str, str]
    code: str
    kind: str
    param: str
    message: str

    @property
    def codes(self) -> frozenset[str]:
        """The error's code and type, lower case."""
        return frozenset({self.code.lower(), self.kind.lower()})

    @property
    def overflow(self) -> bool:
        """Whether the prompt is too long for the model: the prompt's doing, so an answer and no fault."""
        if self.status not in (400, 413, 422):
            return False
        return bool(self.codes & _OVERFLOW_CODES or _OVERFLOW.search(self.message))

    @property
    def filtered(self) -> bool:
        """Whether a content filter refused the prompt."""
        return self.status == 400 and bool(self.codes & _FILTER_CODES or _FILTER.search(self.message))

    @property
    def fault(self) -> ProviderFault:
        """The kind of fault."""
        if self._quota:
            return ProviderFault.AUTH
        if 300 <= self.status < 400:
            return ProviderFault.PROTOCOL
        if self.status >= 500:
            return ProviderFault.SERVER
        return _BY_STATUS.get(self.status, ProviderFault.BAD_REQUEST)

    @property
    def retry_after(self) -> float | None:
        """Seconds from now that the server asks us to wait, from 0; None where it does not say."""
        return wait_asked(self.headers)

    @property
    def _quota(self) -> bool:
        if self.status not in (400, 429):
            return False
        if self.codes & _QUOTA_CODES:
            return True
        # Some servers word a limit per minute like an empty account; a wait cures the former only.
        cured_by_waiting = self.status == 429 and (self.retry_after is not None or "retry in" in self.message.lower())
        return bool(_QUOTA.search(self.message)) and not cured_by_waiting

    def error(self) -> ProviderError:
        """The error to raise, its message still with whatever the server wrote in it."""
        if 300 <= self.status < 400:
            said = f"answered HTTP {self.status}, a redirect, which is never followed. Set the final `base_url`."
        else:
            detail = next((code for code in (self.code, self.kind) if code), "")
            said = (
                f"answered HTTP {self.status}"
                + (f" ({detail})" if detail else "")
                + (f": {self.message}" if self.message else "")
            )
        return ProviderError(self.fault, said, self.retry_after)


def read_failure(status: int, headers: Mapping[str, str], text: str) -> Failure:
    """Takes an error response apart, whichever of the common shapes its body has (or none)."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Failure(status, headers, "", "", "", _prose(text))
    whole = mapping(body)
    error = mapping(whole.get("error")) or whole
    inner = mapping(error.get("innererror") or error.get("inner_error"))
    details = [mapping(item) for item in sequence(error.get("detail"))]  # FastAPI's shape: vLLM, Mistral
    where = sequence(details[0].get("loc")) if details else ()
    message = string(error.get("message")) or string(whole.get("error")) or string(error.get("detail"))
    return Failure(
        status=status,
        headers=headers,
        code=string(inner.get("code")) or string(error.get("code")),
        kind=string(error.get("type")) or (string(details[0].get("type")) if details else ""),
        param=string(error.get("param")) or ".".join(str(part) for part in where if part != "body"),
        message=message or "; ".join(string(detail.get("msg")) for detail in details),
    )


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms`, else by `retry-after` (seconds or an HTTP date); None where neither is sound."""
    exact = _number(headers.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is not None or given is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, OverflowError, TypeError):
        return None


def one_line(text: str) -> str:
    """The text on one line without control characters, at most 300 characters."""
    flat = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text[: 8 * _LONGEST_MESSAGE]).split())
    return flat if len(flat) <= _LONGEST_MESSAGE else flat[: _LONGEST_MESSAGE - 1] + "…"


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _prose(text: str) -> str:
    """What a person can read of a body that is no JSON; a page's markup says nothing."""
    return "a web page, not JSON" if text.lstrip().startswith("<") else text.strip()
