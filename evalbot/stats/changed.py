"""A comparison with some of its fields changed, quickly: `bench stats` decides some hundred thousand rows."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter

from evalbot.domain.verdicts import Comparison

_NAMES = [field.name for field in fields(Comparison)]
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_values = attrgetter(*_NAMES)


def changed(row: Comparison, **changes: object) -> Comparison:
    """As `dataclasses.replace`, in a third of its time."""
    values = list(_values(row))
    for name, value in changes.items():
        values[_PLACES[name]] = value
    return Comparison(*values)
