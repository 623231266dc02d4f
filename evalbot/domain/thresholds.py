"""Thresholds: one number, or one per partition, and whether a value reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from evalbot.domain.errors import nearest
from evalbot.domain.examples import Partition

Threshold: TypeAlias = float | Mapping[str, float]
"""A number for every partition, or partition → number with `default` for those that are not named."""

_DEFAULT = "default"
_TOLERANCE = 1e-9  # a mean of 4.0 must not fail "at least 4" by its last bit


def by_partition(threshold: Threshold | None, partition: Partition) -> float | None:
    """The limit that holds in a partition, or None where there is none."""
    if isinstance(threshold, Mapping):
        return threshold.get(partition, threshold.get(_DEFAULT))
    return threshold


def reaches(value: float, threshold: Threshold | None, partition: Partition) -> bool | None:
    """Whether a value is at least the partition's limit (within 1e-9); None where there is no limit."""
    limit = by_partition(threshold, partition)
    return None if limit is None else value >= limit - _TOLERANCE


def stays_within(value: float, threshold: Threshold | None, partition: Partition) -> bool | None:
    """Whether a value is at most the partition's limit (within 1e-9); None where there is no limit."""
    limit = by_partition(threshold, partition)
    return None if limit is None else value <= limit + _TOLERANCE


def threshold_problems(option: str, threshold: Threshold | None, scale: tuple[float, float]) -> list[str]:
    """One line per limit outside the scale, per word that is no partition, and for a mapping without any limit."""
    if threshold is None:
        return []
    if not isinstance(threshold, Mapping):
        return _outside(option, threshold, scale)
    if not threshold:
        return [f"{option} names no partition; leave it out, or give it a number."]
    known = [*Partition, _DEFAULT]
    found = [
        f"{option} names {word!r}, which is no partition. {nearest(word, known)}"
        for word in threshold
        if word not in known
    ]
    for word, limit in threshold.items():
        found += _outside(f"{option}.{word}", limit, scale)
    return found


def _outside(option: str, limit: float, scale: tuple[float, float]) -> list[str]:
    low, high = scale
    return [] if low <= limit <= high else [f"{option} is {limit:g}, which is outside the scale {low:g} to {high:g}."]
