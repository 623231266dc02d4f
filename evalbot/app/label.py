"""`evalbot label`: a sheet of answers for people to grade, drawn evenly over what the judge thinks of them, and read back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.journal import earlier_lines
from evalbot.app.exams import DatasetReader, dataset_paths, suite_metrics
from evalbot.app.label_sheet import Line, read_sheet, sheet
from evalbot.app.labels import Label, levels_of, read_labels
from evalbot.app.wiring import World
from evalbot.config import policy_in
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem, nearest
from evalbot.domain.examples import Example
from evalbot.domain.ports import Snapshot
from evalbot.domain.runs import Part
from evalbot.engine.rows import from_line
from evalbot.instruments.calibration import calibration_rule


@dataclass(frozen=True)
class LabelOptions:
    """What a person asks of `evalbot label`; an empty `metric` is the only one that has labels."""

    config: str = "evalbot.yml"
    report_dir: str = "evalbot-report"
    metric: str = ""
    n: int = 20
    sheet: str = "evalbot-labels.csv"
    rater: str = ""


@dataclass(frozen=True)
class Drawn:
    """A sheet that was written: lines on it, and by what the judge thinks of them."""

    path: str
    lines: int
    strata: Mapping[str, int]


@dataclass(frozen=True)
class Taken:
    """A sheet that was read: labels that were added to the file, and lines that nobody has filled in."""

    path: str
    labels: int
    empty: int


@dataclass(frozen=True)
class _Task:
    """What is to be labelled: a metric, the file of its labels, its grades, and the examples of the suites that have it."""

    metric: str
    path: str
    levels: tuple[float, ...]
    examples: Mapping[str, Mapping[str, Example]]


def draw(root: Path, options: LabelOptions, world: World, now: float) -> Drawn:
    """Write a sheet of answers of the last run that nobody has labelled yet.

    They are drawn evenly over the judge's grades: by chance alone nearly all would be good ones. The judge's grade is not on
    the sheet, nor which side an answer comes from.

    Raises:
        ConfigError: There is no metric that has labels, or it is not clear which one is meant.
        CouldNotRun: There is no run to draw from, or nothing of it that is not labelled.
    """
    task, tree = _task(root, options)
    known = {(label.example.id, label.output) for suite in task.examples for label in _labels(task, tree, suite)}
    candidates = list(_candidates(root / options.report_dir, task, known, now))
    if not candidates:
        raise CouldNotRun(f"there is no answer in {options.report_dir} that is not labelled; run `evalbot check --base main` first")
    chosen = _evenly(candidates, options.n, random.Random(world.now()[:10]))
    path = root / options.sheet
    try:
        path.write_text(sheet([line for line, _ in chosen], graded=bool(task.levels)), encoding="utf-8-sig", newline="")
    except OSError as error:
        raise CouldNotRun(f"could not write {options.sheet}: {error.strerror}") from error
    strata: dict[str, int] = {}
    for _, stratum in chosen:
        strata[stratum] = strata.get(stratum, 0) + 1
    return Drawn(options.sheet, len(chosen), dict(sorted(strata.items())))


def take(root: Path, options: LabelOptions, world: World) -> Taken:
    """Read a sheet that somebody has filled in, and add what it says to the labels.

    Raises:
        ConfigError: Grades off the scale, ids that no dataset has, answers that were changed: all with their line; nothing is
            added then.
        CouldNotRun: A file cannot be read or written.
    """
    if not options.rater.strip():
        raise ConfigError(Problem("say who has labelled.", "--rater", None, "Such as `--rater ada`."))
    task, tree = _task(root, options)
    try:
        content = (root / options.sheet).read_bytes()
    except OSError as error:
        raise CouldNotRun(f"could not read {options.sheet}: {error.strerror}") from error
    lines = read_sheet(content, options.sheet, task.levels)
    known = {(suite, label.example.id, label.output) for suite in task.examples for label in _labels(task, tree, suite) if label.rater == options.rater}
    problems = list(_objections(lines, task, known, options))
    if problems:
        raise ConfigError(problems)
    filled = [line for line in lines if line.filled]
    several = len(task.examples) > 1
    _append(root / task.path, [_as_label(line, options.rater, world.now()[:10], several=several) for line in filled])
    return Taken(task.path, len(filled), len(lines) - len(filled))


def _task(root: Path, options: LabelOptions) -> tuple[_Task, Snapshot]:
    tree = Repository(root).work_tree()
    policy = policy_in(tree, options.config)
    found: dict[str, _Task] = {}
    for suite in policy.suites.values():
        rows = DatasetReader().rows(tree, dataset_paths(suite, tree, policy.path))
        for name, metric in suite_metrics(suite, tree, policy.path, rows).items():
            rule = calibration_rule(getattr(metric, "calibration", None))
            if rule is not None:
                before = found[name].examples if name in found else {}
                found[name] = _Task(name, rule.labels, levels_of(metric), {**before, suite.name: {row.id: row for row in rows}})
    if options.metric and options.metric not in found:
        hint = nearest(options.metric, found) or "Give one `calibration: {labels: path}` (docs/judges.md)."
        raise ConfigError(Problem(f"no metric {options.metric!r} says where its labels are.", options.config, None, hint))
    if not options.metric and len(found) != 1:
        hint = f"Name one with --metric: {', '.join(found)}." if found else "Give a judge `calibration: {labels: path}` (docs/judges.md)."
        raise ConfigError(Problem(f"{len(found)} metrics say where their labels are." if found else "no metric says where its labels are.", options.config, None, hint))
    return found[options.metric] if options.metric else next(iter(found.values())), tree


def _labels(task: _Task, tree: Snapshot, suite: str) -> Sequence[Label]:
    elsewhere = {name for other, rows in task.examples.items() if other != suite for name in rows}
    return read_labels(tree.read(task.path), task.path, suite, task.examples[suite], task.levels, elsewhere) if tree.exists(task.path) else ()


def _candidates(folder: Path, task: _Task, known: set[tuple[str, str]], now: float) -> Iterator[tuple[Line, str]]:
    """Answers of the last run with the judge's grade in words, each text once."""
    seen: set[tuple[str, str, str]] = set()
    for _, text in earlier_lines(folder, now) or ():
        try:
            row = from_line(text)
        except ValueError:
            continue
        example = task.examples.get(row.suite, {}).get(row.example)
        score = row.scores.get(task.metric)
        usable = example is not None and example.hash == row.example_hash and row.part is Part.EXAM and row.output
        if not usable or example is None or score is None or score.value is None or row.output is None:
            continue
        key = (row.suite, row.example, row.output)
        if key not in seen and key[1:] not in known:
            seen.add(key)
            yield Line(row.suite, example, row.output), f"{round(score.value):g}" if task.levels else "pass" if score.passed else "fail"


def _evenly(candidates: Sequence[tuple[Line, str]], n: int, rng: random.Random) -> list[tuple[Line, str]]:
    """As many of each stratum as there are, none more than one ahead of another; in an order that tells nothing."""
    strata: dict[str, list[tuple[Line, str]]] = {}
    for one in candidates:
        strata.setdefault(one[1], []).append(one)
    for own in strata.values():
        rng.shuffle(own)
    chosen: list[tuple[Line, str]] = []
    while len(chosen) < n and any(strata.values()):
        for name in sorted(strata):
            if strata[name] and len(chosen) < n:
                chosen.append(strata[name].pop())
    rng.shuffle(chosen)
    return chosen


def _objections(lines: Sequence[Line], task: _Task, known: set[tuple[str, str, str]], options: LabelOptions) -> Iterator[Problem]:
    for line in lines:
        examples = task.examples.get(line.suite)
        if examples is None:
            yield Problem(f"no suite {line.suite!r} has the metric {task.metric!r}.", options.sheet, line.number, nearest(line.suite, task.examples))
        elif line.id not in examples:
            yield Problem(f"no example of suite {line.suite!r} has the id {line.id!r}.", options.sheet, line.number, nearest(line.id, examples))
        elif line.filled and (line.suite, line.id, line.output) in known:
            yield Problem(f"{options.rater} has labelled this answer to {line.id!r} already ({task.path}).", options.sheet, line.number)


def _as_label(line: Line, rater: str, today: str, *, several: bool) -> str:
    given: dict[str, object] = {"id": line.id, **({"suite": line.suite} if several else {}), "output": line.output}
    given |= {} if line.score is None else {"score": int(line.score) if line.score.is_integer() else line.score}
    given |= {} if line.passed is None else {"passed": line.passed}
    given |= {"rater": rater, "date": today} | ({"note": line.note} if line.note else {})
    return json.dumps(given, ensure_ascii=False) + "\n"


def _append(path: Path, lines: Sequence[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if before and not before.endswith(b"\n") else "") + "".join(lines))
    except OSError as error:
        raise CouldNotRun(f"could not write {path}: {error.strerror}") from error
