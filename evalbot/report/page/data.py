"""The data of the page as JSON in script elements that no browser runs: facts, examples, and the rows one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from typing import Any

from evalbot.domain.examples import Example
from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Row
from evalbot.domain.scores import Score

_SEPARATOR = "\x1f"  # between the parts of a key, as in data.js

# ASCII, and no `<`: nothing in a text can end the element that it stands in.
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=dict)


def parts(record: RunRecord) -> Iterator[str]:
    """Three elements: `facts`, `examples`, `rows`."""
    yield from _element("facts", [encoded(_facts(record))])
    yield from _element("examples", _examples(record))
    yield from _element("rows", _rows(record))


def encoded(value: Any) -> str:
    """JSON that may stand in a script element."""
    return _encoder.encode(value).replace("<", "\\u003c")


def _element(name: str, content: Any) -> Iterator[str]:
    yield f'<script type="application/json" id="{name}">'
    yield from content
    yield "</script>\n"


def _facts(record: RunRecord) -> dict[str, Any]:
    tested: dict[str, list[str]] = {}
    for row in record.decision.comparisons:
        if row.metric not in tested.setdefault(row.suite, []):
            tested[row.suite].append(row.metric)
    return {
        "tested": tested,
        "lower": sorted({_key(row.suite, row.metric) for row in record.decision.comparisons if row.lower_is_better}),
        "scales": {_key(*place): [end if isfinite(end) else None for end in scale] for place, scale in record.scales.items()},
        "failed": [
            {
                "suite": one.suite, "prompt": one.prompt, "example": one.example, "status": one.status.value,
                "head_failures": one.head_failures, "base_failures": one.base_failures, "runs": one.runs,
            }
            for one in record.decision.failed_examples
        ],
    }  # fmt: skip


def _examples(record: RunRecord) -> Iterator[str]:
    yield "{"
    for number, ((suite, known_as), example) in enumerate(record.examples.items()):
        yield f"{',' if number else ''}{encoded(_key(suite, known_as))}:{encoded(_about(example))}"
    yield "}"


def _about(example: Example) -> dict[str, Any]:
    found = {
        "input": example.input, "expected_output": example.expected_output, "references": example.references,
        "context": example.context, "tags": example.tags, "source": example.source,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _rows(record: RunRecord) -> Iterator[str]:
    yield "["
    for number, row in enumerate(record.rows):
        shown = row.whole if record.options.show_outputs else _without_words(row)
        yield ("," if number else "") + encoded(_row(shown))
    yield "]"


def _row(row: Row) -> dict[str, Any]:
    return {
        "suite": row.suite, "prompt": row.prompt, "side": row.side, "example": row.example, "example_hash": row.example_hash,
        "partition": row.partition, "part": row.part, "confirmation": row.confirmation, "output": row.output,
        "outcome": row.outcome, "error": row.error, "reason": row.reason, "cost_usd": row.cost_usd,
        "latency_ms": row.latency_ms, "earlier": row.earlier, "cached": row.cached, "shared": row.shared, "passed": row.passed,
        "scores": {name: _score(score) for name, score in row.scores.items()},
    }  # fmt: skip


def _score(score: Score) -> dict[str, Any]:
    return {
        "status": score.status, "value": score.value, "passed": score.passed, "reason": score.reason,
        "samples": list(score.samples), "error": score.error, "detail": dict(score.detail),
    }  # fmt: skip


def _without_words(row: Row) -> Row:
    bare = {name: replace(score, reason="", detail={}) for name, score in row.scores.items()}
    return row.but(output=None, earlier=(), reason="", scores=bare)


def _key(*parts: str) -> str:
    return _SEPARATOR.join(parts)
