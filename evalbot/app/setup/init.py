"""`evalbot init`: look, decide, try it out in memory, then write; nothing that is there is overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.prices import listed_price
from evalbot.app.example import workflow
from evalbot.app.setup.draft import MOST_SUITES, Draft, Overlay, distinct, dumped, from_file, from_found
from evalbot.app.setup.look import Found, look
from evalbot.app.setup.models import Choice, answering, grading
from evalbot.app.setup.write import Suite, configuration
from evalbot.app.validate import validate_tree
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.models import Model
from evalbot.domain.ports import Tree
from evalbot.metrics.checks.rule import rule

CONFIG = "evalbot.yml"
WORKFLOW = ".github/workflows/evalbot.yml"
IGNORED = ("evalbot-report/", ".evalbot-cache/")

Ask = Callable[[str, str], str]
"""A question and the answer that stands where nobody gives another."""


@dataclass(frozen=True)
class Written:
    """What `init` did.

    Attributes:
        files: New files: path → text.
        kept: Files that were there and stayed as they are.
        suites: The suites.
        found: What the repository holds.
        left_out: What was not taken over.
        warnings: What `validate` says of the result.
        ignored: Whether evalbot's own folders were added to .gitignore.
    """

    files: Mapping[str, str]
    kept: tuple[str, ...]
    suites: tuple[Suite, ...]
    found: Found
    left_out: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    ignored: bool = False


def init(root: Path, environment: Mapping[str, str], ask: Ask, *, config: str = CONFIG, source: str = "") -> Written:
    """Write a configuration, datasets and the workflow into a work tree.

    Args:
        root: The work tree.
        environment: For which keys are set.
        ask: Asks a person.
        config: The path of the configuration.
        source: Another tool's file to import; without one the repository is looked through.

    Raises:
        ConfigError: There is a configuration already, or nothing to evaluate, or `source` cannot be read.
        CouldNotRun: A file cannot be written.
    """
    if config.startswith(("/", "~")) or ".." in config.split("/"):
        raise ConfigError(Problem(f"{config!r} is outside the repository.", hint="Give a path from its root."))
    repository = Repository(root)
    tree = repository.work_tree()
    if tree.exists(config):
        hint = "`evalbot validate` and `evalbot doctor` look at what is there. To begin again, move it away."
        raise ConfigError(Problem("there is a configuration already, and init overwrites nothing.", config, None, hint))
    found = look(tree, repository.people())
    drafts, left_out = _drafts(tree, found, source)
    suites = tuple(_chosen(draft, found, environment, ask) for draft in drafts)
    left_out += [problem for suite in suites for problem in suite.draft.left_out]
    files = _files(suites, found, config, left_out)
    ignore = _ignored(tree)
    kept = (WORKFLOW,) if tree.exists(WORKFLOW) else ()
    if not kept:
        files[WORKFLOW] = _workflow(config)
    validated = validate_tree(Overlay(tree, files), config)
    _write(repository.root, files)
    if ignore:
        with (repository.root / ".gitignore").open("a", encoding="utf-8") as file:
            file.write(ignore)
    return Written(files, kept, suites, found, tuple(dict.fromkeys(left_out)), validated.warnings, bool(ignore))


def _drafts(tree: Tree, found: Found, source: str) -> tuple[list[Draft], list[Problem]]:
    if source:
        return distinct([from_file(tree, source, _unusable)], tree), []
    drafts, left_out = from_found(tree, found, _unusable)
    if not drafts:
        hint = "Name one with `evalbot init --from FILE`, or put a prompt into prompts/ (docs/prompts.md)."
        raise ConfigError([Problem("no prompt was found here.", "", None, hint), *left_out])
    more = drafts[MOST_SUITES:]
    left_out += [Problem(f"one of {len(drafts)} prompts; the first {MOST_SUITES} got a suite.", draft.source) for draft in more]
    return drafts[:MOST_SUITES], left_out


def _chosen(draft: Draft, found: Found, environment: Mapping[str, str], ask: Ask) -> Suite:
    """The draft with the models that were found, or that a person named."""
    proposed = answering(found, [model for model, _ in draft.models], draft.source, environment)
    answers = _asked(ask, f"Suite {draft.name} ({', '.join(draft.prompts)}): which model answers?", proposed)
    draft = _priced(draft, answers.model)
    judge = Choice(draft.judge, f"named in {draft.source}") if draft.judge else grading(answers.model, found, environment)
    return Suite(draft, answers, _asked(ask, f"Suite {draft.name}: which model grades?", judge))


def _priced(draft: Draft, model: str) -> Draft:
    """Without the metric `cost` where the model's price is not known, since no run would begin."""
    provider, _, name = model.partition("/")
    if "cost" not in draft.metrics or listed_price(Model(provider, name)) is not None:
        return draft
    problem = Problem(f"`cost` is not taken over: the price of {model} is not known.", draft.source, None, "Add `price` under `models:`, then a metric of type cost.")
    metrics = {metric: options for metric, options in draft.metrics.items() if metric != "cost"}
    return replace(draft, metrics=metrics, left_out=(*draft.left_out, problem))


def _asked(ask: Ask, question: str, proposed: Choice) -> Choice:
    answer = ask(question, proposed.model)
    return proposed if answer == proposed.model else Choice(answer, "as you said")


def _files(suites: tuple[Suite, ...], found: Found, config: str, left_out: list[Problem]) -> dict[str, str]:
    files = {config: configuration(suites, found.people, list(dict.fromkeys(left_out)))}
    for suite in suites:
        files.update(suite.draft.files)
        if suite.draft.rows:
            files[suite.draft.dataset] = dumped(suite.draft.rows)
    return files


def _unusable(check: Mapping[str, Json]) -> str:
    try:
        rule(check)
    except ValueError as error:
        return str(error)
    return ""


def _workflow(config: str) -> str:
    """The workflow of the documentation, for this configuration."""
    text = workflow()
    return text if config == CONFIG else text.replace("        with:\n          openai-api-key", f"        with:\n          config: {config}\n          openai-api-key")


def _ignored(tree: Tree) -> str:
    """The lines that .gitignore lacks: what evalbot writes must not be committed."""
    there = tree.read(".gitignore").decode("utf-8", "replace") if tree.exists(".gitignore") else ""
    lacking = [line for line in IGNORED if line not in there.split() and line.rstrip("/") not in there.split()]
    if not lacking:
        return ""
    return ("" if not there or there.endswith("\n") else "\n") + "".join(f"{line}\n" for line in lacking)


def _write(root: Path, files: Mapping[str, str]) -> None:
    """All of them or, where one is there already, none."""
    there = [path for path in files if (root / path).exists()]
    if there:
        hint = "It is ignored by git, or no file: move it away."
        raise ConfigError(Problem("this is there already, and init overwrites nothing.", path, None, hint) for path in there)
    for path, text in files.items():
        file = root / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as new:  # "x": never over a file that is there
                new.write(text)
        except FileExistsError:
            raise CouldNotRun(f"{path} appeared meanwhile, and init overwrites nothing") from None
        except OSError as error:
            raise CouldNotRun(f"{path} cannot be written: {error.strerror}") from None
