"""The command line's frame: the application, the options that commands share, and how a command ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbot import __version__
from evalbot.cli.commands import Commands

if TYPE_CHECKING:
    from evalbot.app.wiring import World
    from evalbot.domain.record import RunRecord

_LOG_WIDTH = 120
_TERMINAL = sys.stdout.isatty()
app = typer.Typer(
    name="evalbot",
    cls=Commands,
    help="Tells you whether a prompt change made your product worse, with the evidence.\n\nStart with `evalbot demo`: no key, no network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich" if _TERMINAL else None,  # a pipe or a log has no use for boxes, and rich takes half of the start-up
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]} | ({} if _TERMINAL else {"terminal_width": _LOG_WIDTH}),
)



def _own(folder: Path) -> Path:
    """Results and cache are never strewn over the repository's root, whose files would pass for measured ones."""
    if str(folder) == ".":
        raise typer.BadParameter("it must be a folder of its own, such as evalbot-report")
    return folder


Config = Annotated[str, typer.Option(help="Path of the configuration, from the repository's root.")]
ReportDir = Annotated[Path, typer.Option(callback=_own, help="Folder for comment.md, summary.json, results.jsonl and junit.xml.")]
CacheDir = Annotated[Path, typer.Option(callback=_own, help="Folder of the cache.")]
Json = Annotated[bool, typer.Option("--json", help="Print summary.json instead of the comment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Repository = Annotated[Path, typer.Option("--repository", "-C", exists=True, file_okay=False, help="Work in this folder instead of the current one.")]

EXIT_HELP = "Exit status: 0 pass or nothing to do, 1 fail, 2 configuration error, 3 inconclusive, 4 needs approval, 130 cancelled."


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options of evalbot itself."""
    if version:
        typer.echo(f"evalbot {__version__}")
        raise typer.Exit


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What evalbot says on purpose, a line each, with the exit status that goes with it."""
    from evalbot.domain.errors import ConfigError, CouldNotRun

    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    except CouldNotRun as error:
        typer.echo(f"evalbot: {error}", err=True)
        raise typer.Exit(3) from None


def words_of(text: str) -> tuple[str, ...]:
    """Words separated by commas, spaces or lines."""
    return tuple(word for word in text.replace("\n", ",").replace(" ", ",").split(",") if word)


def finish(record: RunRecord, folder: Path, world: World, *, json: bool, quiet: bool) -> None:
    """Write the reports and print what was asked for; a report that cannot be written never changes the verdict."""
    from evalbot.app.publish import publish
    from evalbot.domain.errors import CouldNotRun
    from evalbot.domain.verdicts import Verdict

    try:
        paths = publish(record, folder, world.redact)
    except CouldNotRun as error:
        typer.echo(f"evalbot: {error}", err=True)
        return
    if json:
        typer.echo(paths["summary.json"].read_text(encoding="utf-8"), nl=False)
    elif not quiet and record.decision.verdict is not Verdict.CONFIG_ERROR:  # what is wrong is said below, a line each
        typer.echo(paths["comment.md"].read_text(encoding="utf-8"))
        typer.echo(f"Report: {folder}/ ({', '.join(sorted(path.name for path in folder.iterdir() if path.is_file()))})")
    for problem in record.problems:
        typer.echo(world.redact(str(problem)), err=True)
