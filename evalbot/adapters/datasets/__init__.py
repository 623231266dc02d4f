"""Dataset files of a tree, read into examples: every problem of every file at once, and never a row skipped."""

from __future__ import annotations

from evalbot.adapters.datasets.read import read_datasets, warnings

__all__ = ["read_datasets", "warnings"]
