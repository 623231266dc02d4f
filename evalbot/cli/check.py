"""`evalbot check`: compare two commits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import EXIT_HELP, CacheDir, Config, Json, Quiet, ReportDir, Repository, app, finish, words_of


@app.command(epilog=EXIT_HELP)
def check(
    base: Annotated[
        str, typer.Option(help="The branch or commit to compare with; its tip rules, its merge base is the base side. By default origin's default branch, else main.")
    ] = "",
    head: Annotated[str, typer.Option(help="The commit to examine; '.' is the work tree.")] = ".",
    config: Config = "evalbot.yml",
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    partitions: Annotated[str, typer.Option(help="Only these partitions, separated by commas.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, max=1000, help="Fresh answers per example, instead of the configured number.")] = None,
    report_dir: ReportDir = Path("evalbot-report"),
    cache_dir: CacheDir = Path(".evalbot-cache"),
    advisory: Annotated[bool, typer.Option("--advisory", help="Say everything, but exit 0.")] = False,
    aa_record: Annotated[str, typer.Option(help="The aa.jsonl of `evalbot suite --aa`, for the noise floor; by default the report folder's.")] = "",
    shard: Annotated[str, typer.Option(help="Measure only this part of the examples, i/n, and decide nothing; `evalbot merge` does.")] = "",
    by_hunk: Annotated[bool, typer.Option("--by-hunk", help="Where a prompt got worse: try each changed hunk alone, within the budget, and name the guilty one.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Run the changed prompts at base and head over golden and regression examples, and decide.

    Example: `evalbot check --base origin/main --head .`
    """
    from evalbot.app.review import CheckOptions, review
    from evalbot.app.wiring import World

    options = CheckOptions(
        base, head, config, report_dir=str(report_dir), cache_dir=str(cache_dir),
        suites=words_of(suites), partitions=words_of(partitions), epochs=epochs, aa_record=aa_record, by_hunk=by_hunk,
        shard=shard,
    )  # fmt: skip
    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    cache = cache_dir if cache_dir.is_absolute() else repository / cache_dir
    world = World.real(os.environ, folder, quiet=quiet, cache_dir=cache)
    record = review(repository, options, world)
    finish(record, folder, world, json=json, quiet=quiet)
    raise typer.Exit(0 if advisory else record.decision.verdict.exit_code)
