"""Parts by name: metrics, providers, sources and targets, ours and other packages', behind one door."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from evalbot.domain.errors import ConfigError, Problem, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """Classes by name. Built-in ones are imported only when asked for; a part that fails to import is an error.

    Args:
        kind: What is registered, for messages: "metric", "provider".
        builtin: Name → module that registers it when imported.
        group: Entry-point group of other packages' parts.
    """

    def __init__(self, kind: str, builtin: dict[str, str], group: str) -> None:
        self._kind, self._builtin, self._group = kind, builtin, group
        self._parts: dict[str, type[T]] = {}
        self._others: tuple[EntryPoint, ...] | None = None

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Class decorator: makes the class known under a name."""

        def add(part: type[T]) -> type[T]:
            self._parts[name] = part
            return part

        return add

    def names(self) -> list[str]:
        """Every known name, sorted."""
        return sorted({*self._builtin, *self._parts, *(point.name for point in self._points())})

    def get(self, name: str, *, path: str = "", line: int | None = None) -> type[T]:
        """The class of a name; raises ConfigError (with the nearest name, at path:line) where there is none."""
        if name not in self._parts and name in self._builtin:
            import_module(self._builtin[name])
        if name not in self._parts:
            for point in self._points():
                if point.name == name:
                    self._parts[name] = self._load(point)
        if name not in self._parts:
            hint = nearest(name, self.names())
            raise ConfigError(Problem(f"there is no {self._kind} {name!r}.", path, line, hint))
        return self._parts[name]

    def _points(self) -> tuple[EntryPoint, ...]:
        if self._others is None:  # reads a file of every installed package
            self._others = tuple(entry_points(group=self._group))
        return self._others

    def _load(self, point: EntryPoint) -> type[T]:
        try:
            part: type[T] = point.load()
        except Exception as error:
            raise ConfigError(Problem(f"the {self._kind} {point.name!r} ({point.value}) cannot be imported: {error}")) from error
        return part

