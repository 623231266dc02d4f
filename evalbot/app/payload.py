"""Reads an event's payload by path: what is missing or of the wrong kind is one line that names the place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_FORBIDDEN_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|[/.]$")
GHOST = "ghost"  # whose account is gone
_NO_COMMIT = "0"


@dataclass(frozen=True, slots=True)
class Payload:
    """A webhook's body. Every method takes the way to a value, as keys, and raises ConfigError where it does not fit."""

    event: str
    body: Json

    def text(self, *way: str) -> str:
        """A string that is not empty."""
        value = self.value(*way)
        return value if isinstance(value, str) and value else self._refuse(way, "a text")

    def optional(self, *way: str) -> str:
        """A string; empty where there is none."""
        value = self.value(*way)
        return "" if value is None else value if isinstance(value, str) else self._refuse(way, "a text")

    def number(self, *way: str) -> int:
        """A whole number above zero."""
        value = self.value(*way)
        whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return value if whole and isinstance(value, int) else self._refuse(way, "a number above zero")

    def flag(self, *way: str) -> bool:
        """Whether it is true; missing is not."""
        return self.value(*way) is True

    def sha(self, *way: str) -> str:
        """A full commit sha."""
        value = self.value(*way)
        return value if isinstance(value, str) and _SHA.fullmatch(value) else self._refuse(way, "a commit sha")

    def sha_or_none(self, *way: str) -> str:
        """A full commit sha; empty for the sha of zeros, by which GitHub says that there is none."""
        sha = self.sha(*way)
        return sha if sha.strip(_NO_COMMIT) else ""

    def ref(self, *way: str) -> str:
        """A branch, tag or full reference that git would accept."""
        value = self.value(*way)
        fits = isinstance(value, str) and value and not _FORBIDDEN_IN_REF.search(value)
        return value if fits and isinstance(value, str) else self._refuse(way, "a git reference")

    def repository(self, *way: str) -> str | None:
        """The `owner/name` of a repository object; None where it is gone."""
        if self.value(*way) is None:
            return None
        value = self.value(*way, "full_name")
        fits = isinstance(value, str) and _REPOSITORY.fullmatch(value)
        return value if fits and isinstance(value, str) else self._refuse((*way, "full_name"), "an owner/name")

    def login(self, *way: str) -> str:
        """The login of an account object; `ghost` where the account is gone."""
        return GHOST if self.value(*way) is None else self.text(*way, "login")

    def value(self, *way: str) -> Json:
        """Whatever stands there; None where the last step leads nowhere."""
        here = self.body
        for depth, key in enumerate(way):
            if not isinstance(here, Mapping):
                self._refuse(way[:depth], "an object")
            here = here.get(key)
        return here

    def _refuse(self, way: tuple[str, ...], wanted: str) -> NoReturn:
        place = ".".join(way) or "the payload"
        hint = "Run evalbot on the event as GitHub sends it (GITHUB_EVENT_PATH)."
        raise ConfigError(Problem(f"the payload of the event {self.event!r} does not fit: {place} is not {wanted}.", hint=hint))
