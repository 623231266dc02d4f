"""Sources of production samples: files and object stores, JSON APIs, trace files, databases, behind one port."""

from __future__ import annotations

from importlib.resources import files

from evalbot.domain.registry import Registry
from evalbot.domain.samples import Source

PRESETS = tuple(sorted(path.name.removesuffix(".yml") for path in files(__package__).joinpath("presets").iterdir() if path.name.endswith(".yml")))
"""Vendors whose API is described by a file, not by code: `http` with its options filled in."""

SOURCES: Registry[Source] = Registry(
    "source",
    {
        "jsonl": "evalbot.adapters.sources.jsonl",
        "http": "evalbot.adapters.sources.http",
        "otlp": "evalbot.adapters.sources.otlp",
        "sql": "evalbot.adapters.sources.sql",
        **dict.fromkeys(PRESETS, "evalbot.adapters.sources.presets"),
    },
    "evalbot.sources",
)
