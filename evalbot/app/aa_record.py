"""The record of A/A runs, `aa.jsonl`: a line a run and suite, read back as the noise floor that the comment shows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.record import NoiseFloor, RunRecord

AA_RECORD = "aa.jsonl"
SCHEMA = "evalbot.aa/1"
LARGEST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One suite measured against itself once.

    A row is a prompt × partition; a false alarm is one of them that blocks. `noise_floor` is the half width of the 95 %
    interval of a paired difference, in points, the median of the rows with enough examples; None without any.
    """

    date: str
    suite: str
    commit: str
    judges: tuple[str, ...]
    rows: int
    false_alarms: int
    noise_floor: float | None


def append(path: Path, tests: tuple[SelfTest, ...]) -> None:
    """Add a line for each; raises CouldNotRun where the file cannot be written."""
    lines = "".join(json.dumps({"schema": SCHEMA, **asdict(test)}, allow_nan=False) + "\n" for test in tests)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
    except OSError as error:
        raise CouldNotRun(f"could not write {path}: {error.strerror}") from error


def with_noise(record: RunRecord, path: Path, *, asked: bool = False) -> RunRecord:
    """The record with the noise floor of each of its suites that A/A runs have measured.

    Only runs with the judges of a suite's latest run count: other judges have another noise. What cannot be read is a
    warning, never an error; it informs and gates nothing.

    Args:
        asked: Whether somebody named the file, so that its absence is worth a line.
    """
    suites = sorted({changed.suite for changed in record.changed})
    if not suites or not (path.is_file() or asked):
        return record
    tests: list[SelfTest] = []
    warnings: list[str] = []
    for found in _read(path):
        if isinstance(found, SelfTest):
            tests.append(found)
        else:
            warnings.append(found)
    noise = tuple(floor for suite in suites if (floor := _floor(suite, tests)) is not None)
    return replace(record, noise=noise, warnings=(*record.warnings, *warnings[:3]))


def _floor(suite: str, tests: list[SelfTest]) -> NoiseFloor | None:
    own = [test for test in tests if test.suite == suite]
    alike = [test for test in own if test.judges == own[-1].judges]
    if not alike:
        return None
    return NoiseFloor(
        suite, len(alike), sum(test.rows for test in alike), sum(test.false_alarms for test in alike), alike[-1].noise_floor
    )


def _read(path: Path) -> Iterator[SelfTest | str]:
    """The tests of a file; a text for what is none."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            yield f"{path.name} is larger than {LARGEST_BYTES:,} bytes, which no record of A/A runs is; it was not read"
            return
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        yield f"the record of A/A runs cannot be read: {error}"
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _test(parse_json(line))
            except (ValueError, RecursionError):
                yield f"{path.name}:{number} is no line of `evalbot suite --aa`"


def _test(found: Json) -> SelfTest:
    if not isinstance(found, Mapping) or found.get("schema") != SCHEMA:
        raise ValueError("not a record")
    texts = [found.get(key) for key in ("date", "suite", "commit")]
    judges, floor = found.get("judges"), found.get("noise_floor")
    rows, alarms = found.get("rows"), found.get("false_alarms")
    if not all(isinstance(text, str) for text in texts) or not isinstance(judges, list) or not all(isinstance(j, str) for j in judges):
        raise ValueError("a text is none")
    if not (type(rows) is int and type(alarms) is int and 0 <= alarms <= rows):
        raise ValueError("a count is none")
    if floor is not None and not (isinstance(floor, int | float) and not isinstance(floor, bool) and 0 <= floor < math.inf):
        raise ValueError("a noise floor is none")
    return SelfTest(str(texts[0]), str(texts[1]), str(texts[2]), tuple(map(str, judges)), rows, alarms, None if floor is None else float(floor))
