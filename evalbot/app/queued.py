"""A merge group: what the queue built against what it stands on; what people said of its pull request holds for equal work."""

from __future__ import annotations

from dataclasses import replace

from evalbot.app.activities import CheckMergeGroup
from evalbot.app.bot import CANCELLED, Bot, Published, stranger, whole
from evalbot.app.earlier import digests_of
from evalbot.app.review import Measure, People
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.pulls import PullRequest, Refused
from evalbot.domain.record import RunRecord


def check_merge_group(bot: Bot, activity: CheckMergeGroup) -> Published:
    """Compare, from stored results where it can; the check goes to what the queue built, and there is no comment."""
    voice = bot.voice()
    voice.start(activity.head_sha, None)
    pull = _pull(bot, activity)
    if pull is not None:
        bot = bot.with_stored(pull.head_sha)
    record = whole(lambda: _record(bot, activity, pull), bot.empty(CANCELLED, activity.head_sha))
    return voice.publish(replace(record, event="merge_group"), None)


def _record(bot: Bot, activity: CheckMergeGroup, pull: PullRequest | None) -> RunRecord:
    base, head = activity.base_sha, activity.head_sha
    if pull is None:
        return bot.compared(base, head, People())
    strange = stranger(pull)
    how = Measure.NOTHING if strange and not bot.let_in(pull) else Measure.ALL
    plan = bot.compared(base, head, People(), fork=strange, how=Measure.NOTHING)
    if not _same(bot, plan, pull):
        return bot.compared(base, head, People(), fork=strange, how=how)
    return bot.heard(bot.compared(base, head, People(lambda: bot.approvals(pull)), fork=strange, how=how), pull)


def _same(bot: Bot, group: RunRecord, pull: PullRequest) -> bool:
    """Whether the group's subject, exam and policy are what the pull request's own check says it compared."""
    try:
        checks = bot.github.checks(pull.head_sha, bot.voice().check.name)
    except (CouldNotRun, Refused):
        return False
    newest = next((check for check in checks if check.conclusion in ("success", "failure")), None)
    return newest is not None and bool(group.digests) and digests_of(newest) == group.digests


def _pull(bot: Bot, activity: CheckMergeGroup) -> PullRequest | None:
    try:
        return bot.github.pull(activity.number) if activity.number is not None else None
    except CouldNotRun:
        return None
