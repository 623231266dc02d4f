"""A distribution dataset sampled from production: what users really ask, through the harvest's own source, map and redaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evalbot.adapters.names import names_by
from evalbot.adapters.prompts import PromptFile
from evalbot.app.harvest import refuse_public
from evalbot.app.harvest_erased import erased_in
from evalbot.app.harvest_names import example_id, hashed_by
from evalbot.app.harvest_places import places
from evalbot.app.harvest_window import Drawn, draw
from evalbot.app.setup.distribution import FEWEST, MOST, Made, sifted
from evalbot.app.wiring import redactor
from evalbot.config.harvest import build_source
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.policy import Policy
from evalbot.domain.ports import Snapshot
from evalbot.domain.privacy import Personal
from evalbot.domain.samples import From, Sample, Window

PRODUCTION = "production"
_SPARE = 4  # so many times the rows are drawn, since some are twins or known


@dataclass(frozen=True)
class Sampled:
    """Rows of production, and how many samples were left out and why."""

    made: Made
    window: int
    not_redacted: int
    unrendered: int


@dataclass(frozen=True)
class Production:
    """Where samples come from.

    Args:
        root: What a source's relative paths are relative to.
        since_seconds: How far back to look; 0 for the harvest's own span.
        now: Seconds since 1970, UTC.
    """

    root: Path
    environment: Mapping[str, str]
    since_seconds: float
    now: float

    def sampled(self, policy: Policy, tree: Snapshot, known: Sequence[Example], prompts: Sequence[PromptFile], *, rows: int, seed: int) -> Sampled:
        """So many rows, or fewer where the window has no more; each sample is as likely as any other.

        Raises:
            ConfigError: There is no `harvest:`, its map does not fit, the repository is public, or fewer than 500 rows can be used.
            CouldNotRun: The source did not answer to the end.
        """
        ours = _harvest(policy)
        proposals, _ = places(self.root, self.environment)
        refuse_public(proposals, policy, ours)
        hashed = hashed_by(self.environment, self.environment.get("GITHUB_REPOSITORY") or self.root.resolve().name)
        with names_by(ours.names, "harvest.names", policy.path, ours.line) as names:
            personal = Personal(secrets.token_bytes(32), ours.redact, redactor(self.environment), names)
            drawn = self._drawn(ours, policy, tree, personal, rows, seed)
            candidates = [_row(sample, example_id(sample.id, personal, hashed), ours) for sample in drawn.samples]
        rendered, why = _rendered(candidates, prompts)
        made = sifted(rendered, known, [prompt.text for prompt in prompts], rows=rows)
        if len(made.rows) < FEWEST:
            message = f"production gives {len(made.rows):,} rows that can be used, of {drawn.counts.fetched:,} samples; a distribution has {FEWEST:,} to {MOST:,}."
            raise ConfigError(Problem(message, policy.path, ours.line or None, why or "Look further back, with --since 30d."))
        return Sampled(made, drawn.counts.fetched, drawn.counts.not_redacted, len(candidates) - len(rendered))

    def _drawn(self, ours: HarvestPolicy, policy: Policy, tree: Snapshot, personal: Personal, rows: int, seed: int) -> Drawn:
        everything = replace(ours, rate=1.0, by=(), always=(), most_samples=_SPARE * rows)
        window = Window(self.now - (self.since_seconds or ours.since_seconds), self.now)
        source, here = build_source(ours, policy.path), From(self.root, self.environment)
        return draw(everything, source, window, here, personal, seed, erased=erased_in(ours, policy.path, tree), fair=True)


def _row(sample: Sample, name: str, ours: HarvestPolicy) -> dict[str, Json]:
    """What was asked, and no answer: what a model said is no answer key."""
    row: dict[str, Json] = {"id": name, "partition": str(Partition.DISTRIBUTION), "input": dict(sample.input)}
    row |= {"context": list(sample.context)} if sample.context else {}
    day = datetime.fromtimestamp(sample.timestamp, UTC).date().isoformat()
    return row | {"tags": [PRODUCTION], "created_at": day, "source": {"sampled_from": str(ours.source.get("type", ""))}}


def _harvest(policy: Policy) -> HarvestPolicy:
    if policy.harvest is None:
        hint = "Add one: suite, dataset, source and map (docs/harvest.md), or name a file of templates."
        raise ConfigError(Problem("there is no `harvest:` in it, so it is not known where production is.", policy.path, None, hint))
    return policy.harvest


def _rendered(rows: Sequence[dict[str, Json]], prompts: Sequence[PromptFile]) -> tuple[list[dict[str, Json]], str]:
    """The rows that every prompt can be rendered with, and why another cannot."""
    good, why = list(rows), ""
    for prompt in prompts:
        found = prompt.render_all([_example(row) for row in good])
        why = next((one for one in found if isinstance(one, str)), why)
        good = [row for row, one in zip(good, found, strict=True) if not isinstance(one, str)]
    return good, why


def _example(row: Mapping[str, Json]) -> Example:
    given, context = row["input"], row.get("context")
    assert isinstance(given, Mapping)  # noqa: S101 - as it was made above
    return Example(str(row["id"]), Partition.DISTRIBUTION, given, context=tuple(map(str, context)) if isinstance(context, list) else ())
