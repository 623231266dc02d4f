"""`examples.jsonl`: what each measured example asked, so that a run can be shown again without its repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields

from evalbot.domain.examples import Example
from evalbot.domain.record import RunRecord

_FIELDS = tuple(field.name for field in fields(Example))
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=dict).encode


def example_lines(record: RunRecord) -> Iterator[str]:
    """One line of JSON an example, with its line end: `{"suite": …, "example": {…}}`."""
    for (suite, _), example in record.examples.items():
        yield _encode({"suite": suite, "example": {name: getattr(example, name) for name in _FIELDS}}) + "\n"
