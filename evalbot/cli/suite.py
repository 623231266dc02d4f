"""`evalbot suite`: everything at one commit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, Json, Quiet, ReportDir, Repository, app, one_line_errors, words_of


@app.command(epilog="Exit status: 0 measured, 2 configuration error, 3 not measured, 130 cancelled.")
def suite(
    aa: Annotated[bool, typer.Option("--aa", help="Measure the prompts of a commit against themselves: what the gate finds is noise.")] = False,
    at: Annotated[str, typer.Option(help="The commit; '.' is the work tree.")] = "HEAD",
    config: Config = "evalbot.yml",
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    partitions: Annotated[str, typer.Option(help="Only these partitions, separated by commas.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Fresh answers per example, instead of the configured number.")] = None,
    report_dir: ReportDir = Path("evalbot-report"),
    json: Json = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """With --aa: ask everything twice, nothing shared, and record false alarms and noise floor in aa.jsonl of the report folder.

    Run it on a schedule: the comment's footer then says how large a difference means nothing.
    """
    from evalbot.app.self_test import SelfTestOptions, self_test, words
    from evalbot.app.wiring import World

    if not aa:
        typer.echo("evalbot: `evalbot suite` knows only --aa in this version; `evalbot check --base REF` compares two commits.", err=True)
        raise typer.Exit(2)
    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    options = SelfTestOptions(at, config, str(report_dir), words_of(suites), words_of(partitions), epochs)
    with one_line_errors():
        tested = self_test(repository, options, World.real(os.environ, folder / "aa", quiet=quiet))
    if json:
        from dataclasses import asdict
        from json import dumps

        typer.echo(dumps({"tests": [asdict(test) for test in tested.tests], "not_recorded": tested.silent}, indent=2))
    elif not quiet:
        typer.echo(words(tested))
    raise typer.Exit(3 if tested.silent or not tested.tests else 0)
