"""What became different in production, for better or worse: length, language and kinds of failure, beside the pinned reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from evalbot.domain.monitoring import Drift
from evalbot.domain.tallies import FAILED, LANGUAGE, LENGTH, SCORE, Sum, Tally
from evalbot.stats.difference import Sample
from evalbot.stats.drift import DriftRule, Quality, Share, Shift, length_shift, share_shift

Parts: TypeAlias = Mapping[str, Tally]
"""Sums by window; of the reference, the part that each window is compared with."""


def shifts(at: float, windows: Parts, references: Parts, rule: DriftRule, asked: frozenset[str]) -> list[Drift]:
    """What the comparisons of one whole hour show.

    Args:
        asked: Names of metrics that ask a model: their failures are a share of what they scored, not of all samples.
    """
    sides = (*windows.values(), *references.values())
    kinds, languages = (sorted({name for side in sides for name in side.named(kind)}) for kind in (FAILED, LANGUAGE))
    measures = 1 + len(kinds) + len(languages)
    found = [_drift(at, LENGTH, length_shift(_lengths(windows), _lengths(references), rule, measures))]
    for kind in kinds:
        counted = _failures(kind, asked)
        found.append(_drift(at, FAILED + kind, share_shift(_each(windows, counted), _each(references, counted), rule, measures)))
    for language in languages:
        counted = _speakers(language)
        both = _each(windows, counted), _each(references, counted)
        if any(n and k / n >= rule.min_share for side in both for k, n in side.values()):  # a rarer one cannot change enough
            found.append(_drift(at, LANGUAGE + language, share_shift(*both, rule, measures)))
    return found


def sample_of(one: Sum) -> Sample | None:
    """Size, mean and standard deviation; None for fewer than two values."""
    return Sample(one.n, one.mean, one.sd) if one.n > 1 else None


def scores(at: float, metrics: Mapping[str, Quality]) -> list[Drift]:
    """The metrics' own states as such rows."""
    return [Drift(at, SCORE + name, one.state, one.window, one.n, one.mean, one.reference, one.p) for name, one in metrics.items()]


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
    return {name: sample_of(some.of(LENGTH)) for name, some in parts.items()}


def _each(parts: Parts, counted: Callable[[Tally], Share]) -> dict[str, Share]:
    return {name: counted(some) for name, some in parts.items()}


def _failures(kind: str, asked: frozenset[str]) -> Callable[[Tally], Share]:
    metric = kind.partition(": ")[0]

    def counted(some: Tally) -> Share:
        known = some.of(SCORE + metric).n if metric in asked else some.samples
        return min(known, some.of(FAILED + kind).n), known

    return counted


def _speakers(language: str) -> Callable[[Tally], Share]:
    def counted(some: Tally) -> Share:
        return some.of(LANGUAGE + language).n, sum(some.of(LANGUAGE + name).n for name in some.named(LANGUAGE))

    return counted
