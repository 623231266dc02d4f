"""`evalbot calibrate`: how far a judge can be believed, measured against people."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, Quiet, ReportDir, Repository, app, one_line_errors, words_of

Measured = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


@app.command(epilog="Exit status: 0 measured, 1 a judge is below its floor or can be talked round, 2 configuration error, 3 not measured.")
def calibrate(
    hallucination: Annotated[bool, typer.Option("--hallucination", help="Measure the judge of claims on the 50 labelled ones that evalbot brings.")] = False,
    similarity: Annotated[Path | None, typer.Option(help="Propose a threshold of semantic similarity from the labelled pairs of this file.")] = None,
    attack: Annotated[bool, typer.Option("--attack", help="Glue known attacks to wrong answers, and see whether each judge believes them.")] = False,
    metric: Annotated[str, typer.Option(help="The metric whose judge is measured; all that have labels by default.")] = "",
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    judge: Annotated[str, typer.Option(help="With --hallucination or --similarity, a model in place of a metric's: a name of `models`, or provider/model.")] = "",
    config: Config = "evalbot.yml",
    report_dir: ReportDir = Path("evalbot-report"),
    json: Measured = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Measure your own judges against people's verdicts, and write down how far they agree.

    Comments cite the record.

    Examples: `evalbot calibrate`, `evalbot calibrate --metric quality --attack`, `evalbot calibrate --hallucination`
    """
    if similarity is not None:
        _similarity(similarity, metric, judge, config, json=json, quiet=quiet, repository=repository)
        return
    if hallucination:
        _hallucination(metric, judge, config, json=json, quiet=quiet, repository=repository)
        return
    from evalbot.app.calibrate import CalibrateOptions
    from evalbot.app.calibrate import calibrate as measure
    from evalbot.app.calibration_words import as_json, words
    from evalbot.app.wiring import World

    options = CalibrateOptions(config, str(report_dir), words_of(suites), (metric,) if metric else (), attack)
    with one_line_errors():
        found = measure(repository, options, World.real(os.environ, repository / ".evalbot-calibrate", quiet=quiet), time.time())
    if json:
        from json import dumps

        typer.echo(dumps(as_json(found.judges), indent=2))
    elif not quiet:
        cost = "cost unknown" if found.cost_usd is None else f"${found.cost_usd:.4f}"
        typer.echo(f"{words(found.judges)}\n\n{found.calls} calls, {cost}")
    talked = any(one.attack is not None and one.attack.summed.talked_round for one in found.judges)
    raise typer.Exit(1 if talked or any(one.below for one in found.judges) else 0)


def _hallucination(metric: str, judge: str, config: str, *, json: bool, quiet: bool, repository: Path) -> None:
    from evalbot.app.calibrate_hallucination import as_json, calibrate_hallucination, judge_of, words
    from evalbot.app.wiring import World

    with one_line_errors():
        model, limits = judge_of(_read(repository, config), config, metric, judge)
        found = calibrate_hallucination(model, World.real(os.environ, repository / ".evalbot-calibrate", quiet=quiet), limits)
    if json:
        from json import dumps

        typer.echo(dumps(as_json(found), indent=2))
    elif not quiet:
        typer.echo(words(found))


def _similarity(pairs: Path, metric: str, judge: str, config: str, *, json: bool, quiet: bool, repository: Path) -> None:
    from evalbot.app.calibrate_hallucination import judge_of
    from evalbot.app.calibrate_similarity import as_json, calibrate_similarity, read_pairs, words
    from evalbot.app.wiring import World
    from evalbot.domain.errors import CouldNotRun

    with one_line_errors():
        model, limits = judge_of(_read(repository, config), config, metric, judge, "semantic_similarity")
        try:
            content = (repository / pairs).read_bytes()
        except OSError as error:
            raise CouldNotRun(f"could not read {pairs}: {error.strerror}") from error
        world = World.real(os.environ, repository / ".evalbot-calibrate", quiet=quiet)
        found = calibrate_similarity(model, read_pairs(content, str(pairs)), world, limits)
    if json:
        from json import dumps

        typer.echo(dumps(as_json(found), indent=2))
    elif not quiet:
        typer.echo(words(found))


def _read(repository: Path, config: str) -> bytes | None:
    path = repository / config
    return path.read_bytes() if path.is_file() else None
