"""A failure → the row that is proposed: everything a person needs to make it an example, and nothing that they have to decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example, Status
from evalbot.domain.harvest import Failure


def proposed_row(failure: Failure) -> Mapping[str, Json]:
    """A dataset row of status `proposed`. `expected_output` and `root_cause` are a person's to write: what a model said is no answer key."""
    sample = failure.sample
    row: dict[str, Json] = {
        "id": failure.example, "partition": "regression", "status": "proposed", "input": dict(sample.input),
    }  # fmt: skip
    if sample.context:
        row["context"] = list(sample.context)
    row |= {"tags": ["harvest"], "cluster": failure.cluster, "created_at": _day(sample.timestamp)}
    source: dict[str, Json] = {"root_cause": ""}
    if sample.url:
        source["url"] = sample.url
    row["source"] = source
    metadata: dict[str, Json] = {"failed": list(failure.kinds or failure.alerts or failure.signals), "seen": failure.seen}
    if sample.expected is not None:
        metadata["correction"] = sample.expected
    return row | {"metadata": metadata}


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def row_of(example: Example) -> Mapping[str, Json]:
    """An example as a row again, with what it says of itself and no more: a reviewer's edits stay as they are."""
    row: dict[str, Json] = {"id": example.id, "partition": str(example.partition)}
    if example.status is not Status.ACTIVE:
        row["status"] = str(example.status)
    row["input"] = dict(example.input)
    for name in _OPTIONAL:
        value = getattr(example, name)
        if value not in (None, (), {}):
            row[name] = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
    return row


_OPTIONAL = (
    "expected_output", "references", "context", "criteria", "checks", "messages", "prompts", "tags", "cluster", "created_at", "reviewers",
    "labels", "source", "metadata",
)  # fmt: skip
