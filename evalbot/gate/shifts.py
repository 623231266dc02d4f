"""What became different in production, for better or worse: length, language and kinds of failure, beside the pinned reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from evalbot.domain.monitoring import NO_ANSWER, Drift, Seen
from evalbot.stats.difference import Sample
from evalbot.stats.drift import DriftRule, Quality, Share, Shift, length_shift, moments, share_shift

Parts: TypeAlias = Mapping[str, Sequence[Seen]]
"""Samples by window; of the reference, the part that each window is compared with."""


def shifts(at: float, windows: Parts, references: Parts, rule: DriftRule, asked: frozenset[str]) -> list[Drift]:
    """What the comparisons of one whole hour show.

    Args:
        asked: Names of metrics that ask a model: their failures are a share of what they scored, not of all samples.
    """
    seen = [one for part in (*windows.values(), *references.values()) for one in part]
    kinds = sorted({kind for one in seen for kind in one.failed})
    languages = sorted({one.language for one in seen} - {""})
    measures = 1 + len(kinds) + len(languages)
    lengths = length_shift(_lengths(windows), _lengths(references), rule, measures)
    found = [_drift(at, "length", lengths)]
    for kind in kinds:
        counted = _failures(kind, asked)
        found.append(_drift(at, f"failed:{kind}", share_shift(_each(windows, counted), _each(references, counted), rule, measures)))
    for language in languages:
        counted = _speakers(language)
        sides = _each(windows, counted), _each(references, counted)
        if any(n and k / n >= rule.min_share for side in sides for k, n in side.values()):  # a rarer one cannot change enough
            found.append(_drift(at, f"language:{language}", share_shift(*sides, rule, measures)))
    return found


def scores(at: float, metrics: Mapping[str, Quality]) -> list[Drift]:
    """The metrics' own states as such rows."""
    return [Drift(at, f"score:{name}", one.state, one.window, one.n, one.mean, one.reference, one.p) for name, one in metrics.items()]


def in_words(one: Drift) -> str:
    """A shift in a sentence."""
    kind, _, what = one.measure.partition(":")
    before, now = one.reference or 0.0, one.value or 0.0
    if kind == "length":
        return f"the answers' typical length went from {before:,.0f} to {now:,.0f} characters over {one.window} ({one.n} samples, p = {one.p:.2g})"
    subject = f"answers in the language {what}" if kind == "language" else f"answers that fail {what}"
    return f"{subject} went from {before:.1%} to {now:.1%} over {one.window} ({one.n} samples, p = {one.p:.2g})"


def _drift(at: float, measure: str, one: Shift) -> Drift:
    return Drift(at, measure, one.state, one.window, one.n, one.value, one.reference, one.p)


def _lengths(parts: Parts) -> dict[str, Sample | None]:
    """Of answers; a sample without one has no length."""
    return {name: moments([math.log1p(one.length) for one in some if one.failed != (NO_ANSWER,)]) for name, some in parts.items()}


def _each(parts: Parts, counted: Callable[[Iterable[Seen]], Share]) -> dict[str, Share]:
    return {name: counted(some) for name, some in parts.items()}


def _failures(kind: str, asked: frozenset[str]) -> Callable[[Iterable[Seen]], Share]:
    metric = kind.partition(": ")[0]

    def counted(some: Iterable[Seen]) -> Share:
        known = [one for one in some if metric not in asked or metric in one.scores]
        return sum(kind in one.failed for one in known), len(known)

    return counted


def _speakers(language: str) -> Callable[[Iterable[Seen]], Share]:
    def counted(some: Iterable[Seen]) -> Share:
        known = [one.language for one in some if one.language]
        return known.count(language), len(known)

    return counted
