"""Arguments → activity → exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from evalbot import __version__

if TYPE_CHECKING:
    from evalbot.app.wiring import World
    from evalbot.domain.record import RunRecord

app = typer.Typer(
    name="evalbot",
    help="Tells you whether a prompt change made your product worse, with the evidence.\n\nStart with [b]evalbot demo[/b]: no key, no network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
bench = typer.Typer(help="Measure evalbot itself.", no_args_is_help=True)
app.add_typer(bench, name="bench")

Config = Annotated[str, typer.Option(help="Path of the configuration, from the repository's root.")]
ReportDir = Annotated[Path, typer.Option(help="Folder for comment.md, summary.json, results.jsonl and junit.xml.")]
Json = Annotated[bool, typer.Option("--json", help="Print summary.json instead of the comment.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Repository = Annotated[Path, typer.Option("--repository", "-C", help="Work in this folder instead of the current one.")]

EXIT_HELP = "Exit status: 0 pass or nothing to do, 1 fail, 2 configuration error, 3 inconclusive, 4 needs approval, 130 cancelled."


@app.command(epilog=EXIT_HELP)
def check(
    base: Annotated[str, typer.Option(help="The branch or commit to compare with; its tip rules, its merge base is the base side.")],
    head: Annotated[str, typer.Option(help="The commit to examine; '.' is the work tree.")] = ".",
    config: Config = "evalbot.yml",
    suites: Annotated[str, typer.Option(help="Only these suites, separated by commas.")] = "",
    partitions: Annotated[str, typer.Option(help="Only these partitions, separated by commas.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Fresh answers per example, instead of the configured number.")] = None,
    report_dir: ReportDir = Path("evalbot-report"),
    cache_dir: Annotated[Path, typer.Option(help="Folder of the cache.")] = Path(".evalbot-cache"),
    advisory: Annotated[bool, typer.Option("--advisory", help="Say everything, but exit 0.")] = False,
    aa_record: Annotated[str, typer.Option(help="The aa.jsonl of `evalbot suite --aa`, for the noise floor; by default the report folder's.")] = "",
    json: Json = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Run the changed prompts at base and head over golden and regression examples, and decide.

    Example: [b]evalbot check --base origin/main --head .[/b]
    """
    from evalbot.app.review import CheckOptions, review
    from evalbot.app.wiring import World

    options = CheckOptions(
        base, head, config, report_dir=str(report_dir), cache_dir=str(cache_dir),
        suites=_words(suites), partitions=_words(partitions), epochs=epochs, aa_record=aa_record,
    )  # fmt: skip
    folder = report_dir if report_dir.is_absolute() else repository / report_dir
    world = World.real(os.environ, folder, quiet=quiet)
    record = review(repository, options, world)
    _finish(record, folder, world, json=json, quiet=quiet)
    raise typer.Exit(0 if advisory else record.decision.verdict.exit_code)


@app.command()
def demo(
    report_dir: ReportDir = Path("evalbot-report"),
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the main job on an embedded example with a planted regression: no key, no network.

    The exit status is 0 whatever the verdict; the same run as [b]evalbot check[/b] would exit with the status that it prints.
    """
    from evalbot.app.demo import demo as show
    from evalbot.app.wiring import World

    world = World.real(os.environ, report_dir, quiet=quiet)
    record = show(world)
    _finish(record, report_dir, world, json=json, quiet=quiet)
    if not (json or quiet):
        status = record.decision.verdict.exit_code
        typer.echo(f"This was the demo, so the exit status is 0; in your repository `evalbot check` would exit {status} ({record.decision.verdict}).")


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
    options = SelfTestOptions(at, config, str(report_dir), _words(suites), _words(partitions), epochs)
    with _one_line_errors():
        tested = self_test(repository, options, World.real(os.environ, folder / "aa", quiet=quiet))
    if json:
        from dataclasses import asdict
        from json import dumps

        typer.echo(dumps({"tests": [asdict(test) for test in tested.tests], "not_recorded": tested.silent}, indent=2))
    elif not quiet:
        typer.echo(words(tested))
    raise typer.Exit(3 if tested.silent or not tested.tests else 0)


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

    Example: [b]evalbot plan --drop 0.3 --power 0.8[/b]
    """
    from evalbot.app.plan import as_json, words
    from evalbot.app.plan import plan as work_out

    with _one_line_errors():
        found = work_out(report_dir if report_dir.is_absolute() else repository / report_dir, drop, power, _words(suites))
    if json:
        from json import dumps

        typer.echo(dumps(as_json(found), indent=2))
    else:
        typer.echo(words(found))
    raise typer.Exit(0 if found.rows else 3)


@app.command()
def validate(config: Config = "evalbot.yml", json: Json = False, repository: Repository = Path()) -> None:
    """Check the configuration, the prompts and the datasets of the work tree; nothing is sent anywhere."""
    from evalbot.app.validate import validate as look
    from evalbot.domain.errors import ConfigError

    try:
        found = look(repository, config)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    if json:
        from json import dumps

        typer.echo(dumps({"suites": found.counts, "warnings": found.warnings}, indent=2))
        return
    for suite, counts in found.counts.items():
        typer.echo(f"suite {suite}: " + ", ".join(f"{count} {partition}" for partition, count in counts.items()))
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"{config} is valid.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of evalbot.yml, for editors."""
    from json import dumps

    from evalbot.config import schema as of_config

    typer.echo(dumps(of_config(), indent=2))


@bench.command("stats")
def bench_stats(
    seed: Annotated[int, typer.Option(help="Seed of the simulation; the same seed prints the same table.")] = 20261123,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repetitions, looser figures.")] = False,
) -> None:
    """Error rates of the verdict code itself, by simulation: how often a harmless change is blocked and a harmful one missed."""
    from concurrent.futures import ProcessPoolExecutor

    from evalbot.stats import simulate

    with ProcessPoolExecutor(os.cpu_count()) as pool:
        cells = simulate.run(seed=seed, quick=quick, each=pool.map)
    typer.echo(simulate.table(cells))
    raise typer.Exit(1 if simulate.missed(cells) else 0)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options of evalbot itself."""
    if version:
        typer.echo(f"evalbot {__version__}")
        raise typer.Exit


@contextmanager
def _one_line_errors() -> Iterator[None]:
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


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace("\n", ",").replace(" ", ",").split(",") if word)


def _finish(record: RunRecord, folder: Path, world: World, *, json: bool, quiet: bool) -> None:
    """Write the reports and print what was asked for; a report that cannot be written never changes the verdict."""
    from evalbot.app.publish import publish
    from evalbot.domain.errors import CouldNotRun

    try:
        paths = publish(record, folder, world.redact)
    except CouldNotRun as error:
        typer.echo(f"evalbot: {error}", err=True)
        return
    if json:
        typer.echo(paths["summary.json"].read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        typer.echo(paths["comment.md"].read_text(encoding="utf-8"))
        typer.echo(f"Report: {folder}/ ({', '.join(sorted(path.name for path in folder.iterdir() if path.is_file()))})")
    for problem in record.problems:
        typer.echo(world.redact(str(problem)), err=True)


def _cancel(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal handler's signature
    raise KeyboardInterrupt


def _start_light() -> None:
    """Spare every run work that it has no use for; bench/ measures it."""
    gc.set_threshold(50_000, 20, 100)  # imports make many objects that stay: looking through them again and again is in vain
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else every installed package is searched for some


def main() -> None:
    """The command line's entry: one line for every error, and a traceback only when EVALBOT_DEBUG asks for it."""
    signal.signal(signal.SIGTERM, _cancel)
    _start_light()
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("evalbot: cancelled", err=True)
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            raise
        typer.echo(f"evalbot: internal_error: {type(error).__name__}: {error} (EVALBOT_DEBUG=1 shows where; please report it)", err=True)
        sys.exit(3)


def action() -> None:
    """The container's entry: inputs and event from the environment."""
    from evalbot.app.action import act

    signal.signal(signal.SIGTERM, _cancel)
    _start_light()
    try:
        sys.exit(act(os.environ))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            raise
        typer.echo(f"::error::evalbot: internal_error: {type(error).__name__} (EVALBOT_DEBUG=1 shows where; please report it)")
        sys.exit(3)
