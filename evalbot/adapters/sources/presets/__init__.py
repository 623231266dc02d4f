"""Vendors as descriptions: each `.yml` here is the source `http` with its options filled in; what a user writes goes over it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import partial
from importlib.resources import files
from typing import Any

from evalbot.adapters.sources import PRESETS, SOURCES
from evalbot.adapters.sources.http import Http
from evalbot.adapters.strict_yaml import read_yaml
from evalbot.domain.samples import Source


def _described(name: str) -> type[Source]:
    """`http` with a vendor's options as its defaults; the description's first paragraph is its page."""
    raw: Any = read_yaml(files(__package__).joinpath(f"{name}.yml").read_bytes(), f"{name}.yml").value
    about, preset = raw.pop("about"), raw.pop("values", {})
    known = {one.name: one.type for one in fields(Http)}
    body: dict[str, Any] = {"__doc__": about, "__module__": Http.__module__, "preset": preset}
    body["__annotations__"] = {option: known[option] for option in raw}
    for option, value in raw.items():
        body[option] = field(default_factory=partial(type(value), value)) if isinstance(value, dict | list) else value
    return dataclass(frozen=True)(type(name.title(), (Http,), body))


for _name in PRESETS:
    SOURCES.register(_name)(_described(_name))
