"""Results on disk: the reports for people and programs, beside the `results.jsonl` that grew during the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from evalbot.adapters.journal import NAME as RESULTS
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.record import RunRecord
from evalbot.engine.rows import to_line
from evalbot.report.comment import comment
from evalbot.report.example_lines import example_lines
from evalbot.report.junit import junit
from evalbot.report.page import document
from evalbot.report.summary import summary, to_json

EXAMPLES = "examples.jsonl"


def publish(record: RunRecord, folder: Path, redact: Callable[[str], str]) -> dict[str, Path]:
    """Write the reports; returns their paths by name. Of a stranger's answers `results.jsonl` gets the numbers, here and only here.

    Raises:
        CouldNotRun: The folder cannot be written to.
    """
    reports: dict[str, Iterable[str]] = {
        "comment.md": [comment(record)],
        "summary.json": [to_json(summary(record))],
        "junit.xml": [junit(record)],
        "report.html": document(record),
        EXAMPLES: example_lines(record),
    }
    if record.aggregates_only:
        reports[RESULTS] = (f"{to_line(row.bare)}\n" for row in record.rows)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, pieces in reports.items():
            part = folder / f"{name}.part"  # the record still reads the old results, which an earlier run may have left here
            with part.open("w", encoding="utf-8", errors="replace") as file:
                file.writelines(map(redact, pieces))
            part.replace(folder / name)
    except OSError as error:
        raise CouldNotRun(f"{folder}: cannot write the reports: {error.strerror or error}") from error
    return {name: folder / name for name in reports}
