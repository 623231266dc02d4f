"""`evalbot merge`: decide over what shards have measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import (
    EXIT_HELP,
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


@app.command(epilog=EXIT_HELP)
def merge(
    folders: Annotated[list[Path], typer.Argument(help="Report folders of the shards, or of any runs of the same comparison.")],
    base: Annotated[str, typer.Option(help="As for `evalbot check`.")] = "",
    head: Annotated[str, typer.Option(help="As for `evalbot check`.")] = ".",
    config: Config = "evalbot.yml",
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    partitions: Annotated[str, typer.Option(help="Only these partitions, separated by commas.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, max=1000, help="Fresh answers per example, as the shards were run with.")] = None,
    report_dir: ReportDir = Path("evalbot-report"),
    advisory: Annotated[bool, typer.Option("--advisory", help="Say everything, but exit 0.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Decide over what shards have measured, as if one run had measured it all. No model is called; a missing shard is never a pass.

    Example: `evalbot merge shard-1 shard-2 shard-3 shard-4 --base origin/main --head HEAD`
    """
    from evalbot.app.merge import merge as merged
    from evalbot.app.review import CheckOptions
    from evalbot.app.wiring import World

    options = CheckOptions(
        base, head, config, report_dir=str(report_dir), suites=words_of(suites), partitions=words_of(partitions), epochs=epochs
    )
    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    world = World.real(os.environ, folder, quiet=quiet)
    with one_line_errors():
        record = merged(repository, [place if place.is_absolute() else repository / place for place in folders], options, world)
    finish(record, folder, world, json=json, quiet=quiet)
    raise typer.Exit(0 if advisory else record.decision.verdict.exit_code)
