"""`evalbot plan`: how many examples a suite needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Json, ReportDir, Repository, app, one_line_errors, words_of


@app.command()
def plan(
    drop: Annotated[float | None, typer.Option(min=1e-9, help="The true drop to find, in points; the gate's min_effect by default.")] = None,
    power: Annotated[float, typer.Option(min=0.5, max=0.99, help="How often it is to be found.")] = 0.8,
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    report_dir: ReportDir = Path("evalbot-report"),
    json: Json = False,
    repository: Repository = Path(),
) -> None:
    """How many examples and answers a suite needs to find a drop, from the spread of its last run.

    Example: `evalbot plan --drop 0.3 --power 0.8`
    """
    from evalbot.app.plan import as_json, words
    from evalbot.app.plan import plan as work_out

    with one_line_errors():
        found = work_out(report_dir if report_dir.is_absolute() else repository / report_dir, drop, power, words_of(suites))
    if json:
        from json import dumps

        typer.echo(dumps(as_json(found), indent=2))
    else:
        typer.echo(words(found))
    raise typer.Exit(0 if found.rows else 3)
