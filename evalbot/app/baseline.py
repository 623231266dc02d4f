"""The baseline of a suite: what its answers were when it last passed, as a file on the branch `evalbot-history`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evalbot.app.case import Case
from evalbot.domain.canonical import Json, digest, parse_json
from evalbot.domain.history import history_file
from evalbot.domain.runs import Cause, Part, Row, Side, Task
from evalbot.engine.rows import from_line, to_line
from evalbot.gate.evidence import gap

SCHEMA = "evalbot.baseline/1"
FOLDER = "baseline"
_PARTS = (Cause.TEMPLATE, Cause.PARTIAL, Cause.MODEL, Cause.PARAMS, Cause.SCHEMA)

Version = Mapping[str, str]
"""A digest for each part of a prompt, by the cause that a difference is."""


@dataclass(frozen=True)
class Baseline:
    """One suite's stored results.

    `fingerprint` stands for everything that was asked and how it was graded, `graded_by` for the grading alone. `rows` are
    on the base side, confirmations too.
    """

    suite: str
    commit: str
    at: str
    fingerprint: str
    graded_by: str
    prompts: Mapping[str, Version]
    rows: tuple[Row, ...]

    def first_rows(self) -> Mapping[tuple[str, str, str], Sequence[Row]]:
        """The first answers by prompt, example and the example's hash."""
        found: dict[tuple[str, str, str], list[Row]] = {}
        for row in self.rows:
            if not row.confirmation:
                found.setdefault((row.prompt, row.example, row.example_hash), []).append(row)
        return found


def baseline_file(key: str, suite: str) -> str:
    """Where a suite's baseline is."""
    return history_file(FOLDER, key, suite)


def fingerprint(case: Case) -> str:
    """Equal where the same is asked and graded alike: then there is nothing to learn but how the model has drifted."""
    asked = sorted([t.prompt, t.example.id, t.example.hash, t.epoch, t.request.hash] for t in case.tasks if t.side is Side.HEAD)
    return digest([asked, case.for_engine.identity])


def versions(case: Case) -> Mapping[str, Version]:
    """What each prompt of head is made of."""
    models = {task.prompt: task.request.model for task in case.tasks if task.side is Side.HEAD}
    return {
        pair.id: {
            **pair.head.digests,
            "model": digest([models[pair.id].label, models[pair.id].api, models[pair.id].base_url]),
            "params": digest(models[pair.id].params),
        }
        for pair in case.pairs
        if pair.head is not None and pair.id in models
    }


def causes(before: Version, after: Version) -> tuple[Cause, ...]:
    """What differs between two versions of a prompt."""
    return tuple(cause for cause in _PARTS if before.get(cause.value) != after.get(cause.value))


def written(case: Case, commit: str, at: str, rows: Sequence[Row], *, outputs: bool) -> str:
    """The file's text: a head line, then a row a line.

    Args:
        rows: Head's rows; those that prove nothing are left out, and those on which a tested metric broke.
        outputs: Whether answers may be shown, and so be stored.
    """
    head = {
        "schema": SCHEMA, "suite": case.suite.name, "commit": commit, "at": at, "fingerprint": fingerprint(case),
        "graded_by": case.for_engine.identity, "prompts": versions(case),
    }  # fmt: skip
    tested = case.suite.gates.scores.metrics
    proved = (row for row in rows if row.side is Side.HEAD and row.passed is not None)
    kept = (_as_base(row.whole, outputs) for row in proved if row.confirmation or gap(row, tested) is None)
    return "".join(f"{line}\n" for line in (json.dumps(head, sort_keys=True), *(to_line(row) for row in kept)))


def read_baseline(text: str) -> Baseline | None:
    """The baseline of a file's text; None where there is none.

    Raises:
        ValueError: It is torn, or of another version.
    """
    first, *lines = text.splitlines() or [""]
    if not first:
        return None
    head = parse_json(first)
    if not isinstance(head, Mapping) or head.get("schema") != SCHEMA:
        raise ValueError("not a baseline of this version")
    prompts = head.get("prompts")
    if not isinstance(prompts, Mapping):
        raise ValueError("'prompts' must be an object")
    return Baseline(
        _text(head, "suite"), _text(head, "commit"), _text(head, "at"), _text(head, "fingerprint"), _text(head, "graded_by"),
        {name: _version(value) for name, value in prompts.items()}, tuple(map(from_line, lines)),
    )  # fmt: skip


def under_names_of_now(baseline: Baseline, now: Mapping[str, Version]) -> Baseline:
    """The baseline with the rows of a prompt that was only renamed under its new name.

    Gone and new are one prompt where both have the same words and nobody else has: git may think so of less, and no commit has to be read.
    """
    gone, new = (_by_words({name: parts for name, parts in one.items() if name not in other}) for one, other in ((baseline.prompts, now), (now, baseline.prompts)))
    names = {gone[words][0]: new[words][0] for words in gone.keys() & new.keys() if len(gone[words]) == len(new[words]) == 1}
    if not names:
        return baseline
    prompts = {names.get(name, name): parts for name, parts in baseline.prompts.items()}
    return replace(baseline, prompts=prompts, rows=tuple(row.but(prompt=names.get(row.prompt, row.prompt)) for row in baseline.rows))


def _by_words(prompts: Mapping[str, Version]) -> Mapping[tuple[str, ...], Sequence[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for name, parts in prompts.items():
        found.setdefault(tuple(parts.get(cause.value, "") for cause in (Cause.TEMPLATE, Cause.PARTIAL, Cause.SCHEMA)), []).append(name)
    return found


def base_tasks(case: Case, baseline: Baseline) -> list[Task]:
    """What of the case the baseline answered, as the base side's plan; nothing of it is asked."""
    known = baseline.first_rows()
    tasks = []
    for task in case.tasks:
        if task.side is Side.HEAD and not task.epoch:
            stored = known.get((task.prompt, task.example.id, task.example.hash), ())
            tasks += [Task(task.suite, task.prompt, Side.BASE, task.example, Part.EXAM, row.epoch, task.request) for row in stored]
    return tasks


def _as_base(row: Row, outputs: bool) -> Row:
    words: dict[str, object] = {} if outputs else {"output": None, "context": None, "tool_calls": None}
    return row.but(
        side=Side.BASE, part=Part.EXAM, cached=True, shared=False, judge_calls=0, judge_usd=0.0, retried=0, cached_calls=0, **words
    )


def _version(value: Json) -> Version:
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for part in value.values()):
        raise ValueError("a prompt's version must be an object of texts")
    return {name: str(part) for name, part in value.items()}


def _text(head: Mapping[str, Json], name: str) -> str:
    value = head.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a text")
    return value
