"""Human labels: what people said of answers, a line each, read strictly and matched with the examples that were answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from evalbot.app.exams import DatasetReader, dataset_paths
from evalbot.config import build_metrics
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Example, Partition
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Metric, Snapshot
from evalbot.instruments.calibration import CalibrationRule, calibration_rule
from evalbot.metrics.judge.rubric import levels as grades

NOBODY = "human"
_KEYS = (
    "id", "suite", "input", "context", "reference", "partition", "output", "response", "score", "passed", "rater", "date", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """One person's word on one answer: a grade, or whether it is good enough, or both; `date` is ISO or empty."""

    example: Example
    output: str
    score: float | None
    passed: bool | None
    rater: str
    date: str
    line: int


def read_labels(
    content: bytes, path: str, suite: str, examples: Mapping[str, Example], levels: Sequence[float], elsewhere: Collection[str] = ()
) -> tuple[Label, ...]:
    """The labels of one suite in a JSON Lines file; those of another suite are passed over.

    Args:
        examples: The suite's rows by id.
        elsewhere: Ids of other suites' rows: a label that names no suite may be theirs.
        levels: The grades that a `score` may be; none where the metric has no grades and only `passed` counts.

    Raises:
        ConfigError: Everything that is wrong, each with its line: ids that no dataset has, grades off the scale, …
    """
    found: list[Label] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate(_lines(content, path), 1):
        if not line.strip():
            continue
        try:
            row = _row(line)
            theirs = "suite" not in row and "id" in row and row["id"] not in examples and row["id"] in elsewhere
            if str(row.get("suite", suite)) == suite and not theirs:
                label = _label(row, number, examples, levels)
                key = (label.example.id, label.output, label.rater)
                if key in seen:
                    raise ValueError(f"{label.rater} has labelled this answer on line {seen[key]} already")
                seen[key] = number
                found.append(label)
        except LookupError as error:
            problems.append(Problem(f"no example of suite {suite!r} has the id {str(error.args[0])!r}.", path, number, nearest(str(error.args[0]), examples)))
        except ValueError as error:
            problems.append(Problem(f"this is no label: {error}.", path, number))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def rows_of(policy: Policy, tree: Snapshot) -> dict[str, Sequence[Example]]:
    """The rows of every suite; raises ConfigError with everything that is wrong in its datasets."""
    reader = DatasetReader()
    return {suite.name: reader.rows(tree, dataset_paths(suite, tree, policy.path)) for suite in policy.suites.values()}


def labels_of(suite: SuitePolicy, metric: Metric, rule: CalibrationRule, rows: Mapping[str, Sequence[Example]], tree: Snapshot) -> tuple[Label, ...]:
    """What people said of a suite's answers; raises ConfigError with every label that is wrong, and its line."""
    elsewhere = {row.id for name, own in rows.items() if name != suite.name for row in own}
    by_id = {row.id: row for row in rows[suite.name]}
    return read_labels(tree.read(rule.labels), rule.labels, suite.name, by_id, levels_of(metric), elsewhere)


def levels_of(metric: Metric) -> tuple[float, ...]:
    """The grades of a judge with whole grades; none for metrics whose scores are shares."""
    scale = metric.scale
    return tuple(map(float, grades(scale))) if scale is not None and scale[1] - scale[0] > 1 else ()


def check_labels(policy: Policy, tree: Snapshot) -> list[Problem]:
    """What is wrong with any label of any suite that is there already; a file that is still to come is no mistake."""
    rows, problems = rows_of(policy, tree), list[Problem]()
    for suite in policy.suites.values():
        for metric in build_metrics(suite, policy.path, tree.read).values():
            rule = calibration_rule(getattr(metric, "calibration", None))
            if rule is not None and tree.exists(rule.labels):
                try:
                    labels_of(suite, metric, rule, rows, tree)
                except ConfigError as error:
                    problems += error.problems
    return problems


def _lines(content: bytes, path: str) -> list[str]:
    try:
        return content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(Problem(f"the file is no UTF-8 text: {error}.", path)) from None


def _row(line: str) -> Mapping[str, Json]:
    try:
        row = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not a JSON object: {error}") from None
    if not isinstance(row, Mapping):
        raise ValueError("it is not a JSON object")
    for key in row:
        if key not in _KEYS:
            raise ValueError(f"it has no field {key!r}. {nearest(key, _KEYS)}".rstrip(".?") + ("?" if "Did" in nearest(key, _KEYS) else ""))
    return row


def _label(row: Mapping[str, Json], line: int, examples: Mapping[str, Example], levels: Sequence[float]) -> Label:
    output = row.get("output", row.get("response"))
    if not isinstance(output, str) or ("output" in row and "response" in row):
        raise ValueError("it needs the answer as `output`, a text")
    score, passed = row.get("score"), row.get("passed")
    if score is None and passed is None:
        raise ValueError("it needs a `score` or `passed`")
    if passed is not None and not isinstance(passed, bool):
        raise ValueError("`passed` must be true or false")
    rater, when = row.get("rater", NOBODY), row.get("date", "")
    if not isinstance(rater, str) or not rater.strip():
        raise ValueError("`rater` must be a name")
    return Label(_example(row, line, examples), output, _score(score, levels), passed, rater, _date(when), line)


def _example(row: Mapping[str, Json], line: int, examples: Mapping[str, Example]) -> Example:
    """The example that was answered: one of the datasets, or one that the label brings itself."""
    name, given = row.get("id"), row.get("input")
    if name is not None:
        if not isinstance(name, str) or given is not None:
            raise ValueError("`id` must be a text, and stands in place of `input`")
        if name not in examples:
            raise LookupError(name)
        return examples[name]
    if not isinstance(given, str | Mapping) or not given:
        raise ValueError("it needs the `id` of an example, or an `input` of its own")
    asked = {"input": given} if isinstance(given, str) else given
    try:
        partition = Partition(str(row.get("partition", Partition.GOLDEN)))
    except ValueError:
        raise ValueError(f"there is no partition {row['partition']!r}") from None
    # Labels of one answer by several people bring the same example, whatever their lines.
    own = Example("", partition, asked, references=_texts(row, "reference"), context=_texts(row, "context"), line=line)
    return replace(own, id=f"label-{own.hash[:12]}")


def _texts(row: Mapping[str, Json], key: str) -> tuple[str, ...]:
    value = row.get(key, ())
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"`{key}` must be a text or a list of texts")
    return tuple(str(text) for text in texts)


def _score(score: Json, levels: Sequence[float]) -> float | None:
    if score is None:
        return None
    if not isinstance(score, int | float) or isinstance(score, bool):
        raise ValueError(f"`score` must be a number, not {score!r}")
    if levels and score not in levels:
        raise ValueError(f"`score` {score:g} is no grade of the scale {levels[0]:g} to {levels[-1]:g}")
    return float(score)


def _date(when: Json) -> str:
    if not isinstance(when, str):
        raise ValueError("`date` must be a date such as 2026-11-26")
    try:
        return date.fromisoformat(when[:10]).isoformat() if when else ""
    except ValueError:
        raise ValueError(f"`date` must be a date such as 2026-11-26, not {when!r}") from None
