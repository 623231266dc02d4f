"""What a person asks before pushing: is the configuration right, are prompts and datasets, and how many examples are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.globs import expand
from evalbot.adapters.prompts import load_prompt
from evalbot.app.exams import DatasetReader, check_exam, check_prompts, dataset_paths, suite_metrics
from evalbot.app.judge_inputs import check_graded
from evalbot.app.labels import check_labels
from evalbot.app.pricing import check_prices
from evalbot.app.systems import system_prompt
from evalbot.config import policy_in, suite_decides
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Prompt, Snapshot
from evalbot.engine.exam import leakage
from evalbot.report.numbers import counted

_SHOWN = 5


@dataclass(frozen=True)
class Validated:
    """What was found: examples per suite and partition, and warnings."""

    counts: dict[str, dict[Partition, int]]
    warnings: tuple[str, ...]


def validate(root: Path, config: str) -> Validated:
    """Read everything that a run of the work tree would read; nothing is sent anywhere.

    Raises:
        ConfigError: With every problem of the configuration, the prompts and the datasets.
    """
    return validate_tree(Repository(root).work_tree(), config)


def validate_tree(tree: Snapshot, config: str) -> Validated:
    """The same of any tree; raises ConfigError likewise."""
    policy = policy_in(tree, config)
    reader, problems, warnings = DatasetReader(), list[Problem](), list(policy.warnings)
    counts: dict[str, dict[Partition, int]] = {}
    for suite in policy.suites.values():
        try:
            rows = _suite(suite, policy, tree, reader, warnings)
            counts[suite.name] = {p: sum(row.partition is p and row.gates for row in rows) for p in Partition}
        except ConfigError as error:
            problems += error.problems
    problems += [] if problems else check_labels(policy, tree)
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return Validated(counts, tuple(dict.fromkeys(warnings)))


def _suite(
    suite: SuitePolicy, policy: Policy, tree: Snapshot, reader: DatasetReader, warnings: list[str]
) -> Sequence[Example]:
    rows = reader.rows(tree, dataset_paths(suite, tree, policy.path))
    metrics = suite_metrics(suite, tree, policy.path, rows)
    check_graded(suite.metrics, rows, tree, policy.path)
    warnings += check_exam(suite, rows, metrics, suite_decides(metrics), policy.limits.partitions, policy.path)
    problems = []
    check_prices(suite, metrics, [policy.model(suite.model)] if suite.target is None else (), policy.path)
    prompts = _prompts(suite, policy, tree)
    check_prompts(rows, {prompt.id for prompt in prompts})
    for prompt in prompts:
        asked = [row for row in rows if row.meets(prompt.id)]
        problems += [
            Problem(f"example {row.id!r} cannot be rendered with {prompt.path}: {text}", row.path, row.line)
            for row, text in zip(asked, prompt.render_all(asked), strict=True)
            if isinstance(text, str)
        ]
        if leaked := leakage([row for row in asked if row.gates], prompt.text):
            named = ", ".join(leaked[:_SHOWN]) + (", …" if len(leaked) > _SHOWN else "")
            warnings.append(f"{prompt.path}: contains the words of {counted(len(leaked), 'example')} of suite {suite.name!r}: {named}.")
    if problems:
        raise ConfigError(problems)
    return rows


def _prompts(suite: SuitePolicy, policy: Policy, tree: Snapshot) -> Sequence[Prompt]:
    """The suite's prompts, or what stands in their place."""
    if suite.target is not None:
        return [system_prompt(suite, tree, policy.path)]
    paths = expand(suite.prompts, tree.paths(), what=f"prompt of suite {suite.name!r}", path=policy.path, lines=suite.prompts_lines)
    return [load_prompt(tree, path) for path in paths]
