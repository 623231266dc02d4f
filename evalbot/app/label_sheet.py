"""The sheet that people fill in: CSV that opens in any spreadsheet, whose texts cannot run there, and strictly read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.canonical import digest
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Example
from evalbot.instruments.fences import input_text

_GIVEN = ("key", "suite", "id", "input", "context", "reference", "output")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet would take for more than text
_WORDS = {"yes": True, "y": True, "true": True, "1": True, "pass": True, "no": False, "n": False, "false": False, "0": False, "fail": False}


@dataclass(frozen=True, slots=True)
class Line:
    """One answer on a sheet, and what somebody has written beside it; `number` is the line's place in the file."""

    suite: str
    example: Example | None
    output: str
    id: str = ""
    score: float | None = None
    passed: bool | None = None
    note: str = ""
    number: int = 0

    @property
    def filled(self) -> bool:
        """Whether somebody has said something of it."""
        return self.score is not None or self.passed is not None


def sheet(lines: Sequence[Line], *, graded: bool) -> str:
    """The sheet as CSV with CRLF; `graded` asks for a `score`, else for `passed` only."""
    file = io.StringIO()
    writer = csv.writer(file)
    asked = ("score", "note") if graded else ("passed", "note")
    writer.writerow((*_GIVEN, *asked))
    for line in lines:
        example = line.example
        assert example is not None  # noqa: S101 - only sheets that are read have lines without their example
        texts = (input_text(example.input, example.messages), "\n\n".join(example.context), "\n\n".join(example.answers), line.output)
        key = _key(line.suite, example.id, line.output)
        writer.writerow((key, *map(_harmless, (line.suite, example.id, *texts)), *("" for _ in asked)))
    return file.getvalue()


def read_sheet(content: bytes, path: str, levels: Sequence[float]) -> list[Line]:
    """The lines of a sheet; raises ConfigError with everything that is wrong in it, each with its line."""
    try:
        rows = _rows(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(Problem(f"this is no CSV in UTF-8: {error}.", path)) from None
    missing = [name for name in ("key", "suite", "id", "output") if not rows or name not in rows[0][1]]
    if missing:
        raise ConfigError(Problem(f"the sheet has no column {', '.join(map(repr, missing))}.", path, 1, "Draw one with `evalbot label`."))
    lines, problems = [], []
    for number, row in rows:
        try:
            lines.append(_line(row, number, levels))
        except ValueError as error:
            problems.append(Problem(f"{error}.", path, number))
    if problems:
        raise ConfigError(problems)
    return lines


def _rows(text: str) -> list[tuple[int, dict[str, str | None]]]:
    """Each row with the line on which it begins: answers have line breaks."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    _ = reader.fieldnames
    found, begins = [], reader.line_num + 1
    for row in reader:
        found.append((begins, row))
        begins = reader.line_num + 1
    return found


def _line(row: Mapping[str, str | None], number: int, levels: Sequence[float]) -> Line:
    suite, name, output = (_plain(row.get(key) or "") for key in ("suite", "id", "output"))
    if row.get("key") != _key(suite, name, output):
        raise ValueError(f"the answer to {name!r} is not the one that was drawn; draw a new sheet and change only the columns to fill in")
    score, passed = (row.get("score") or "").strip(), (row.get("passed") or "").strip().lower()
    if passed and passed not in _WORDS:
        raise ValueError(f"passed must be yes or no, not {passed!r}. {nearest(passed, ('yes', 'no'))}".rstrip("."))
    return Line(suite, None, output, name, _grade(score, levels), _WORDS.get(passed), (row.get("note") or "").strip(), number)


def _grade(score: str, levels: Sequence[float]) -> float | None:
    if not score:
        return None
    try:
        value = float(score.replace(",", "."))
    except ValueError:
        raise ValueError(f"score must be a number, not {score!r}") from None
    if levels and value not in levels:
        raise ValueError(f"score {score} is no grade of the scale {levels[0]:g} to {levels[-1]:g}")
    return value


def _key(suite: str, name: str, output: str) -> str:
    """12 hex digits that tell whether the answer is still the one that was drawn; line ends do not count."""
    return digest([suite, name, output.replace("\r\n", "\n").replace("\r", "\n")])[:12]


def _harmless(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
