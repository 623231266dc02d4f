"""How GitHub's runner reads a step's output file and log, after github.com/actions/runner (FileCommandManager, ActionCommandManager)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

COMMANDS = frozenset(
    {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "echo", "set-output", "set-env",
     "add-path", "save-state", "stop-commands"}
)  # fmt: skip
_UNESCAPED = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


def read_outputs(content: bytes) -> dict[str, str]:
    """name=value lines and name<<delimiter blocks; the last one wins."""
    found: dict[str, str] = {}
    lines = iter(content.decode("utf-8").split("\n"))
    for line in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if heredoc >= 0 and (equals < 0 or heredoc < equals):
            name, delimiter = line.split("<<", 1)
            found[name] = "\n".join(_until(lines, delimiter))
        elif equals >= 0:
            found[line[:equals]] = line[equals + 1 :]
        elif line:
            raise ValueError(f"invalid format {line!r}")
    return found


def _until(lines: Iterator[str], delimiter: str) -> Iterator[str]:
    for line in lines:
        if line == delimiter:
            return
        yield line
    raise ValueError("matching delimiter not found")


@dataclass
class Obeyed:
    """What a runner does on reading a log."""

    commands: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    _stop: str = ""

    def read(self, log: str) -> Obeyed:
        """A line ends at any of CR, LF and CR LF, as the process's output is read."""
        for line in re.split(r"\r\n|\r|\n", log):
            self._line(line)
        return self

    @property
    def stopped(self) -> bool:
        return bool(self._stop)

    def _line(self, line: str) -> None:
        command = _modern(line) or _legacy(line)
        if command is None:
            self.text.append(line)
        elif self._stop:
            if command[0] == self._stop:
                self._stop = ""
            else:
                self.text.append(line)
        elif command[0] not in COMMANDS:
            self.text.append(line)
        elif command[0] == "stop-commands":
            self._stop = command[2]
        elif command[0] == "add-mask":
            self.masks += [part for part in re.split(r"[\r\n]+", command[2]) if part]
        else:
            self.commands.append(command)


def _modern(line: str) -> tuple[str, dict[str, str], str] | None:
    stripped = line.lstrip()
    end = stripped.find("::", 2)
    if not stripped.startswith("::") or end < 0:
        return None
    name, _, given = stripped[2:end].partition(" ")
    properties = dict(one.split("=", 1) for one in given.split(",") if "=" in one)
    return name, {key: _unescape(value) for key, value in properties.items()}, _unescape(stripped[end + 2 :])


def _legacy(line: str) -> tuple[str, dict[str, str], str] | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    return line[start + 3 : end].partition(" ")[0], {}, line[end + 1 :]


def _unescape(text: str) -> str:
    for escaped, character in _UNESCAPED:
        text = text.replace(escaped, character)
    return text
