"""Fifty claims that people have labelled, to measure a judge of claims on: ten passages, each with five claims about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import cast

from evalbot.domain.canonical import Json, parse_json


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim and what people say of it: one of the metric's five verdicts."""

    id: str
    claim: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was asked, the context, and claims about it."""

    input: str
    context: tuple[str, ...]
    claims: tuple[LabelledClaim, ...]


def labelled_claims() -> tuple[Labelled, ...]:
    """The set that comes with evalbot (claims.jsonl)."""
    lines = files(__package__).joinpath("claims.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_labelled(cast("dict[str, Json]", parse_json(line))) for line in lines if line.strip())


def _labelled(row: dict[str, Json]) -> Labelled:
    claims = cast("Sequence[dict[str, str]]", row["claims"])
    return Labelled(
        str(row["input"]), tuple(cast("Sequence[str]", row["context"])), tuple(LabelledClaim(**claim) for claim in claims)
    )
