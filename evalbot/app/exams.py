"""The exam of a suite: policy's rows, head's additions and edits, checked before anything is paid for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from evalbot.adapters.datasets import read_datasets, warnings
from evalbot.adapters.globs import expand, match
from evalbot.config import build_metrics
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Example, Partition
from evalbot.domain.policy import MetricSpec, SuitePolicy
from evalbot.domain.ports import Metric, Tree
from evalbot.engine.exam import Exam, exam
from evalbot.report.numbers import counted

_PASSAGE = "whatever the target retrieves"
GUARDED = (Partition.GOLDEN, Partition.ADVERSARIAL)


@dataclass
class DatasetReader:
    """Reads datasets of several trees, each distinct content once: base and head mostly hold the same rows."""

    _read: dict[tuple[tuple[str, bytes], ...], tuple[Example, ...]] = field(default_factory=dict)

    def rows(self, tree: Tree, paths: Sequence[str]) -> tuple[Example, ...]:
        """The examples of the files; raises ConfigError with every problem in them."""
        key = tuple((path, sha256(tree.read(path)).digest()) for path in paths)
        if key not in self._read:
            self._read[key] = read_datasets(tree, paths)
        return self._read[key]


def untouched(suite: SuitePolicy, changed: Sequence[str]) -> bool:
    """Whether none of the paths that differ between merge base and head is a dataset of the suite."""
    return not match(suite.datasets, changed)


def build_exam(
    suite: SuitePolicy, tip: Tree, merge_base: Tree, head: Tree, reader: DatasetReader, config: str, *, fork: bool = False
) -> tuple[Exam, bool]:
    """The exam, and whether head's own rows had to stand in for policy's (bootstrap; never a fork's).

    Raises:
        ConfigError: Head's datasets are wrong, or policy's are and head, which must not be a fork's, does not mend them.
    """
    at_head = _rows(suite, head, reader, config)
    try:
        of_policy = _rows(suite, tip, reader, config)
    except ConfigError:
        if fork:
            raise
        return exam(at_head, at_head, at_head, suite=suite.name), True
    try:
        at_base = _rows(suite, merge_base, reader, config)
    except ConfigError:  # the merge base is history: what it cannot say is compared with policy's rows
        at_base = of_policy
    return exam(of_policy, at_base, at_head, suite=suite.name), False


def dataset_paths(suite: SuitePolicy, tree: Tree, config: str) -> list[str]:
    """The dataset files of a suite in a tree; raises ConfigError for a pattern that matches none."""
    return expand(suite.datasets, tree.paths(), what=f"dataset of suite {suite.name!r}", path=config, lines=suite.datasets_lines)


def _rows(suite: SuitePolicy, tree: Tree, reader: DatasetReader, config: str) -> tuple[Example, ...]:
    return reader.rows(tree, dataset_paths(suite, tree, config))


def check_exam(
    suite: SuitePolicy, rows: Sequence[Example], metrics: Mapping[str, Metric], deciding: frozenset[str],
    partitions: Sequence[Partition], config: str,
) -> list[str]:  # fmt: skip
    """Refuse an exam that nothing can fail; returns warnings, a line each.

    Raises:
        ConfigError: The golden partition is empty, or no pass/fail metric can apply to a golden row.
    """
    counts = {partition: sum(row.partition is partition and row.gates for row in rows) for partition in partitions}
    if counts.get(Partition.GOLDEN) == 0:
        hint = "Add golden examples, or leave golden out of `run.partitions`."
        raise ConfigError(Problem(f"suite {suite.name!r} has no golden example.", config, suite.line or None, hint))
    rows = [_with_passages(row, suite) for row in rows]
    lacks = _lacks(metrics, deciding)
    problems = [
        Problem(f"no pass/fail metric of suite {suite.name!r} can apply to golden example {row.id!r}.", row.path, row.line, lacks)
        for row in rows
        if row.partition is Partition.GOLDEN and row.gates and not _decidable(row, metrics, deciding)
    ]
    problems += _bad_checks(rows, metrics)
    if problems:
        raise ConfigError(problems)
    empty = [partition for partition, count in counts.items() if not count]
    said = [f"suite {suite.name!r}: no {partition} example" for partition in empty]
    said += [f"suite {suite.name!r}: {warning}" for warning in warnings(rows)]
    asked = [row for row in rows if row.gates and row.partition in partitions]
    said += _idle(suite, asked, metrics, config)
    return said + list(_only_judged(suite, rows, metrics, deciding))


def _with_passages(row: Example, suite: SuitePolicy) -> Example:
    """The row as metrics may meet it: a whole system may bring passages of its own."""
    return row if suite.target is None or row.context else replace(row, context=(_PASSAGE,))


def _lacks(metrics: Mapping[str, Metric], deciding: frozenset[str]) -> str:
    """What a row would have to have for its metrics to say something."""
    needs = {name: needed for name in sorted(deciding) if (needed := _needs(metrics[name]))}
    return " ".join(f"Metric {name!r} needs {needed}." for name, needed in needs.items())


def _idle(suite: SuitePolicy, rows: Sequence[Example], metrics: Mapping[str, Metric], config: str) -> Iterator[str]:
    """Metrics that some or all of the rows give nothing to measure: most likely a field was forgotten."""
    lines = {spec.name: spec.line for spec in suite.metrics}
    for name, metric in metrics.items():
        lacking = [row for row in rows if not metric.applies(row)] if _needs(metric) else []
        where = f"suite {suite.name!r}: metric {name!r} ({config}:{lines.get(name) or suite.line}) needs {_needs(metric)}"
        if lacking and len(lacking) == len(rows):
            yield f"{where}, which no example has: it will say nothing"
        elif lacking and metric.models:
            yield f"{where}, which {len(lacking)} of {len(rows)} examples lack: first {lacking[0].path}:{lacking[0].line}"


def _needs(metric: Metric) -> str:
    """What a metric needs of a row, in words; empty where it needs nothing, or does not say."""
    return str(getattr(metric, "needs", ""))


def check_prompts(rows: Sequence[Example], known: Collection[str]) -> None:
    """Raises ConfigError where a row is asked of a prompt that the suite does not have: it would never be asked at all."""
    problems = [
        Problem(f"example {row.id!r} lists the prompt {name!r}, which its suite does not have.", row.path, row.line, nearest(name, known))
        for row in rows
        for name in row.prompts or ()
        if name not in known
    ]
    if problems:
        raise ConfigError(problems)


def _bad_checks(rows: Sequence[Example], metrics: Mapping[str, Metric]) -> list[Problem]:
    """Checks and tool calls that rows carry themselves and that cannot be applied: found before anything is paid for."""
    readers = [metric for metric in metrics.values() if hasattr(metric, "example_problems")]
    return [
        Problem(f"example {row.id!r}: {text}", row.path, row.line)
        for row in rows
        for text in dict.fromkeys(text for metric in readers for text in metric.example_problems(row))
    ]


def _decidable(row: Example, metrics: Mapping[str, Metric], deciding: frozenset[str]) -> bool:
    return any(metrics[name].applies(row) for name in deciding)


def _only_judged(
    suite: SuitePolicy, rows: Sequence[Example], metrics: Mapping[str, Metric], deciding: frozenset[str]
) -> Iterator[str]:
    """Golden and adversarial rows that only a judge guards: a judge can be talked round and must not stand alone."""
    firm = [metrics[name] for name in deciding if not metrics[name].models]
    for partition in GUARDED:
        lone = sum(row.partition is partition and row.gates and not any(m.applies(row) for m in firm) for row in rows)
        if lone:
            yield f"suite {suite.name!r}: {counted(lone, f'{partition} example')} {'is' if lone == 1 else 'are'} guarded by a judge only; add a check"


def suite_metrics(suite: SuitePolicy, tree: Tree, config: str, rows: Sequence[Example]) -> Mapping[str, Metric]:
    """The suite's metrics by name, with one of type `checks` where rows carry checks and the suite has none; raises ConfigError."""
    metrics = build_metrics(suite, config, tree.read)
    if needs_own_checks(rows, suite):
        own = replace(suite, metrics=(*suite.metrics, MetricSpec("checks", "checks", {}, suite.line)))
        metrics = build_metrics(own, config, tree.read)
    return metrics


def needs_own_checks(rows: Sequence[Example], suite: SuitePolicy) -> bool:
    """Whether rows carry checks of their own while the suite has no metric that applies them."""
    return all(spec.type != "checks" for spec in suite.metrics) and any(row.checks for row in rows)
