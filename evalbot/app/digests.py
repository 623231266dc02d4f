"""What a comparison compared, as three digests: where all are equal, what people said of one comparison holds for the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from evalbot.app.case import Case
from evalbot.app.commits import Commits
from evalbot.app.policies import Policies
from evalbot.domain.canonical import digest


def digests(policies: Policies, cases: Sequence[Case], commits: Commits, path: str) -> Mapping[str, str]:
    """`subject`, `exam` and `policy`, 64 hex digits each; nobody's approval changes them.

    Policy is its file byte by byte, what head changes in it, and everything that can move a grade.
    """
    tree = commits.head if policies.bootstrap else commits.tip
    refused = [*policies.not_applied, *(line for case in cases for line in case.refused)]
    graders = [[case.suite.name, case.for_engine.identity] for case in cases if case.metrics]
    return {
        "subject": digest([[case.suite.name, case.subject] for case in cases]),
        "exam": digest([[case.suite.name, case.exam_rows] for case in cases]),
        "policy": digest([sha256(tree.read(path)).hexdigest(), sorted(refused), graders]),
    }
