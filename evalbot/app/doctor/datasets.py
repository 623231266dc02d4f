"""Dataset health: sizes, guards, leaks, starter rows that nobody has replaced, and who is asked about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evalbot.app.doctor.advice import Advice, advice, broken, fine
from evalbot.app.exams import DatasetReader, dataset_paths
from evalbot.app.setup.starter import TAG
from evalbot.app.validate import Validated
from evalbot.domain.examples import Example, Partition, Status
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Tree

TOPIC = "datasets"
_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS")
_SHOWN = 5
_LEAK = "contains the words of"


def datasets(tree: Tree, policy: Policy, validated: Validated) -> Iterator[Advice]:
    """What is to be said of each suite's examples."""
    for warning in validated.warnings:
        if "reviewers" in warning and not policy.approvals.golden:
            continue
        say = broken if _LEAK in warning else advice
        yield say(TOPIC, f"{warning.rstrip('.')}.", _cure(warning))
    reader = DatasetReader()
    for suite in policy.suites.values():
        rows = reader.rows(tree, dataset_paths(suite, tree, policy.path))
        told = [*_of_rows(suite, rows, validated)]
        if policy.approvals.golden:  # where nobody else could be asked, there is no use in saying whom
            told += _of_owner(suite, tree, policy.path)
        yield from told or [fine(TOPIC, f"suite {suite.name!r}: {len(rows)} rows.")]


def _cure(warning: str) -> str:
    cures = {
        _LEAK: "A prompt that has seen the exam passes it: take other examples for few-shot.",
        "are advised": "Fewer miss what matters, more cost time on every pull request: aim at what users ask most and what must never go wrong.",
        "reviewers": "Name in `reviewers` the two people who agreed on what is right; one person's taste is a weak exam.",
        "judge only": "A judge can be talked round: add a `checks` rule to the row or a metric of type checks to the suite.",
        "no regression": "Write down the last thing that went wrong in production; `evalbot harvest` finds more.",
    }
    return next((cure for words, cure in cures.items() if words in warning), "docs/datasets.md says how.")


def _of_rows(suite: SuitePolicy, rows: Sequence[Example], validated: Validated) -> Iterator[Advice]:
    starters = [row.id for row in rows if TAG in row.tags]
    if starters:
        yield advice(TOPIC, f"suite {suite.name!r}: {len(starters)} starter rows of `evalbot init` are left: {_some(starters)}.", "Put questions of your users in their place.")
    for status, do in ((Status.PROPOSED, "Give each an expected output and a root cause, and remove `status`; or delete it."), (Status.QUARANTINED, "Repair or delete it: it guards nothing.")):
        waiting = [row.id for row in rows if row.status is status]
        if waiting:
            yield advice(TOPIC, f"suite {suite.name!r}: {len(waiting)} rows are {status}: {_some(waiting)}.", do)
    tested = [validated.counts.get(suite.name, {}).get(partition, 0) for partition in (Partition.GOLDEN, Partition.REGRESSION)]
    needed = suite.gates.scores.min_examples
    if max(tested, default=0) < needed:
        yield advice(TOPIC, f"suite {suite.name!r}: no partition has {needed} rows, so scores are never tested.", "`evalbot plan` says how many rows find a given drop.")


def _of_owner(suite: SuitePolicy, tree: Tree, config: str) -> Iterator[Advice]:
    if not suite.owner:
        yield advice(TOPIC, f"suite {suite.name!r} has no owner.", "Name in `owner` who is asked when a golden example has to change.", config)
    owned = next((tree.read(path).decode("utf-8", "replace") for path in _OWNERS if tree.exists(path)), "")
    if not any(_covers(line.split()[0], path) for line in owned.splitlines() if line.strip() and not line.startswith("#") for path in suite.datasets):
        yield advice(TOPIC, f"no line of CODEOWNERS covers the datasets of suite {suite.name!r}.", "Add one: an edited golden example is then asked of the people who know.")


def _covers(pattern: str, path: str) -> bool:
    """Roughly, as CODEOWNERS reads it: a folder, a file or a glob."""
    bare = pattern.lstrip("/")
    if pattern in ("*", "**"):
        return True
    expression = re.escape(bare.rstrip("/")).replace(r"\*\*/", "(.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.match(f"{expression}(/|$)", path) is not None


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
