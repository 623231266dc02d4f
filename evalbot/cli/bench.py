"""`evalbot bench`: measure evalbot itself."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from evalbot.cli.app import app

bench = typer.Typer(help="Measure evalbot itself.", no_args_is_help=True)
app.add_typer(bench, name="bench")


@bench.command("stats")
def bench_stats(
    seed: Annotated[int, typer.Option(help="Seed of the simulation; the same seed prints the same table.")] = 20261123,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repetitions, looser figures.")] = False,
) -> None:
    """Error rates of the verdict itself, by simulation.

    How often a harmless change is blocked and a harmful one missed.
    """
    from concurrent.futures import ProcessPoolExecutor

    from evalbot.stats import simulate

    with ProcessPoolExecutor(os.cpu_count()) as pool:
        cells = simulate.run(seed=seed, quick=quick, each=pool.map)
    typer.echo(simulate.table(cells))
    raise typer.Exit(1 if simulate.missed(cells) else 0)
