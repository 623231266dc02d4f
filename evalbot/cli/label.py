"""`evalbot label`: answers for people to grade."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, ReportDir, Repository, app, one_line_errors


@app.command(epilog="Exit status: 0 done, 2 configuration error or a sheet that is wrong, 3 nothing to draw from.")
def label(
    n: Annotated[int, typer.Option("--n", min=1, max=1000, help="So many answers.")] = 20,
    metric: Annotated[str, typer.Option(help="The judge that they are for; needed where several have labels.")] = "",
    sheet: Annotated[str, typer.Option(help="The sheet's path, from the repository's root.")] = "evalbot-labels.csv",
    read: Annotated[bool, typer.Option("--read", help="Read the sheet back, and add what it says to the labels.")] = False,
    rater: Annotated[str, typer.Option(help="With --read: who has filled it in.")] = "",
    config: Config = "evalbot.yml",
    report_dir: ReportDir = Path("evalbot-report"),
    repository: Repository = Path(),
) -> None:
    """Draw a sheet of answers of the last run for people to grade, and read it back.

    Answers are drawn evenly over the judge's grades.

    Examples: `evalbot label --n 20`, then `evalbot label --read --rater ada`
    """
    from evalbot.app.label import LabelOptions, draw, take
    from evalbot.app.wiring import World

    options = LabelOptions(config, str(report_dir), metric, n, sheet, rater)
    world = World.real(os.environ, repository / ".evalbot-label", quiet=True)
    with one_line_errors():
        if read:
            taken = take(repository, options, world)
            typer.echo(f"{taken.labels} labels added to {taken.path}; {taken.empty} lines of the sheet are empty.")
            return
        drawn = draw(repository, options, world, time.time())
    strata = ", ".join(f"{count} of grade {name}" if name.isdigit() else f"{count} that {name}" for name, count in drawn.strata.items())
    typer.echo(f"{drawn.lines} answers in {drawn.path} (by the judge: {strata}). Fill it in, then `evalbot label --read --rater NAME`.")
