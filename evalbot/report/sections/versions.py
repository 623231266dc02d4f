"""The footer: the commits and the version that this page speaks of."""

from __future__ import annotations

from evalbot.domain.record import RunRecord
from evalbot.report.escape import inline
from evalbot.report.labels import sha
from evalbot.report.section import Section, fixed


def render(record: RunRecord) -> Section:
    """One line; never cut."""
    parts = (
        [f"head {sha(record.head_sha)} against base {sha(record.base_sha)}"]
        if record.head_sha or record.base_sha
        else []
    )
    parts += [f"policy {sha(record.policy_sha)}"] if record.policy_sha else []
    parts += [f"started {inline(record.started_at, 40)}"] if record.started_at else []
    parts += [f"evalbot {inline(record.version, 40)}" if record.version else "evalbot"]
    return Section("versions", 98, fixed("---\n\n" + " · ".join(parts)))
