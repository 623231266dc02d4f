"""When models leave their vendor's API: a dated table, kept by hand from the vendors' own pages (retirements.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from evalbot.adapters.prices import at_vendor
from evalbot.domain.judges import Retirement
from evalbot.domain.models import Model


def retirement(model: Model) -> Retirement | None:
    """When the model leaves the API of the vendor that serves it; None where nothing is announced or it is served elsewhere."""
    date = _table().get(model.provider, {}).get(model.model) if at_vendor(model) else None
    return Retirement(model.label, date, _table()["sources"][model.provider]) if date else None


def as_of() -> str:
    """The ISO date on which the table was last compared with its sources."""
    return str(_table()["as_of"])


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(files("evalbot.adapters").joinpath("retirements.json").read_text(encoding="utf-8"))
    return table
