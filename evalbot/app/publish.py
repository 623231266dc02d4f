"""Results on disk: `comment.md`, `summary.json`, `junit.xml` and `report.html`, beside the `results.jsonl` that grew during the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evalbot.domain.errors import CouldNotRun
from evalbot.domain.record import RunRecord
from evalbot.report.comment import comment
from evalbot.report.junit import junit
from evalbot.report.page import document
from evalbot.report.summary import summary, to_json

PAGE = "report.html"


def publish(record: RunRecord, folder: Path, redact: Callable[[str], str]) -> dict[str, Path]:
    """Write the reports; returns their paths by name.

    Raises:
        CouldNotRun: The folder cannot be written to.
    """
    texts = {
        "comment.md": comment(record),
        "summary.json": to_json(summary(record)),
        "junit.xml": junit(record),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(redact(text), encoding="utf-8", errors="replace")
        with (folder / PAGE).open("w", encoding="utf-8", errors="replace") as page:
            page.writelines(map(redact, document(record)))
    except OSError as error:
        raise CouldNotRun(f"{folder}: cannot write the reports: {error.strerror or error}") from error
    return {name: folder / name for name in (*texts, PAGE)}
