"""`evalbot harvest`: production failures → proposed regression examples."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, Json, Quiet, ReportDir, Repository, app, one_line_errors


@app.command(epilog="Exit status: 0 proposed, or nothing to propose; 2 configuration error; 3 source, model or judge failed, nothing written.")
def harvest(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the pull request; write nothing, and do not move the watermark.")] = False,
    sample: Annotated[list[str], typer.Option(help="Propose this production sample, whatever the draw: its id, or the `prod-…` that the dashboard shows. As often as needed.")] = [],  # noqa: B006 - typer reads it
    since: Annotated[str, typer.Option(help="Where named samples are looked for: from this time on, such as 2026-11-26T09:00:00Z.")] = "",
    until: Annotated[str, typer.Option(help="And up to this one.")] = "",
    report: Annotated[bool, typer.Option("--report", help="How many production failures the datasets would now catch, from the ledger; fetches nothing.")] = False,
    config: Config = "evalbot.yml",
    key: Annotated[str, typer.Option(help="Name of this check where a repository has several.")] = "default",
    report_dir: ReportDir = Path("evalbot-report"),
    json: Json = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Propose what failed in production as regression examples, in one pull request.

    Samples are pulled, and kept where they fail and are new. With --sample only the named samples are looked at, and each is proposed unless the datasets hold it or it was decided on.
    With GITHUB_TOKEN and GITHUB_REPOSITORY it proposes on GitHub; without, only --dry-run works.
    """
    from evalbot.app.harvest import HarvestOptions
    from evalbot.app.harvest import harvest as run
    from evalbot.app.harvest_names import named
    from evalbot.app.harvest_places import client, places, refuse_without_github
    from evalbot.app.harvest_record import checked, ended, keep, record_of, run_of
    from evalbot.app.harvest_report import as_json, catch_report, words
    from evalbot.app.wiring import World
    from evalbot.domain.errors import ConfigError, CouldNotRun
    from evalbot.domain.pulls import Refused

    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    with one_line_errors():
        name = os.environ.get("GITHUB_REPOSITORY", repository.resolve().name)
        options = HarvestOptions(config, key, name, dry_run, named(sample, since, until))
        proposals, history = places(repository, os.environ)
        if report:
            typer.echo(catch_report(options, proposals, history, os.environ))
            return
        world = World.real(os.environ, folder / "harvest", quiet=quiet)
        started, done = world.now(), None
        try:
            if not dry_run:
                refuse_without_github(os.environ)
            done = run(repository, options, world, proposals, history, time.time())
        except (ConfigError, Refused, CouldNotRun) as error:
            keep(record_of(ended(error), key, world, started), folder, world, _warn)
            raise
        keep(record_of(done, key, world, started), folder, world, _warn)
        if not dry_run and (github := client(os.environ)) is not None:
            checked(github, key, done, run_of(os.environ), _warn)
    if json:
        typer.echo(as_json(done))
    elif not quiet:
        typer.echo(world.redact(words(done, dry_run=dry_run)))
    raise typer.Exit(done.verdict.exit_code)


def _warn(message: str) -> None:
    typer.echo(f"evalbot: {message}", err=True)
