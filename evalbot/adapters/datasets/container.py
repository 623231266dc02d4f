"""A whole-file value, from JSON or YAML: a list of rows, or the container {"name", "task_type", "examples": […]}."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from evalbot.adapters.datasets import fields
from evalbot.adapters.datasets.row import Raw
from evalbot.adapters.strict_yaml import Located
from evalbot.domain.canonical import Json
from evalbot.domain.errors import Problem, nearest
from evalbot.domain.examples import Partition

_KEYS = ("name", "task_type", "description", "version", "metadata", "partition", "examples")
_PARTITIONS = tuple(map(str, Partition))


def rows(located: Located, path: str) -> Iterator[Raw | Problem]:
    """Each row with its line; None has no rows."""
    value = located.value
    if isinstance(value, Mapping):
        yield from _faults(value, located, path)
        yield from _listed(value.get("examples"), ("examples",), located, path)
    elif value is not None:
        yield from _listed(value, (), located, path)


def partition(located: Located) -> Partition | None:
    """What the container says of all its rows, None where it says nothing.

    An unknown word is one problem of the file, which `rows` reports; each row then passes as a distribution row, so that
    the rest of it is still checked.
    """
    value = located.value.get("partition") if isinstance(located.value, Mapping) else None
    if value is None:
        return None
    return Partition(value) if value in _PARTITIONS else Partition.DISTRIBUTION


def _faults(value: Mapping[str, Json], located: Located, path: str) -> Iterator[Problem]:
    for key, inner in value.items():
        line = located.line(key)
        if key not in _KEYS:
            yield Problem(f"unknown key {key!r}.", path, line, nearest(key, _KEYS))
        elif key in ("name", "task_type") and not isinstance(inner, str):
            yield Problem(f"{key!r} must be a string, not {fields.kind(inner)}.", path, line)
        elif key == "partition" and inner is not None and inner not in _PARTITIONS:
            yield Problem(f"unknown partition {inner!r:.60}.", path, line, nearest(str(inner), Partition))
    if "examples" not in value:
        yield Problem(
            "'examples' is missing.", path, 1, "A dataset is a list of rows, or an object whose 'examples' is one."
        )


def _listed(value: Json, keys: tuple[str | int, ...], located: Located, path: str) -> Iterator[Raw | Problem]:
    if value is None:
        return
    if not isinstance(value, list):
        yield Problem(f"the examples must be a list, not {fields.kind(value)}.", path, located.line(*keys) or 1)
        return
    for index, item in enumerate(value):
        place = (*keys, index)
        yield Raw(item, path, located.line(*place) or 1, _lines(located, place))


def _lines(located: Located, place: tuple[str | int, ...]) -> Callable[[str], int | None]:
    return lambda key: located.line(*place, key)
