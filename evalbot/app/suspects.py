"""Which hunk of a changed prompt is at fault: by words from the answers that are there, or by replaying each hunk alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from evalbot.adapters.prompts import load_prompt
from evalbot.adapters.trees import Through
from evalbot.app.case import Case
from evalbot.app.changes import PromptPair
from evalbot.app.commits import Commits
from evalbot.app.planning import Subject, plan
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.examples import Example
from evalbot.domain.hunks import Hunk, Suspect
from evalbot.domain.ports import Tree
from evalbot.domain.runs import Part, Row, Side, Task, file_of
from evalbot.gate.blame import blame, replayed
from evalbot.gate.evidence import Evidence
from evalbot.gate.hunks import hunks, with_only
from evalbot.gate.losses import answers, loss, losses

MOST_REPLAYED = 12  # worse examples that each hunk is tried on, those that lost most first
MOST_HUNKS = 40  # a rewritten prompt has no guilty hunk


@dataclass(frozen=True)
class _Changed:
    """A prompt whose text differs between two sides that were both run."""

    pair: PromptPair
    base_text: str
    hunks: tuple[Hunk, ...]


def suspects(case: Case, commits: Commits, rows: Sequence[Row]) -> list[Suspect]:
    """Every hunk's share of the blame in each changed prompt that got worse; from replays where `rows` holds any."""
    evidence = case.evidence([row for row in rows if row.part is not Part.HUNK])
    found: list[Suspect] = []
    for changed in _changed(case, commits):
        prompt = changed.pair.id
        tried = [row for row in rows if row.part is Part.HUNK and row.prompt == prompt]
        if tried:
            found += _from_replays(case, evidence, changed, tried)
        else:
            found += blame(case.suite.name, prompt, changed.hunks, answers(evidence, prompt))
    return found


def replays(case: Case, commits: Commits, rows: Sequence[Row]) -> list[Task]:
    """The examples that got worse, asked of base's prompt with each hunk alone; nothing where one hunk is all there is."""
    evidence = case.evidence(rows)
    tasks: list[Task] = []
    for changed in _changed(case, commits):
        worse = _worst(evidence, changed.pair.id)
        if len(changed.hunks) > 1 and worse:
            for number, hunk in enumerate(changed.hunks):
                tasks += _alone(case, commits, changed, number, hunk, worse)
    return tasks


def _changed(case: Case, commits: Commits) -> Iterator[_Changed]:
    measured = {item.prompt for item in case.changed if set(item.sides) == set(Side)}
    for pair in case.pairs if case.suite.target is None else ():  # recorded answers are no instruction: each is its own cause
        if pair.id in measured and pair.base is not None and pair.base_path is not None:
            try:
                base, head = _text(commits.merge_base, pair.base_path), _text(commits.head, pair.path)
            except (ConfigError, CouldNotRun):
                continue
            found = hunks(file_of(pair.path), base, head)
            if 0 < len(found) <= MOST_HUNKS:
                yield _Changed(pair, base, found)


def _text(tree: Tree, path: str) -> str:
    return tree.read(file_of(path)).decode("utf-8", "replace")


def _worst(evidence: Evidence, prompt: str) -> list[Example]:
    lost = {example.id: found for example, found in losses(evidence, prompt) if found > 0}
    chosen = sorted(lost, key=lambda example: (-lost[example], example))[:MOST_REPLAYED]
    by_id = {task.example.id: task.example for task in evidence.tasks if task.prompt == prompt and task.part is Part.EXAM}
    return [by_id[example] for example in chosen]


def _alone(
    case: Case, commits: Commits, changed: _Changed, number: int, hunk: Hunk, worse: Sequence[Example]
) -> list[Task]:
    """Tasks with one hunk applied; none where base's prompt with it alone cannot be read or rendered."""
    pair, base_path = changed.pair, str(changed.pair.base_path)
    file, alone = file_of(base_path), with_only(changed.base_text, hunk).encode()
    tree = Through(commits.merge_base, lambda path, content: alone if path == file else content)
    model = next((task.request.model for task in case.tasks if task.prompt == pair.id and task.side is Side.BASE), None)
    if model is None:
        return []
    try:
        prompt = load_prompt(tree, base_path)
        subject = Subject(pair.id, pair.path, {Side.HEAD: (prompt, model)})
        planned = plan(case.suite, [subject], [(example, Part.HUNK) for example in worse], frozenset(), case.partitions, 1)
    except ConfigError:
        return []
    return [replace(task, epoch=number) for task in planned]


def _from_replays(case: Case, evidence: Evidence, changed: _Changed, tried: Sequence[Row]) -> list[Suspect]:
    prompt = changed.pair.id
    worse = [example for example in _worst(evidence, prompt) if any(row.example == example.id for row in tried)]
    again: dict[int, set[str]] = {}
    for example in worse:
        base = evidence.first_rows(prompt, Side.BASE, example)
        for row in tried:
            if row.example == example.id and (loss(evidence, base, [row]) or 0.0) > 0:
                again.setdefault(row.epoch, set()).add(example.id)
    return replayed(case.suite.name, prompt, changed.hunks, [example.id for example in worse], again)
