"""The comment: one page per pull request and key, verdict first, within GitHub's limits."""

from __future__ import annotations

import re

from evalbot.domain.record import RunRecord
from evalbot.report.escape import html
from evalbot.report.section import Section, fit
from evalbot.report.sections import (
    changes,
    cost,
    duels,
    exam,
    examples,
    failures,
    findings,
    flips,
    history,
    judges,
    next_steps,
    problems,
    scores,
    sensitivity,
    slices,
    suspects,
    trend,
    unmeasured,
    verdict,
    versions,
)
from evalbot.report.table import details


def marker(key: str = "default") -> str:
    """The first line of every comment of a key, by which the next run finds it; safe for any key."""
    return f"<!-- evalbot:v1 key={re.sub(r'[^A-Za-z0-9._/-]', '_', key).replace('--', '__')} -->"


def outdated(page: str) -> str:
    """A comment of ours that a newer one replaces: folded, and marked so that it is not found as the current one."""
    first, _, rest = page.partition("\n")
    heading, _, body = rest.partition("\n")
    words = heading.removeprefix("## ").strip()
    said = f"Outdated, a newer comment follows: {html(words, 200)}" if words else "Outdated, a newer comment follows"
    return f"{first.removesuffix('-->').rstrip()} outdated -->\n" + details(said, body.strip())


def comment(
    record: RunRecord, *, max_characters: int = 60_000, max_bytes: int = 262_144, advisory: bool = False
) -> str:
    """The whole comment in GitHub's Markdown, at most `max_characters` code points and `max_bytes` bytes of UTF-8.

    Where it is too long, whole sections get shorter or go, least important first, and the page says which. Verdict,
    what to do next and versions always stay.
    """
    parts = sections(record, advisory=advisory)
    first = marker(record.key)

    def page(texts: list[str], shortened: list[str]) -> str:
        *body, last = texts
        note = (
            [f"Shortened to fit GitHub's limit: {', '.join(shortened)}. Everything is in `summary.json`."]
            if shortened
            else []
        )
        return "\n\n".join([first + "\n" + body[0], *filter(None, body[1:]), *note, last]) + "\n"

    def fits(text: str) -> bool:
        return len(text) <= max_characters and len(text.encode()) <= max_bytes

    return fit(parts, page, fits)


def sections(record: RunRecord, *, advisory: bool = False) -> list[Section]:
    """Every section in the order of the page."""
    return [
        verdict.render(record, advisory=advisory),
        problems.render(record),
        findings.blocking(record),
        findings.warning(record),
        unmeasured.render(record),
        scores.render(record),
        suspects.render(record),
        sensitivity.render(record),
        examples.render(record),
        failures.render(record),
        flips.render(record),
        slices.render(record),
        duels.render(record),
        exam.render(record),
        trend.render(record),
        changes.not_applied(record),
        changes.changed(record),
        cost.render(record),
        judges.render(record),
        findings.notes(record),
        next_steps.render(record),
        history.render(record),
        versions.render(record),
    ]
