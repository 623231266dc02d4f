"""`evalbot init`: a configuration, a starter dataset and the workflow, from what the repository holds."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbot.cli.app import Config, Quiet, Repository, app, one_line_errors
from evalbot.domain.errors import ConfigError, Problem

_SPAN = re.compile(r"[1-9][0-9]{0,5}[smhdw]\Z")

if TYPE_CHECKING:
    from evalbot.app.setup.init import Written


@app.command(epilog="Exit status: 0 written; 2 there is a configuration already, nothing was found, or a file cannot be read.")
def init(
    source: Annotated[
        str, typer.Option("--from", help="Import this file instead of looking around: a promptfoo configuration, OpenAI Evals' JSON Lines, a .prompt.yml.")
    ] = "",
    adversarial: Annotated[bool, typer.Option("--adversarial", help="Add the starter pack of adversarial examples to each suite.")] = False,
    distribution: Annotated[str, typer.Option(help="Add a distribution dataset: `production` samples it from where `harvest:` reads; else a file of templates (docs/datasets.md).")] = "",
    rows: Annotated[int, typer.Option(help="How many rows the distribution has, 500 to 5,000.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of what is drawn for the distribution.")] = 0,
    since: Annotated[str, typer.Option(help="How far back production is sampled, such as 30d; as far as `harvest.since` without it.")] = "",
    suite: Annotated[str, typer.Option(help="Add examples to this suite only.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    config: Config = "evalbot.yml",
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Write evalbot.yml, a starter dataset and the workflow from what the repository holds. Nothing is overwritten.

    Where there is a configuration, --adversarial and --distribution add examples to it.

    Example: `evalbot init --yes && evalbot check`
    """
    from evalbot.app.setup.init import init as write

    if (adversarial or distribution) and (repository / config).exists():
        _add(repository, config, suite, adversarial, Wanted(distribution, rows, seed, since), quiet)
        return
    asks = not yes and sys.stdin.isatty()
    with one_line_errors():
        written = write(repository, os.environ, _ask if asks else lambda _, proposed: proposed, config=config, source=source)
    if not quiet:
        typer.echo("\n".join(_told(written)))
    if adversarial or distribution:
        _add(repository, config, suite, adversarial, Wanted(distribution, rows, seed, since), quiet)


@dataclass(frozen=True)
class Wanted:
    """A distribution: of what, how many rows, and how they are drawn."""

    source: str
    rows: int
    seed: int
    since: str


def _add(repository: Path, config: str, suite: str, adversarial: bool, wanted: Wanted, quiet: bool) -> None:
    """More examples beside those that are there."""
    from evalbot.app.setup.add import Added, add_adversarial, add_distribution, add_sampled
    from evalbot.app.setup.sampled import PRODUCTION, Production
    from evalbot.config.spans import seconds_of

    with one_line_errors():
        added: tuple[Added, ...] = add_adversarial(repository, config, suite) if adversarial else ()
        if wanted.since and (wanted.source != PRODUCTION or not _SPAN.match(wanted.since)):
            raise ConfigError(Problem("--since is how far back `--distribution production` looks, such as 12h or 30d.", "--since"))
        if wanted.source == PRODUCTION:
            production = Production(repository, os.environ, seconds_of(wanted.since) if wanted.since else 0.0, time.time())
            added += add_sampled(repository, config, production, rows=wanted.rows, seed=wanted.seed, suite=suite)
        elif wanted.source:
            added += add_distribution(repository, config, wanted.source, rows=wanted.rows, seed=wanted.seed, suite=suite)
    for one in () if quiet else added:
        typer.echo(f"Wrote {one.path}: {one.rows:,} rows for suite {one.suite}; {one.words}")
        if not one.named:
            typer.echo(f"Add {one.path} to suites.{one.suite}.datasets in {config}: no pattern there names it.")


def _ask(question: str, proposed: str) -> str:
    return str(typer.prompt(question, default=proposed)).strip()


def _told(written: Written) -> list[str]:
    """What was found, written and left out, and the next step."""
    lines = [f"Found {_counted(written)}."]
    for suite in written.suites:
        rows = f"{len(suite.draft.rows)} rows" if suite.draft.rows else "a dataset that was here"
        taken = f", {sum(suite.draft.mapped.values())} assertions taken over" if suite.draft.mapped else ""
        lines.append(f"  {suite.draft.name}: {', '.join(suite.draft.prompts)} · {suite.answers.model}, graded by {suite.grades.model} · {rows}{taken}")
    lines += [f"Wrote {path}" for path in written.files]
    lines += ["Added evalbot's folders to .gitignore"] if written.ignored else []
    lines += [f"Kept {path}, which was here" for path in written.kept]
    lines += ["Not taken over:", *(f"  {problem}" for problem in written.left_out)] if written.left_out else []
    lines += [f"warning: {warning}" for warning in written.warnings]
    models = [model for suite in written.suites for model in (suite.answers.model, suite.grades.model, *suite.embeddings)]
    keys = sorted({model.partition("/")[0] for model in models})
    needed = [f"{vendor.upper()}_API_KEY" for vendor in keys if vendor in ("openai", "anthropic")]
    secrets = f" Add {' and '.join(needed)} to the repository's secrets." if needed else ""
    return [*lines, f"Next: `evalbot check` compares your work tree; then commit, and open a pull request.{secrets} `evalbot doctor` says what is missing."]


def _counted(written: Written) -> str:
    found = written.found
    counts = [
        (len(found.promptfoo), "promptfoo configuration"), (len(found.github), ".prompt.yml file"), (len(found.prompts), "prompt"),
        (len(found.datasets), "dataset"), (len(found.samples), "file of OpenAI Evals"),
    ]  # fmt: skip
    named = [f"{count} {word}{'s' if count > 1 and not word.endswith('Evals') else ''}" for count, word in counts if count]
    people = f"{found.people} {'person commits' if found.people == 1 else 'people commit'} here"
    return ", ".join([*named, *(f"the SDK of {vendor}" for vendor in sorted(found.vendors)), people])
