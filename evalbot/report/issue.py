"""The issue that stands while a suite is worse than its baseline: whose suite it is, what was found, and when it is over."""

from __future__ import annotations

import re

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Finding, Level
from evalbot.report.comment import comment
from evalbot.report.escape import code, inline
from evalbot.report.numbers import counted

MOST_CHARACTERS = 60_000
LABELS = ("evalbot", "quality-regression")
_OWNER = re.compile(r"@?[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:/[A-Za-z0-9._-]{1,100})?")


def issue_marker(key: str, suite: str) -> str:
    """The first line of the issue of a key and suite, by which the next run finds it; safe for any name."""
    safe = [re.sub(r"[^A-Za-z0-9._/-]", lambda found: f"%{ord(found[0]):X}", word).replace("--", "-%2D") for word in (key, suite)]
    return f"<!-- evalbot:suite key={safe[0]} suite={safe[1]} -->"


def key_marker(key: str) -> str:
    """How the first lines of all issues of a key begin."""
    return issue_marker(key, "").removesuffix(" -->")


def issue_title(record: RunRecord, suite: str) -> str:
    """One line without words of a model or a file but the suite's name."""
    name = re.sub(r"[^\w .-]", "?", suite)[:60]
    key = "" if record.key == "default" else f" ({re.sub(r'[^A-Za-z0-9._/-]', '_', record.key)})"
    return f"evalbot: suite {name}{key} is worse than it was"


def issue_body(record: RunRecord, suite: str) -> str:
    """The page: owner, findings of the suite, the whole report, and how it ends."""
    blocking = [finding for finding in record.decision.findings if finding.level is Level.BLOCKS and finding.suite == suite]
    owner = record.suite.owners.get(suite, "") if record.suite else ""
    parts = [
        issue_marker(record.key, suite),
        f"{named(owner)}suite {code(suite, 60)} at {code(record.head_sha[:7])} has {counted(len(blocking), 'blocking finding')}:",
        "\n".join(_line(finding) for finding in blocking[:20]),
        "This issue is kept up to date by each run, and closed by the first one that passes.",
        _without_marker(comment(record, max_characters=MOST_CHARACTERS - 6000)),
    ]
    return "\n\n".join(part for part in parts if part)


def recovered_body(record: RunRecord, suite: str, before: str) -> str:
    """The page of an issue that is over, with what it said last below."""
    _, _, rest = before.partition("\n")
    said = f"Suite {code(suite, 60)} passes again at {code(record.head_sha[:7])}."
    return f"{issue_marker(record.key, suite)}\n{said}\n\n---\n\n{rest.strip()}"[:MOST_CHARACTERS]


def removed_body(sha: str, before: str) -> str:
    """The page of an issue whose suite is gone, with what it said last below."""
    marker, _, rest = before.partition("\n")
    return f"{marker}\nThis suite is no longer in the configuration at {code(sha[:7])}.\n\n---\n\n{rest.strip()}"[:MOST_CHARACTERS]


def named(owner: str) -> str:
    """The owner as policy names it: a user or a team is mentioned, anything else is only words."""
    if not owner:
        return ""
    return f"{owner} " if _OWNER.fullmatch(owner) else f"{inline(owner, 100)}: "


def _line(finding: Finding) -> str:
    return f"- **{str(finding.rule).replace('_', ' ')}**: {inline(finding.message, 300)}"


def _without_marker(page: str) -> str:
    return page.partition("\n")[2]
