"""`evalbot plan`: what a check would ask and cost, and how many examples a suite needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbot.cli.app import AsJson, CacheDir, Config, ReportDir, Repository, app, one_line_errors, words_of

if TYPE_CHECKING:
    from evalbot.app.review import CheckOptions


@app.command()
def plan(
    base: Annotated[str, typer.Option(help="With --head: the branch or commit to compare with, as for `evalbot check`.")] = "",
    head: Annotated[str, typer.Option(help="Say what a check of this commit ('.': the work tree) would ask and cost; nobody is asked.")] = "",
    drop: Annotated[float | None, typer.Option(min=1e-9, help="The true drop to find, in points; the gate's min_effect by default.")] = None,
    power: Annotated[float, typer.Option(min=0.5, max=0.99, help="How often it is to be found.")] = 0.8,
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    config: Config = "evalbot.yml",
    report_dir: ReportDir = Path("evalbot-report"),
    cache_dir: CacheDir = Path(".evalbot-cache"),
    json: AsJson = False,
    repository: Repository = Path(),
) -> None:
    """What a check would ask and cost; or how many examples a suite needs to find a drop.

    Examples: `evalbot plan --head .` before a check, `evalbot plan --drop 0.3 --power 0.8` after one
    """
    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    if base or head:
        from evalbot.app.review import CheckOptions

        options = CheckOptions(base, head or ".", config, report_dir=str(report_dir), cache_dir=str(cache_dir), suites=words_of(suites))
        _show(*_foretold(options, folder, cache_dir if cache_dir.is_absolute() else repository / cache_dir, repository), json=json)
        return
    from evalbot.app.plan import as_json, words
    from evalbot.app.plan import plan as work_out

    with one_line_errors():
        found = work_out(folder, drop, power, words_of(suites))
    _show(words(found), as_json(found), json=json)
    raise typer.Exit(0 if found.rows else 3)


def _foretold(options: CheckOptions, folder: Path, cache: Path, repository: Path) -> tuple[str, object]:
    from evalbot.app.forecast import as_json, forecast, words
    from evalbot.app.wiring import World

    with one_line_errors():
        found = forecast(repository, options, World.real(os.environ, folder, quiet=True, cache_dir=cache if cache.is_dir() else None))
    return words(found), as_json(found)


def _show(words: str, plain: object, *, json: bool) -> None:
    from json import dumps

    typer.echo(dumps(plain, indent=2) if json else words)
