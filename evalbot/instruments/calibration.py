"""A judge's `calibration` option: where human labels are, and what happens to a judge that agrees too little with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from evalbot.domain.errors import nearest

OnFail = Literal["warn", "report_only"]

_ON_FAIL = ("warn", "report_only")
_KEYS = ("labels", "min_kappa", "max_age_days", "on_fail")


@dataclass(frozen=True, slots=True)
class CalibrationRule:
    """What is asked of a judge: agreement of at least `min_kappa` on labels no older than `max_age_days`."""

    labels: str
    min_kappa: float = 0.4
    max_age_days: float = 90.0
    on_fail: OnFail = "warn"

    @property
    def record(self) -> str:
        """Where `evalbot calibrate` keeps what it found, beside the labels."""
        return self.labels.rpartition(".")[0] + ".calibration.json"


def calibration_rule(given: Mapping[str, object] | None) -> CalibrationRule | None:
    """The rule of an option without problems; None where there is none."""
    if given is None:
        return None
    return CalibrationRule(
        str(given["labels"]), _number(given.get("min_kappa"), 0.4), _number(given.get("max_age_days"), 90.0),
        cast(OnFail, given.get("on_fail", "warn")),
    )  # fmt: skip


def calibration_problems(given: Mapping[str, object]) -> list[str]:
    """What is wrong with the option, one line each."""
    found = [f"calibration has no option {key!r}. {nearest(str(key), _KEYS)}" for key in given if key not in _KEYS]
    labels = given.get("labels")
    if not isinstance(labels, str) or "." not in labels.rpartition("/")[2]:
        found.append("calibration.labels must be the path of a JSON Lines file.")
    for key, low, high in (("min_kappa", -1.0, 1.0), ("max_age_days", 1.0, 3650.0)):
        value = given.get(key, low)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            found.append(f"calibration.{key} must be a number from {low:g} to {high:g}.")
    if given.get("on_fail", "warn") not in _ON_FAIL:
        found.append("calibration.on_fail must be `warn` or `report_only`.")
    return found


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default
