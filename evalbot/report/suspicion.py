"""How a hunk under suspicion is spoken of, the same in every format."""

from __future__ import annotations

from evalbot.domain.hunks import Suspect
from evalbot.domain.record import RunRecord
from evalbot.report.numbers import counted, percent

CLEAR = 0.5  # the share from which a hunk is named


def named(record: RunRecord) -> list[Suspect]:
    """Hunks with at least half of the blame in their prompt, where the prompt changed in more than one place."""
    hunks = [(one.suite, one.prompt) for one in record.suspects]
    return [one for one in record.suspects if one.share >= CLEAR and hunks.count((one.suite, one.prompt)) > 1]


def lines(suspect: Suspect) -> str:
    """"line 14", "lines 14 to 17", as head counts them."""
    first, last = suspect.hunk.lines
    return f"line {first}" if first == last else f"lines {first} to {last}"


def why(suspect: Suspect) -> str:
    """What speaks against it, in a clause."""
    if suspect.replayed is not None:
        return f"applied alone it makes {suspect.replayed} of {counted(suspect.of, 'worse example')} worse again"
    return f"{percent(round(suspect.share, 2))} of the changed words in worse answers point here ({counted(len(suspect.examples), 'example')})"
