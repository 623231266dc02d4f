"""On which day models end, as their vendors have announced it: known without a key and without a network.

The table is kept by hand (`retirements.json`, with its sources and the day on which it was last compared with them). What a
provider itself says of a model goes before it (`evalbot doctor`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from evalbot.adapters.prices import at_vendor
from evalbot.domain.judges import SOON_DAYS, Retirement
from evalbot.domain.models import Model


def announced_end(name: str) -> date | None:
    """The last day of a model, of a dated name as of the bare one; None where none was announced."""
    table = _table()
    ends = {known: day for provider in table["sources"] for known, day in table[provider].items()}
    fitting = next((known for known in ends if name == known), None) or next((known for known in ends if name.startswith(f"{known}-20")), None)
    return date.fromisoformat(ends[fitting]) if fitting else None


def retirement(model: Model) -> Retirement | None:
    """When the model leaves the API of the vendor that serves it; None where nothing is announced or it is served elsewhere."""
    known = model.provider in _table()["sources"] and at_vendor(model)
    ends = announced_end(model.model) if known else None
    return Retirement(model.label, ends.isoformat(), _table()["sources"][model.provider]) if ends else None


def ending(models: Iterable[Model], today: date) -> Iterator[str]:
    """A line for each model that ends soon or has ended."""
    for model in models:
        found = retirement(model)
        if found is not None and (days := (date.fromisoformat(found.date) - today).days) <= SOON_DAYS:
            when = f"ends on {found.date}, in {days} days" if days >= 0 else f"ended on {found.date}"
            yield f"{model.label} {when}; move to a newer one in a pull request of its own"


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(files("evalbot.adapters.providers").joinpath("retirements.json").read_text(encoding="utf-8"))
    return table
