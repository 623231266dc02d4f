"""The id by which a person accepts what a run found: bound to the head and to exactly these findings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from evalbot.domain.verdicts import Finding, Level, Rule

# These are cleared by approving reviews (contract, sections 7 and 9), never by accepting.
NEED_APPROVAL = frozenset({Rule.EXAMPLE_EDITED, Rule.EXAMPLE_DELETED, Rule.POLICY_CHANGED, Rule.PROMPT_DELETED})


def findings_id(head_sha: str, findings: Iterable[Finding], *, everything: bool = False) -> str | None:
    """8 hex digits of sha256 over the head sha and the sorted ids of the acceptable blocking findings; None without any.

    Args:
        everything: Count what needs approvals too: in a person's own repository the owner accepts all of it alone.
    """
    ids = sorted(finding.id for finding in findings if acceptable(finding, everything=everything))
    if not ids:
        return None
    return hashlib.sha256("\n".join([head_sha, *ids]).encode()).hexdigest()[:8]


def acceptable(finding: Finding, *, everything: bool = False) -> bool:
    """Whether it blocks and a person may accept it as it is."""
    return finding.level is Level.BLOCKS and (everything or finding.rule not in NEED_APPROVAL)
