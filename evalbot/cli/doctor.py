"""`evalbot doctor`: what would go wrong, and what to do about it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbot.cli.app import AsJson, Config, Repository, app, one_line_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalbot.app.doctor.advice import Advice

_MARKS = {"fine": "ok", "advice": "could be better", "broken": "broken", "unknown": "not looked at"}


@app.command(epilog="Exit status: 0 nothing is broken, 2 something is.")
def doctor(
    config: Config = "evalbot.yml",
    offline: Annotated[bool, typer.Option("--offline", help="Ask neither the providers nor GitHub.")] = False,
    json: AsJson = False,
    repository: Repository = Path(),
) -> None:
    """Look at keys, models and their ends, prices, datasets, workflow and required check, and say what to do.

    No model is asked for an answer: it costs nothing.
    """
    from evalbot.app.doctor.advice import State
    from evalbot.app.doctor.examine import examine

    with one_line_errors():
        said = examine(repository, config, os.environ, datetime.now(UTC).date(), offline=offline)
    if json:
        from dataclasses import asdict
        from json import dumps

        typer.echo(dumps([asdict(one) for one in said], indent=2))
    else:
        typer.echo("\n".join(_told(said)))
    raise typer.Exit(2 if any(one.state is State.BROKEN for one in said) else 0)


def _told(said: Sequence[Advice]) -> list[str]:
    lines = []
    for topic in dict.fromkeys(one.topic for one in said):
        lines.append(topic)
        for one in said:
            if one.topic == topic:
                place = f"{one.place}: " if one.place else ""
                lines.append(f"  [{_MARKS[one.state]}] {place}{one.said}" + (f"\n      → {one.do}" if one.do else ""))
    counts = {state: sum(one.state == state for one in said) for state in ("broken", "advice")}
    return [*lines, f"{counts['broken']} broken, {counts['advice']} could be better."]
