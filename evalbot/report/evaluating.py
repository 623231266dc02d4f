"""The comment while a comparison runs: what is being measured, and the result before it, marked as stale."""

from __future__ import annotations

import re

from evalbot.domain.record import PastRun, RunRecord
from evalbot.report.comment import marker
from evalbot.report.escape import html
from evalbot.report.estimate import in_words
from evalbot.report.labels import sha
from evalbot.report.numbers import counted
from evalbot.report.sections import changes, history, versions
from evalbot.report.table import details

MOST_STALE_CHARACTERS = 20_000
_FENCE = re.compile(r"(`{3,})")


def evaluating(record: RunRecord, last: PastRun | None = None, last_page: str = "") -> str:
    """The page.

    Args:
        record: What is planned: the changed prompts, the number of answers as its coverage, and earlier runs.
        last: The latest run that concluded something.
        last_page: Its page, for the table in it.
    """
    planned = record.decision.coverage.planned
    parts = [
        f"{marker(record.key)}\n## ⏳ evalbot: evaluating {sha(record.head_sha)}",
        f"{counted(planned, 'answer')} to measure, and again what fails; nothing is concluded yet. This comment says the verdict when there is one."
        + (f" The estimate is {in_words(record.estimate, record.budget_usd)}." if record.estimate and record.estimate.calls else ""),
        _stale(last, last_page),
        changes.changed(record).forms[0](),
        history.folded(record.past),
        versions.render(record).forms[0](),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def table_of(page: str) -> str:
    """The table of prompts and partitions in a page of ours; empty where there is none or it is too long to repeat."""
    fence, found = "", list[str]()
    for line in page.splitlines():
        opening = _FENCE.match(line)
        if fence or opening:
            fence = ("" if line == fence else fence) if fence else opening[1] if opening else ""
        elif line.startswith("| Prompt ") or (found and line.startswith("|")):
            found.append(line)
        elif found:
            break
    text = "\n".join(found)
    return text if len(text) <= MOST_STALE_CHARACTERS else ""


def _stale(last: PastRun | None, page: str) -> str:
    if last is None:
        return ""
    body = table_of(page) or "It held no table."
    return details(f"The result before this one, now stale: {html(last.head)} {html(last.words)}", body)
