"""`evalbot suite`: everything at one commit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from evalbot.cli.app import (
    EXIT_HELP,
    CacheDir,
    Config,
    Json,
    Quiet,
    ReportDir,
    Repository,
    app,
    finish,
    one_line_errors,
    words_of,
)


@app.command(epilog=EXIT_HELP + " With --aa: 0 measured, 3 not measured.")
def suite(
    at: Annotated[str, typer.Option(help="The commit; '.' is the work tree.")] = "HEAD",
    set_baseline: Annotated[bool, typer.Option("--set-baseline", help="Store what was measured as the baseline, whatever it is worth.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use no answer of an earlier run: to see how a model drifts.")] = False,
    aa: Annotated[bool, typer.Option("--aa", help="Measure the prompts of a commit against themselves: what the gate finds is noise.")] = False,
    config: Config = "evalbot.yml",
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    partitions: Annotated[str, typer.Option(help="Only these partitions, separated by commas; all that hold an example by default.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, max=1000, help="Fresh answers per example, instead of the configured number.")] = None,
    report_dir: ReportDir = Path("evalbot-report"),
    cache_dir: CacheDir = Path(".evalbot-cache"),
    key: Annotated[str, typer.Option(help="Whose baselines are meant, where a repository has several configurations.")] = "",
    json: Json = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Run every suite at one commit, over all partitions, and compare with the stored baseline.

    The gate is that of a check. The baseline is on the branch `evalbot-history` of this clone; without one the pass/fail gates decide alone.
    With --aa instead: ask everything twice, nothing shared, and record false alarms and noise floor in aa.jsonl of the report folder.
    """
    from evalbot.app.wiring import World

    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    if aa:
        _self_test(SelfTestArguments(at, config, report_dir, suites, partitions, epochs), repository, folder, json=json, quiet=quiet)
    from evalbot.app.inputs import default_key
    from evalbot.app.suite import suites_of_clone
    from evalbot.app.suite_plan import SuiteOptions

    cache = cache_dir if cache_dir.is_absolute() else repository / cache_dir
    world = World.real(os.environ, folder, quiet=quiet, cache_dir=cache)
    options = SuiteOptions(
        config, key or default_key(config), "cli", words_of(suites), words_of(partitions), epochs, fresh=fresh, set_baseline=set_baseline,
        logs=set_baseline,
    )  # fmt: skip
    record = suites_of_clone(repository, at, options, world, own_folders=(str(cache_dir), str(report_dir)))
    finish(record, folder, world, json=json, quiet=quiet)
    raise typer.Exit(record.decision.verdict.exit_code)


@dataclass(frozen=True)
class SelfTestArguments:
    """What --aa is given."""

    at: str
    config: str
    report_dir: Path
    suites: str
    partitions: str
    epochs: int | None


def _self_test(given: SelfTestArguments, repository: Path, folder: Path, *, json: bool, quiet: bool) -> NoReturn:
    from evalbot.app.self_test import SelfTestOptions, self_test, words
    from evalbot.app.wiring import World

    options = SelfTestOptions(
        given.at, given.config, str(given.report_dir), words_of(given.suites), words_of(given.partitions), given.epochs
    )
    with one_line_errors():
        tested = self_test(repository, options, World.real(os.environ, folder / "aa", quiet=quiet))
    if json:
        from dataclasses import asdict
        from json import dumps

        typer.echo(dumps({"tests": [asdict(test) for test in tested.tests], "not_recorded": tested.silent}, indent=2))
    elif not quiet:
        typer.echo(words(tested))
    raise typer.Exit(3 if tested.silent or not tested.tests else 0)
