"""What takes personal data out of production text in a harvest, and under which key the same data has the same name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evalbot.adapters.names import names_by
from evalbot.app.harvest_names import KEY_VARIABLE
from evalbot.app.wiring import World
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.privacy import Personal
from evalbot.domain.redaction import Redactor

RUN_KEY = secrets.token_bytes(32)


@contextmanager
def personal_of(policy: HarvestPolicy, path: str, world: World) -> Iterator[Personal]:
    """Patterns, the process's own secrets, and names where a model is named; raises ConfigError where that is not installed.

    Names stay the same within a run, and over all runs where the workflow sets a secret for it; it is never written.
    """
    secret = world.environment.get(KEY_VARIABLE, "").strip()
    key = hashlib.sha256(secret.encode()).digest() if secret else RUN_KEY
    with names_by(policy.names, "harvest.names", path, policy.line) as names:
        yield Personal(key, policy.redact, Through(world.redact), names)


class Through(Redactor):
    """The run's own redactor, which knows the process's secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__(())
        self._through = redact

    def redact(self, text: str) -> str:
        """The text without the process's secrets, and without what looks like a well-known key."""
        return super().redact(self._through(text))
