"""What production samples are called: the id of the example that one becomes, and samples that somebody names by it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evalbot.app import ledger as ledgers
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.harvest import Counts, HarvestPolicy
from evalbot.domain.privacy import Personal
from evalbot.domain.samples import Sample, Window

KEY_VARIABLE = "EVALBOT_HARVEST_KEY"
SAMPLES_VARIABLE, SINCE_VARIABLE, UNTIL_VARIABLE = "EVALBOT_HARVEST_SAMPLES", "EVALBOT_HARVEST_SINCE", "EVALBOT_HARVEST_UNTIL"
_WORD_ENDS = re.compile(r"[._:-]+")
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,150}\Z")


def hashed_by(environment: Mapping[str, str], repository: str) -> Callable[[str], str]:
    """An id's stand-in: by the workflow's secret where it has one, else by the repository's name, so that the next run knows it again."""
    secret = environment.get(KEY_VARIABLE, "").strip() or f"evalbot harvest of {repository}"
    key = hmac.new(secret.encode(), b"ids", hashlib.sha256).digest()
    return lambda name: ledgers.hashed(key, name)


def example_id(sample: str, personal: Personal, hashed: Callable[[str], str]) -> str:
    """`prod-` and the sample's own id, or a keyed hash where that could name a person or is no id of ours."""
    safe = _SAFE.match(sample) and personal.redact(sample) == sample and not personal.spans_of_names(_WORD_ENDS.sub(" ", sample))
    return f"prod-{sample if safe else hashed(sample)}"


@dataclass(frozen=True)
class Named:
    """Samples that somebody wants proposed.

    Args:
        names: Their own ids, or those of the examples that they would become.
        since: Where to look, in seconds since 1970; None for the configured span before now.
        until: Its end; None for now.
    """

    names: tuple[str, ...]
    since: float | None = None
    until: float | None = None

    def window(self, policy: HarvestPolicy, now: float) -> Window:
        """Where they are looked for; the watermark has no say."""
        until = now if self.until is None else self.until
        return Window(until - policy.since_seconds if self.since is None else self.since, until)

    def policy(self, policy: HarvestPolicy) -> HarvestPolicy:
        """Without share and caps: those choose where nobody has chosen."""
        count = len(self.names)
        caps = replace(policy.caps, most=count, per_user=count, per_cluster=count)
        return replace(policy, rate=1.0, by=(), always=(), most_samples=count, caps=caps)

    def wants(self, sample: str, hashed: Callable[[str], str]) -> bool:
        """Whether the sample of this id is one of them, by whatever name an example of it may have."""
        return any(name in self.names for name in (sample, f"prod-{sample}", f"prod-{hashed(sample)}"))

    def missing(self, samples: Sequence[Sample], examples: Sequence[str]) -> tuple[str, ...]:
        """Those that the source has not given."""
        there = {*examples, *(sample.id for sample in samples), *(f"prod-{sample.id}" for sample in samples)}
        return tuple(name for name in self.names if name not in there)


def named(samples: Iterable[str], since: str = "", until: str = "") -> Named | None:
    """Samples as they are named on a command line or in a workflow's inputs; None where none is.

    Raises:
        ConfigError: A time is none, or stands without samples.
    """
    names = tuple(dict.fromkeys(samples))
    if not names:
        if since or until:
            raise ConfigError(Problem("--since and --until say where named samples are looked for.", hint="Name them with --sample, or leave both out."))
        return None
    start, end = _time(since, "--since"), _time(until, "--until")
    if start is not None and end is not None and start >= end:
        raise ConfigError(Problem(f"--since {since} is not before --until {until}."))
    return Named(names, start, end)


def named_in(environment: Mapping[str, str]) -> Named | None:
    """Samples as a workflow's inputs name them, separated by blanks or commas."""
    given = (environment.get(name, "") for name in (SINCE_VARIABLE, UNTIL_VARIABLE))
    return named(environment.get(SAMPLES_VARIABLE, "").replace(",", " ").split(), *given)


def outcome(counts: Counts, missing: Sequence[str], proposed: bool) -> str:
    """One line on what became of named samples."""
    reasons = ((counts.known, "known to the datasets"), (counts.decided, "decided before"), (counts.not_redacted, "dropped because redaction failed"))
    others = [f"{count} {why}" for count, why in reasons if count]
    others += [f"not found: {_listed(missing)}"] if missing else []
    head = f"{counts.proposed} of {counts.sampled + len(missing)} named samples proposed" if proposed else "nothing to propose of the named samples"
    return f"{head} ({'; '.join(others)})" if others else head


def nowhere(missing: Sequence[str]) -> str:
    """One line where the source has none of the named samples."""
    hint = f"Look at --since and --until; a name made of hex digits needs the {KEY_VARIABLE} and the repository that it was made with"
    return f"nothing was proposed: the source has none of the named samples in that time ({_listed(missing)}). {hint}."


def _time(text: str, option: str) -> float | None:
    if not text.strip():
        return None
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(Problem(f"{option}: {text[:60]!r} is no time.", hint="Write it as 2026-11-26T09:00:00Z.")) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(name[:60] for name in names[:5]) + more
