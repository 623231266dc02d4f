"""Commands in comments: who says it, what it is, and whether it still holds; 👀 first, then 🚀 or 👎."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from evalbot.app.activities import Nothing, RunCommand
from evalbot.app.bot import Bot, Published, stranger
from evalbot.app.commands import Accept, Explain, Help, Malformed, NotForUs, Rerun, Run, help_text, parse
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.pulls import PullRequest, Refused
from evalbot.domain.verdicts import Verdict
from evalbot.report.comment import marker
from evalbot.report.explain import explain


def answer(bot: Bot, said: RunCommand) -> Published | Nothing | None:
    """Do what a comment asks for; no record where nothing is to be reported: no command, no right, or no longer true."""
    command = parse(said.body)
    if isinstance(command, NotForUs) or said.bot or not bot.github.permission(said.author).writes:
        return None
    if isinstance(command, Malformed):
        _no(bot, said)
        return None
    _react(bot, said, "eyes")
    pull = bot.github.pull(said.number)
    if not pull.open:
        _no(bot, said)
        return None
    bot = bot.with_stored(pull.head_sha)
    match command:
        case Help():
            return _said(bot, said, "help", help_text())
        case Rerun():
            return _yes(bot, said, bot.with_epochs(command.epochs).measure(pull, announce=True))
        case Run():
            if command.sha == pull.head_sha:
                return _yes(bot, said, bot.measure(pull, announce=True))
            _no(bot, said)
            return None
        case Accept():
            return _accept(bot, said, pull, command)
        case Explain():
            return _explain(bot, said, pull, command.example)


def _accept(bot: Bot, said: RunCommand, pull: PullRequest, command: Accept) -> Published | None:
    """Accepted where the id is what this head's findings give now; another key's id is that key's business."""
    record = bot.pull_record(pull, stranger(pull))
    if record.accept_id != command.id and _of_another_key(bot, pull, command.id):
        return None
    if record.accept_id != command.id or record.decision.verdict is not Verdict.ACCEPTED:
        _no(bot, said)
        return None
    return _yes(bot, said, bot.report(record, pull))


def _explain(bot: Bot, said: RunCommand, pull: PullRequest, example: str) -> Nothing | None:
    page = explain(bot.pull_record(pull, stranger(pull)), example)
    if page is None:
        _no(bot, said)
        return None
    return _said(bot, said, "explain", page)


def _said(bot: Bot, said: RunCommand, what: str, page: str) -> Nothing | None:
    """The answer in a comment of its own; where GitHub lets us write none, the log says so."""
    first = marker(f"{bot.inputs.key}/{what}")
    try:
        bot.github.write_comment(said.number, first, bot.world.redact(f"{first}\n{page}"))
    except (Refused, CouldNotRun) as error:
        _no(bot, said)
        return Nothing(f"the answer could not be written: {bot.world.redact(str(error))}")
    _react(bot, said, "rocket")
    return None


def _of_another_key(bot: Bot, pull: PullRequest, findings_id: str) -> bool:
    own = marker(bot.inputs.key)
    return any(
        comment.body.startswith("<!-- evalbot:v1 key=") and not comment.body.startswith(own) and f"`{findings_id}`" in comment.body
        for comment in bot.github.comments(pull.number)
        if comment.bot
    )


def _react(bot: Bot, said: RunCommand, content: Literal["eyes", "rocket", "-1"]) -> None:
    """A courtesy: where GitHub does not let us, what was asked for is done all the same."""
    with suppress(Refused, CouldNotRun):
        bot.github.react(said.comment_id, content)


def _yes(bot: Bot, said: RunCommand, published: Published | None) -> Published | None:
    _react(bot, said, "rocket")
    return published


def _no(bot: Bot, said: RunCommand) -> None:
    _react(bot, said, "-1")
