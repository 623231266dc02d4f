"""`evalbot init --adversarial` and `--distribution`: more examples for the suites of a configuration that is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evalbot.adapters.git import Repository
from evalbot.adapters.globs import expand, match
from evalbot.adapters.prompts import PromptFile, load_prompt
from evalbot.app.exams import DatasetReader, dataset_paths
from evalbot.app.setup import adversarial, distribution
from evalbot.app.setup.draft import Overlay
from evalbot.app.setup.sampled import Production
from evalbot.app.validate import validate_tree
from evalbot.config import policy_in
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem, nearest
from evalbot.domain.examples import Example, Partition
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Snapshot


@dataclass(frozen=True)
class Added:
    """One new file: how many rows, what is to be known about them, and whether the suite's datasets name it."""

    suite: str
    path: str
    rows: int
    words: str
    named: bool


def add_adversarial(root: Path, config: str, suite: str = "") -> tuple[Added, ...]:
    """The starter pack for each suite, or for one; nothing is overwritten.

    Raises:
        ConfigError: There is no valid configuration, no such suite, or no example whose inputs could be imitated.
        CouldNotRun: A file cannot be written.
    """

    def pack(one: SuitePolicy, known: Sequence[Example], _: Snapshot, __: Policy) -> tuple[str, int, str]:
        rows = adversarial.starter_rows(known[0], _slug(one.name))
        kinds = len({kind.kind for kind in adversarial.attacks()})
        return adversarial.as_lines(rows), len(rows), f"{kinds} kinds, marked by the tag starter-pack; read and adapt them"

    return _add(root, config, suite, "adversarial", pack)


def add_distribution(root: Path, config: str, source: str, *, rows: int, seed: int, suite: str = "") -> tuple[Added, ...]:
    """A distribution dataset from a file of templates, for one suite.

    Raises:
        ConfigError: As above; or the templates are wrong, or give too few rows.
        CouldNotRun: A file cannot be written.
    """

    def make(one: SuitePolicy, known: Sequence[Example], tree: Snapshot, _: Policy) -> tuple[str, int, str]:
        templates = distribution.read_templates(tree.read(source), source)
        made = distribution.generate(templates, known, [prompt.text for prompt in _prompts(one, tree, config)], rows=rows, seed=seed)
        words = f"of {made.possible:,} combinations; left out {made.twins} twins, {made.known} known to other partitions, {made.leaked} from a prompt"
        return distribution.as_lines(made), len(made.rows), words

    return _add(root, config, suite, "distribution", make, single=True)


def add_sampled(root: Path, config: str, production: Production, *, rows: int, seed: int, suite: str = "") -> tuple[Added, ...]:
    """A distribution dataset sampled from where the harvest reads, for the harvest's suite.

    Raises:
        ConfigError: As above; or production gives too few rows, or may not be shown here.
        CouldNotRun: A file cannot be written, or the source does not answer.
    """

    def make(one: SuitePolicy, known: Sequence[Example], tree: Snapshot, policy: Policy) -> tuple[str, int, str]:
        if policy.harvest is not None and policy.harvest.suite != one.name:
            raise ConfigError(Problem(f"the samples of `harvest:` are those of suite {policy.harvest.suite!r}.", "--suite"))
        found = production.sampled(policy, tree, known, _prompts(one, tree, config), rows=rows, seed=seed)
        made = found.made
        words = (
            f"of {found.window:,} samples; left out {made.twins} twins, {made.known} known to other partitions, {made.leaked} from a prompt, "
            f"{found.unrendered} that a prompt cannot be rendered with, {found.not_redacted} that redaction failed on. Read them before you commit: they are production's words, redacted"
        )
        return distribution.as_lines(made), len(made.rows), words

    harvested = policy_in(Repository(root).work_tree(), config).harvest
    return _add(root, config, suite or (harvested.suite if harvested else ""), "distribution", make, single=True)


Make = Callable[[SuitePolicy, Sequence[Example], Snapshot, Policy], tuple[str, int, str]]


def _add(root: Path, config: str, suite: str, kind: str, make: Make, *, single: bool = False) -> tuple[Added, ...]:
    repository = Repository(root)
    tree = repository.work_tree()
    policy = policy_in(tree, config)
    chosen = _chosen(policy, suite, config, single=single)
    files: dict[str, str] = {}
    added = []
    for one in chosen:
        paths = dataset_paths(one, tree, config)
        path = _path(paths[0], kind, one, several=len(policy.suites) > 1)
        if tree.exists(path) or (repository.root / path).exists():
            raise ConfigError(Problem("it is there already, and init overwrites nothing.", path, None, "Move it away to make it anew."))
        known = [row for row in DatasetReader().rows(tree, paths) if kind != str(Partition.DISTRIBUTION) or row.partition is not Partition.DISTRIBUTION]
        if not known:
            raise ConfigError(Problem(f"suite {one.name!r} has no example whose inputs could be imitated.", config, one.line or None))
        files[path], count, words = make(one, known, tree, policy)
        added.append(Added(one.name, path, count, words, path in match(one.datasets, [path])))
    validate_tree(Overlay(tree, files), config)
    _write(repository.root, files)
    return tuple(added)


def _chosen(policy: Policy, suite: str, config: str, *, single: bool) -> list[SuitePolicy]:
    if suite and suite not in policy.suites:
        raise ConfigError(Problem(f"there is no suite {suite!r}.", "--suite", None, nearest(suite, policy.suites)))
    chosen = [policy.suites[suite]] if suite else list(policy.suites.values())
    if single and len(chosen) > 1:
        raise ConfigError(Problem("the configuration has several suites.", config, None, f"Name one with --suite: {', '.join(policy.suites)}."))
    return chosen


def _path(beside: str, kind: str, suite: SuitePolicy, *, several: bool) -> str:
    name = f"{kind}-{_slug(suite.name)}.jsonl" if several else f"{kind}.jsonl"
    return str(PurePosixPath(beside).parent / name)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "suite"


def _prompts(suite: SuitePolicy, tree: Snapshot, config: str) -> list[PromptFile]:
    if suite.target is not None:
        return []
    paths = expand(suite.prompts, tree.paths(), what=f"prompt of suite {suite.name!r}", path=config, lines=suite.prompts_lines)
    return [load_prompt(tree, path) for path in paths]


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            with (root / path).open("x", encoding="utf-8", newline="\n") as new:
                new.write(text)
        except OSError as error:
            raise CouldNotRun(f"{path} cannot be written: {error.strerror}") from None
