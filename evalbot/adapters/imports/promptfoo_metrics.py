"""promptfoo's assertions that are a metric of the whole suite here, since they measure and do not read: similarity, time, cost, calls, refusals.

An assertion belongs to one test and a metric meets every row that it can score. So a bound decides only where all the rows that the metric
would meet ask for it; elsewhere the metric is reported and decides nothing, which is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalbot.adapters.imports.imported import Notes
from evalbot.adapters.imports.promptfoo_assertions import REFUSAL_TAG, UnmappableError
from evalbot.domain.canonical import Json

_EMBEDDING = "openai/text-embedding-3-large"  # what promptfoo asks where a file names none
_REFUSE, _ANSWER = "is-refusal", "not-is-refusal"

Row = Mapping[str, Json]


@dataclass(frozen=True)
class Wish:
    """What one assertion asks of a metric: `bound` is the lowest or highest value that passes, None where it gives none."""

    kind: str
    bound: float | None
    line: int | None
    path: str


@dataclass(frozen=True)
class _Measure:
    """A metric: which option bounds it, whether the bound is the most that passes, and which rows it scores."""

    type: str
    option: str
    meets: Callable[[Row], bool]
    most: bool = False
    default: float | None = None
    options: Mapping[str, Json] | None = None


def _anything(row: Row) -> bool:  # noqa: ARG001 - one of several
    return True


def _compares(row: Row) -> bool:
    return bool(row.get("expected_output"))


def _retrieves(row: Row) -> bool:
    return bool(row.get("context")) and _compares(row)


def _calls(row: Row) -> bool:
    references = row.get("references")
    return any(isinstance(way, dict) for way in (row.get("expected_output"), *(references if isinstance(references, list) else ())))


_SIMILAR = _Measure("semantic_similarity", "threshold", _compares, default=0.75, options={"model": _EMBEDDING})
MEASURES: Mapping[str, _Measure] = {
    "similar": _SIMILAR,
    "similar:cosine": _SIMILAR,
    "latency": _Measure("latency", "max_ms", _anything, most=True),
    "cost": _Measure("cost", "max_usd", _anything, most=True),
    "context-recall": _Measure("context_recall", "threshold", _retrieves, options={"model": ""}),
    "tool-call-f1": _Measure("tool_calls", "threshold", _calls, default=1.0, options={"arguments": "ignore"}),
}
"""The assertions that are a metric; a `model` that is empty is the judge's."""

KINDS = (*MEASURES, _REFUSE, _ANSWER)


def wish(kind: str, assertion: Mapping[str, Any], line: int | None, path: str) -> Wish:
    """What an assertion of one of `KINDS` asks for; raises UnmappableError where its bound is missing or none."""
    given, measure = assertion.get("threshold"), MEASURES.get(kind)
    if measure is None:
        return Wish(kind, None, line, path)
    if given is None and not measure.most:
        return Wish(kind, measure.default, line, path)
    if isinstance(given, bool) or not isinstance(given, int | float) or given < 0 or (given > 1 and not measure.most):
        raise UnmappableError("its `threshold` is missing or no number", f"Write a metric of type {measure.type} (docs/metrics.md).")
    return Wish(kind, float(given), line, path)


def suite_metrics(rows: Sequence[tuple[Row, Sequence[Wish]]], embedding: str, notes: Notes) -> dict[str, Mapping[str, Json]]:
    """The metrics of a suite by name, from what its golden rows ask for.

    Args:
        rows: Each row with what its assertions ask for.
        embedding: The model of embeddings that the file names, or nothing.
        notes: For what does not decide.
    """
    found = {measure.type: _metric(measure, rows, notes) for measure in MEASURES.values() if _asking(measure, rows)}
    if embedding and "semantic_similarity" in found:
        found["semantic_similarity"] = {**found["semantic_similarity"], "model": embedding}
    return {**found, **_refusal(rows)}


def _asking(measure: _Measure, rows: Sequence[tuple[Row, Sequence[Wish]]]) -> list[Wish]:
    return [one for _, wishes in rows for one in wishes if MEASURES.get(one.kind) == measure]


def _metric(measure: _Measure, rows: Sequence[tuple[Row, Sequence[Wish]]], notes: Notes) -> Mapping[str, Json]:
    asked = _asking(measure, rows)
    bounds = sorted({one.bound for one in asked if one.bound is not None}, reverse=measure.most)
    met = sum(measure.meets(row) for row, _ in rows)
    asking = sum(any(MEASURES.get(one.kind) == measure for one in wishes) for _, wishes in rows)
    metric: dict[str, Json] = {"type": measure.type, **(measure.options or {})}
    first = asked[0]
    if asking < met:
        hint = f"Set `{measure.option}` of the metric for all of them, or give these tests a suite of their own."
        notes.leave(f"`{first.kind}` is measured and decides nothing: only {asking} of the {met} tests that the metric meets have it.", first.line, hint, first.path)
        return metric
    if len(bounds) > 1:
        notes.leave(f"`{first.kind}` has several bounds; the loosest, {bounds[0]:g}, holds for all tests.", first.line, path=first.path)
    return {**metric, measure.option: {"golden": bounds[0]}} if bounds else metric


def _refusal(rows: Sequence[tuple[Row, Sequence[Wish]]]) -> dict[str, Mapping[str, Json]]:
    """Who must decline is tagged; that all others must answer is said only where all of them ask for it."""
    kinds = [{one.kind for one in wishes} & {_REFUSE, _ANSWER} for _, wishes in rows]
    refusing, answering = any(_REFUSE in kind for kind in kinds), all(kinds) and any(_ANSWER in kind for kind in kinds)
    if not refusing and not answering:
        return {}
    expect: Json = {"golden": "answer", "default": "either"} if answering else "either"
    return {"refusal": {"type": "refusal", "expect": expect, **({"refuse_tags": [REFUSAL_TAG]} if refusing else {})}}
