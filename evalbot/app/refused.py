"""What cannot even begin, written down: a wrong input or event is red on the head that it is about, whatever stood there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from evalbot import __version__
from evalbot.app.activities import Activity, CheckMergeGroup, CheckPull
from evalbot.app.bot import Bot, Published
from evalbot.app.inputs import Inputs
from evalbot.domain.errors import ConfigError, EvalbotError
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Decision, Verdict


def record_of(error: ConfigError, given: Inputs, environment: Mapping[str, str], now: str) -> RunRecord:
    """A record that holds the problems and nothing else."""
    decision = Decision(Verdict.CONFIG_ERROR, str(error.problems[0]))
    return RunRecord(decision, given.key, environment.get("GITHUB_EVENT_NAME", ""), None, started_at=now, version=__version__, problems=error.problems)


def on_its_head(record: RunRecord, usual: Callable[[], Activity], bot: Callable[[Activity], Bot]) -> Published:
    """The record, said on the commit that the event would have had checked; what GitHub refuses is a warning.

    Args:
        usual: What the event asks for where no input says otherwise; it may be as wrong as the inputs.
        bot: Who says it; there may be no token.
    """
    try:
        activity = usual()
        if isinstance(activity, CheckPull) and activity.head_sha:
            return bot(activity).refuse(record, activity)
        if isinstance(activity, CheckMergeGroup):
            voice, record = bot(activity).voice(), replace(record, head_sha=activity.head_sha)
            voice.start(activity.head_sha, None)
            return voice.publish(record, None)
    except EvalbotError as more:
        told = {problem.message for problem in record.problems}
        also = [str(problem) for problem in more.problems if problem.message not in told] if isinstance(more, ConfigError) else [str(more)]
        return Published(record, warnings=tuple(also))
    return Published(record)
