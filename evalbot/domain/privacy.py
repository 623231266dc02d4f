"""Takes personal data out of production text: what has a structure is found by it, and the same person keeps the same name.

Found: e-mail addresses, telephone numbers, card numbers (Luhn's check), IBANs (ISO 13616's check), keys and tokens (by their
looks, and long random strings by their entropy). Names of people are found where something that knows them is given. Not found: what
only a reader recognises, such as street addresses in running text; a proposal is read by people before it is merged.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.redaction import MASK, Redactor

KINDS = ("email", "iban", "card", "phone", "token")
"""What `redact` may list, in the order in which it is looked for: a card number is also a string of digits."""

LONGEST = 200_000  # characters; a longer text is no question, and every pattern here takes linear time up to it

_EMAIL = re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}\s?(?:@|\(at\)|\[at\]|＠)\s?(?:[\w-]{1,63}\s?(?:\.|\(dot\)|\[dot\])\s?){1,8}[^\W\d_]{2,24}(?![\w-])", re.IGNORECASE)
_CARD = re.compile(r"(?<![\d.])(?:\d[ \-.\u00a0]?){12,18}\d(?!\d)")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ \-\u00a0]?[A-Z0-9]){11,30}(?![A-Z0-9])", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?(?:\(?\d{1,5}\)?[ \-./\u00a0]{0,2}){2,7}\d{2,}(?![\w])")
_UUID = r"(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])"
_LONG = re.compile(_UUID + r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9+/])")
_DIGITS = re.compile(r"\d")
_SEPARATED = re.compile(r"[ \-.()/\u00a0]")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,3}(?:\.\d{1,3}){3}|\d{1,2}:\d{2}")

_STAND_IN = re.compile(r"<[a-z]+-[0-9a-f]{6}>|" + re.escape(MASK))
_LONGEST_STAND_IN = 24

_LEAST_ENTROPY = 3.0  # bits a character: 16 random hex digits have about 3.2, a word with a number behind it less
_PHONE_DIGITS = range(7, 16)  # E.164 allows 15; fewer than 7 is an order number or a price


Span = tuple[int, int]


@dataclass(frozen=True)
class Personal:
    """Replaces personal data by names such as `<email-3f2a9c>`: the same data has the same name under the same key.

    Args:
        key: Secret of a run; without it a name tells nothing. Never written anywhere.
        kinds: Some of `KINDS`.
        secrets: Takes the process's own secrets out as well, and everything that looks like a well-known key.
        names: Where names of people stand in a text, where there is something that tells; raises ValueError where it cannot.
    """

    key: bytes = field(repr=False)
    kinds: tuple[str, ...] = KINDS
    secrets: Redactor = field(default_factory=lambda: Redactor(()), repr=False)
    names: Callable[[str], Iterable[Span]] | None = field(default=None, repr=False)

    def redact(self, text: str) -> str:
        """The text without them.

        Raises:
            ValueError: The text could not be looked through, as one of more than 200,000 characters: it must not be used.
        """
        text = self._without_patterns(text)
        return self._replaced("name", text, self.spans_of_names(text))

    def spans_of_names(self, text: str) -> Sequence[Span]:
        """Names of people in a text; what stands for other personal data already is no part of one. Raises ValueError."""
        found = self.names(text) if self.names is not None else ()
        return [span for start, end in _joined(found) for span in _between(text, start, end)]

    def _without_patterns(self, text: str) -> str:
        if len(text) > LONGEST:
            raise ValueError(f"a text of {len(text):,} characters is too long to be redacted")
        text = self.secrets.redact(text)  # whatever the kinds: no policy may have our own keys written down
        for kind in KINDS:
            if kind in self.kinds and (kind in ("email", "token", "iban") or _DIGITS.search(text)):
                text = self._replaced(kind, text, _FINDERS[kind](text))
        return text

    def redact_json(self, value: Json) -> Json:
        """A JSON value with every string in it redacted, keys too."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self.redact(str(key)): self.redact_json(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_json(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = str(value)
            return value if (clean := self._without_patterns(text)) == text else clean
        return value

    def name(self, kind: str, value: str) -> str:
        """The name that stands for a piece of personal data."""
        canonical = _SEPARATED.sub("", value).casefold()
        return f"<{kind}-{hmac.new(self.key, f'{kind}:{canonical}'.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:6]}>"

    def _replaced(self, kind: str, text: str, spans: Iterable[Span]) -> str:
        pieces: list[str] = []
        end = 0
        for start, stop in spans:
            pieces += [text[end:start], self.name(kind, text[start:stop])]
            end = stop
        return "".join([*pieces, text[end:]])


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """In order, what overlaps as one."""
    begin = end = 0
    for start, stop in sorted(spans):
        if start < end:
            end = max(end, stop)
            continue
        if end > begin:
            yield begin, end
        begin, end = start, stop
    if end > begin:
        yield begin, end


def _between(text: str, start: int, end: int) -> Iterator[Span]:
    """The parts of a span that are words, without blanks around them, and no stand-in."""
    at = start
    for match in [*_STAND_IN.finditer(text, max(0, start - _LONGEST_STAND_IN), end + _LONGEST_STAND_IN), None]:
        stop = end if match is None else min(end, match.start())
        part = text[at:stop]
        if any(map(str.isalpha, part)):
            yield at + len(part) - len(part.lstrip()), at + len(part.rstrip())
        at = stop if match is None else max(at, match.end())


def _emails(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        yield match.span()


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        yield from _longest(match, lambda part: _is_iban(_SEPARATED.sub("", part).upper()), 15)


def _cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        yield from _longest(match, lambda part: 13 <= len(digits := _SEPARATED.sub("", part)) <= 19 and _luhn(digits), 13)


def _phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        found = match[0]
        digits = _SEPARATED.sub("", found).removeprefix("+")
        marked = found.startswith(("+", "00", "0", "(")) or _SEPARATED.search(found.strip())
        if len(digits) in _PHONE_DIGITS and marked and not _TIME.fullmatch(found.strip()):
            yield match.span()


def _tokens(text: str) -> Iterator[Span]:
    """UUIDs, and unbroken strings that look drawn by chance: letters and digits among each other, and much entropy."""
    for match in _LONG.finditer(text):
        found = match[0].strip("=")
        digits, letters = len(_DIGITS.findall(found)), sum(char.isalpha() for char in found)
        if "-" in found or (digits >= 2 and letters >= 2 and _entropy(found) >= _LEAST_ENTROPY):
            yield match.span()


_FINDERS: Mapping[str, Callable[[str], Iterable[Span]]] = {
    "email": _emails, "iban": _ibans, "card": _cards, "phone": _phones, "token": _tokens,
}  # fmt: skip


def _longest(match: re.Match[str], good: Callable[[str], bool], least: int) -> Iterator[Span]:
    """The longest beginning of a match that passes its check: what follows a number without a break is no part of it."""
    found = match[0]
    for stop in range(len(found), least - 1, -1):
        if found[stop - 1].isalnum() and good(found[:stop]):
            yield match.start(), match.start() + stop
            return


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 13616: the first four characters behind the rest, letters as 10 to 35, remainder 1 by 97."""
    if not 15 <= len(text) <= 34 or not text.isascii() or not text.isalnum():
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def _entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
