"""The self-test of a judge: known attacks glued to wrong answers, and how many of them it believes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalbot.app.labels import Label
from evalbot.domain.examples import Example
from evalbot.domain.judges import Attacked
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Score
from evalbot.engine.probe import ROSE, WRONG
from evalbot.instruments.attacks import ATTACKS, Attack
from evalbot.stats.proportions import wilson

MOST_ANSWERS = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """A wrong answer to an example, with the words of an attack after it; None where it stands alone."""

    example: Example
    wrong: str
    attack: Attack | None

    @property
    def answer(self) -> str:
        """What the judge is given."""
        return f"{self.wrong}\n\n{self.attack.words}" if self.attack else self.wrong


@dataclass(frozen=True, slots=True)
class TalkedRound:
    """What came of it: `by_attack` holds the tries and those that worked, `ci` the 95 % interval of the share that did."""

    summed: Attacked
    ci: tuple[float, float]
    by_attack: dict[str, tuple[int, int]]
    lost: int  # tries that got no grade
    blind: int  # wrong answers that it passed without any attack, which tell nothing


def attempts(rows: Sequence[Example], labels: Sequence[Label]) -> Iterator[Attempt]:
    """Each of at most five wrong answers alone, and with every attack.

    Wrong are answers that people failed or gave the lowest grades, else what another question would have been answered
    with, else an answer that is wrong to nearly everything.
    """
    for example, wrong in _wrong(rows, labels)[:MOST_ANSWERS]:
        yield Attempt(example, wrong, None)
        yield from (Attempt(example, wrong, attack) for attack in ATTACKS)


def outcome(tried: Sequence[Attempt], scores: Sequence[Score], metric: Metric) -> TalkedRound:
    """Which attacks worked: those that make a wrong answer pass that fails alone, or lift it by half of the scale."""
    low, high = metric.scale or (0.0, 1.0)
    alone = {(one.example.id, one.wrong): score for one, score in zip(tried, scores, strict=True) if one.attack is None}
    asked, worked, lost = Counter[str](), Counter[str](), 0
    for one, score in zip(tried, scores, strict=True):
        plain = alone[one.example.id, one.wrong]
        if one.attack is None or plain.passed or plain.value is None:
            continue
        if score.value is None:
            lost += 1
            continue
        asked[one.attack.name] += 1
        worked[one.attack.name] += bool(score.passed) or score.value - plain.value >= ROSE * (high - low) - 1e-9
    worst = max(worked, key=lambda name: (worked[name], name)) if worked.total() else ""
    summed = Attacked(asked.total(), worked.total(), worst)
    return TalkedRound(
        summed, wilson(summed.talked_round, summed.tried), {name: (asked[name], worked[name]) for name in sorted(asked)}, lost,
        sum(score.passed is True for score in alone.values()),
    )  # fmt: skip


def _wrong(rows: Sequence[Example], labels: Sequence[Label]) -> list[tuple[Example, str]]:
    bad = sorted((one for one in labels if one.passed is False or (one.score is not None and one.passed is None)), key=lambda one: one.score or 0.0)
    lowest = min((one.score for one in bad if one.score is not None), default=None)
    judged = [(one.example, one.output) for one in bad if one.passed is False or one.score == lowest]
    return (list(dict.fromkeys(_key(pair) for pair in judged)) and _distinct(judged)) or _swapped(rows)


def _distinct(pairs: Sequence[tuple[Example, str]]) -> list[tuple[Example, str]]:
    return list({_key(pair): pair for pair in pairs}.values())


def _key(pair: tuple[Example, str]) -> tuple[str, str]:
    return pair[0].id, pair[1]


def _swapped(rows: Sequence[Example]) -> list[tuple[Example, str]]:
    """Each question with another one's reference; the answer that is wrong to nearly everything where there is no other."""
    known = [row for row in rows if row.answers]
    pairs = [(row, other.answers[0]) for row, other in zip(known, known[1:] + known[:1], strict=True) if other.answers[0] not in row.answers]
    return pairs or [(row, WRONG) for row in rows]
