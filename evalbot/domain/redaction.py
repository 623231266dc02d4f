"""Takes secrets out of text: known ones in every usual disguise, and anything that looks like a well-known key."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from evalbot.domain.canonical import Json

MASK = "[redacted]"
WINDOW = 12  # a shorter piece of a key is of no use to a thief, and a shorter match would hide honest text
SHORTEST = 8  # masking "abc" would hide half the log

# A piece of so few different characters gives nothing away, and "000000000000" stands in honest numbers.
_DULL = 3

# Any match of 12 characters covers a 4-gram that starts at a multiple of 9: every ninth position tells.
_GRAM = 4
_STRIDE = WINDOW - _GRAM + 1

# The public beginnings of keys. A window that is mostly one of them gives nothing away.
_PREFIXES = ("sk-ant-api03-", "sk-ant-admin01-", "sk-svcacct-", "sk-proj-", "github_pat_", "sk-ant-", "sk-or-v1-")

_BOUNDARY = re.compile(r"-----(?:BEGIN|END) [A-Z ]+-----$")

_LOOKS = re.compile(
    r"\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{22,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bAIza[0-9A-Za-z_-]{35}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END )[\s\S])*(?:-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----)?"
)
# Looked for first, since most texts hold none of them: a character, and what it takes beside it for `_LOOKS` to try.
_CUES = {
    "-": ("sk-", "xox", "PRIVATE KEY"),
    "_": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "A": ("AKIA", "ASIA", "AIza"),
    "J": ("eyJ",),
}


class Redactor:
    """Replaces secrets by `[redacted]`.

    Each line of each secret is taken by itself, without blanks around it; one of fewer than 8 characters is ignored.
    Known secrets are found whole (from 8 characters), in pieces (from 12), reversed, in hex, in base64 at all three
    offsets, URL-encoded and JSON-escaped. Other ciphers (rot13, a space between any two letters) are beyond it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {
            line.strip() for secret in secrets for line in secret.splitlines() if not _BOUNDARY.match(line.strip())
        }
        self._windows: set[str] = set()
        self._short: set[str] = set()
        self._whole = frozenset(secret for secret in known if len(secret) >= WINDOW)
        for secret in known:
            if len(secret) >= SHORTEST:
                self._learn(secret)
        self._grams = {window[i : i + _GRAM] for window in self._windows for i in range(_STRIDE)}

    def redact(self, text: str) -> str:
        """The text with every secret and everything that looks like a key replaced."""
        if self._suspicious(text):
            text = _masked(text, self._spans(text))
        if _has_cue(text):
            text = _LOOKS.sub(MASK, text)
        return text

    def redact_json(self, value: object) -> object:
        """A JSON value with all its strings redacted, keys too; lists and objects come back as new ones."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {
                self.redact(key) if isinstance(key, str) else key: self.redact_json(item) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.redact_json(item) for item in value]
        return value

    def leaked(self, text: str) -> bool:
        """Whether a known secret is in the text. What merely looks like some key is redacted and is no leak of ours."""
        return self._suspicious(text) and any(True for _ in self._spans(text))

    def _learn(self, secret: str) -> None:
        prefix = next((known for known in _PREFIXES if secret.startswith(known)), "")
        if len(secret) < WINDOW or len(set(secret)) <= _DULL:
            self._short.add(secret)
        # From here on a piece holds at least half of what is really secret.
        for start in range(max(0, len(prefix) - WINDOW // 2), len(secret) - WINDOW + 1):
            self._add(secret[start : start + WINDOW])
        for form in _disguises(secret[len(prefix) :]):
            if len(form) < WINDOW:
                self._short.add(form)
            for start in range(len(form) - WINDOW + 1):
                self._add(form[start : start + WINDOW])

    def _add(self, window: str) -> None:
        if len(set(window)) > _DULL:
            self._windows.add(window)

    def _suspicious(self, text: str) -> bool:
        # Called on every answer: this line decides what redaction costs, see tests/domain/test_redaction.py.
        if self._grams and not self._grams.isdisjoint([text[i : i + _GRAM] for i in range(0, len(text), _STRIDE)]):
            return True
        return any(short in text for short in self._short)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        windows = self._windows
        for start in range(len(text) - WINDOW + 1):
            if text[start : start + WINDOW] in windows:
                yield start, start + WINDOW
        for exact in (*self._short, *self._whole):
            start = text.find(exact)
            while start >= 0:
                yield start, start + len(exact)
                start = text.find(exact, start + 1)


def _has_cue(text: str) -> bool:
    for character, cues in _CUES.items():
        if character in text:
            for cue in cues:
                if cue in text:
                    return True
    return False


def _disguises(core: str) -> Iterator[str]:
    """The ways a secret is written that hide it from a plain search; none of too short a one."""
    if len(core) < SHORTEST:
        return
    raw = core.encode("utf-8", "surrogatepass")
    yield core[::-1]
    yield raw.hex()
    yield raw.hex().upper()
    yield from _base64(raw)
    encoded = _url_encoded(core)
    lower = re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield from {encoded, lower, json.dumps(core)[1:-1]} - {core}


def _base64(raw: bytes) -> Iterator[str]:
    """What of a secret is the same in any base64 text that holds it: three offsets, two alphabets, edges cut off."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw).decode()
        first = (0, 2, 3)[offset]
        last = len(encoded.rstrip("=")) - (1 if (offset + len(raw)) % 3 else 0)
        stable = encoded[first:last]
        if len(stable) >= SHORTEST:
            yield stable
            yield stable.replace("+", "-").replace("/", "_")


def _url_encoded(text: str) -> str:
    return "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-._~") else f"%{byte:02X}"
        for byte in text.encode("utf-8", "surrogatepass")
    )


def _masked(text: str, spans: Iterator[tuple[int, int]]) -> str:
    pieces: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start > end or not pieces:
            pieces += [text[end:start], MASK]
        end = max(end, stop)
    return "".join(pieces) + text[end:]


def redacted(value: Mapping[str, object], redact: Callable[[str], str]) -> dict[str, Json]:
    """A JSON object with every string in it redacted, keys too; raises TypeError where it is not JSON."""
    return {redact(str(key)): _redacted(inner, redact) for key, inner in value.items()}


def _redacted(value: object, redact: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return redacted(value, redact)
    if isinstance(value, list | tuple):
        return [_redacted(inner, redact) for inner in value]
    raise TypeError(f"it holds {value!r}, which is not JSON")
