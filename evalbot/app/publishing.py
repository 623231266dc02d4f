"""After another workflow's run: write the check and the comment that it could not, from what GitHub says and never from its word."""

from __future__ import annotations

from evalbot.app.activities import DEPENDABOT, Nothing, Publish
from evalbot.app.bot import Bot, Published, stranger
from evalbot.app.review import Measure
from evalbot.domain.pulls import PullRequest
from evalbot.domain.verdicts import PRECEDENCE


def publish_run(bot: Bot, activity: Publish) -> Published | Nothing:
    """The verdict on every open pull request of the head that the run was for; the worst one is reported.

    No model is called. After a run of our own the stored rows are judged again. After a stranger's, whose token could only
    read, no artifact is read: what its head changes is compared, and that is all.
    """
    pulls = [pull for pull in bot.github.pulls_with_head(activity.head_sha) if pull.head_repository == activity.head_repository]
    if not pulls:
        return Nothing("no open pull request has the head of that run: there is nothing to publish.")
    said = [_publish(bot, activity, pull) for pull in pulls]
    published = [one for one in said if isinstance(one, Published)]
    return min(published, key=lambda one: PRECEDENCE.index(one.record.decision.verdict), default=said[0])


def _publish(bot: Bot, activity: Publish, pull: PullRequest) -> Published | Nothing:
    if stranger(pull) or activity.actor == DEPENDABOT:
        return _of_stranger(bot, pull)
    check = bot.voice().check
    if check.is_anothers(pull):
        return Nothing("another run is measuring this head: it writes its verdict itself.")
    stored = bot.with_stored(pull.head_sha, activity.workflow)
    concluded = check.newest(pull.head_sha, pull.number) is not None
    if stored is bot and concluded:
        return Nothing("that run has written its verdict and stored no results: there is nothing to recompute it from.")
    return stored.measure(pull, how=Measure.STORED)


def _of_stranger(bot: Bot, pull: PullRequest) -> Published | Nothing:
    if bot.inputs.fork == "approve" and bot.let_in(pull):
        return Nothing("this head was let in: the run of that command writes its verdict; comment `/evalbot rerun` for another.")
    return bot.measure(pull, fork=True, how=Measure.NOTHING)
