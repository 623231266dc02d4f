"""judge: a model grades the answer by a rubric."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, cast

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example
from evalbot.domain.models import Message
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Score
from evalbot.domain.thresholds import Threshold, reaches, threshold_problems
from evalbot.instruments.fences import sections_of, user_text
from evalbot.instruments.panel import MOST_SAMPLES, Panel, Vote, votes
from evalbot.instruments.replies import shortened
from evalbot.instruments.trivial import RULES_VERSION, triviality
from evalbot.metrics import METRICS
from evalbot.metrics.judge.grade import PARSER_VERSION, Grade, read_reply
from evalbot.metrics.judge.graded import graded_problems, read_graded, turns
from evalbot.metrics.judge.rubric import (
    anchor_problems,
    described_grades,
    reply_schema,
    scale_problems,
    system_text,
    template,
)

MOST_CANARIES = 10
_LONGEST_REASON, _LONGEST_PHRASE, _MOST_PHRASES = 300, 160, 5
_GOLDEN_PLACE, _PLACE = 0.75, 0.5  # of the scale's width: 4 and 3 on 1 to 5
_UNSTABLE_RANGE, _UNSTABLE_VARIANCE, _UNSTABLE_WIDTH = 1.5, 0.5, 4.0  # points on 1 to 5, which is 4 wide


@METRICS.register("judge")
@dataclass(frozen=True)
class Judge(Panel):
    """The grade that a model gives the answer by a rubric with described levels.

    The judge is shown the input and the answer, and where the example has them its references, context and criteria. It
    writes its reasoning first and the grade last.

    - `model`: the judge, a name of `models:` or "provider/model". Better not of the family that it judges.
    - `jury`: several judges in its place, best three of different families; the value is the mean of all grades.
    - `samples`: how many times each judge is asked about each answer (default 1); the value is the mean. Three steady a gate.
    - `max_samples`: where the first `samples` lie on both sides of `min`, so many are asked for in all (at least two come
      first). Off by default.
    - `scale`: lowest and highest grade (default `[1, 5]`). Whole ends mean whole grades.
    - `task`: one sentence on what the assistant is for.
    - `criteria`: what a good answer does, one line each. An example's own `criteria` are added for that example.
    - `anchors`: what each grade means, `{1: "…", 2: "…"}`; all grades of the scale, or none. Default: Poor, Below average,
      Average, Good, Excellent at the quarters of the scale.
    - `examples`: up to four graded examples, as the path of a JSON Lines file or in place: `input`, `response`, `score`,
      `reasoning`, and where useful `context`, `reference`, `strengths`, `weaknesses`. Take none from your datasets.
    - `min`: the lowest mean that passes, as a number or per partition. Default: `{golden: 4, default: 3}`, on other scales
      three quarters and half of the way up. A mapping without `default` keeps these for the partitions it leaves out.
    - `report_only`: `true` reports and tests the grades, and lets no example fail by them.
    - `canaries`: three to ten graded answers in the format of `examples`, that the judge grades again in each run that asks
      it; where its grades drift away from theirs, `judge_health` says so. They move no score.
    - `calibration`: where human labels are, for measuring the judge's agreement with people (docs/judges.md): `labels`, and
      where useful `min_kappa` (default 0.4), `max_age_days` (90) and `on_fail` (`warn`, or `report_only`, which lets a judge
      below its floor or with older labels inform and not gate).

    **Range**: the scale. **Needs** nothing but an answer, and is applicable to every example. **Decides** whether an
    example passes, unless `report_only`. **Cost**: `samples` calls a judge for each answer, and at most as many again. An
    answer of nothing (empty, white space, punctuation only) gets the lowest grade by rule.

    **No grade is no number.** A reply must be exactly one object with a grade on the scale: 7, 4.5 or "5" on 1 to 5 is
    none, and neither is a refused or cut-off reply. It is asked for once more, and then the score is unscored with
    `judge_error`. One lost sample of several makes the whole score unscored: a mean of fewer is a noisier measure, and
    judges fail more often on bad answers, so leaving samples out would favour the worse side.

    **Unstable** is what the report calls several samples that differ by more than 1.5 points or have a variance of 0.5 or
    more (on 1 to 5; in proportion on other scales). Samples are separate calls with the same request, so whoever provides
    `ask` must not answer one from a cache with the other.

    **Biases**: judges prefer long and confident answers (the rubric speaks against it), their own model family, and the
    middle of a scale; they can be talked to by the text that they grade (it is marked as data, with markers that it cannot
    know, and must never be the only guard of a safety rule). The same judge may grade one answer differently twice.

    **Source**: Zheng et al. (2023), Judging LLM-as-a-Judge (arXiv 2306.05685); described levels with a reference, Kim et
    al. (2023), Prometheus (arXiv 2310.08491); the mean instead of the mode, Wang et al. (2025, arXiv 2503.03064).
    """

    model: str = ""
    samples: int = 1
    scale: tuple[float, float] = (1.0, 5.0)
    task: str = ""
    criteria: tuple[str, ...] = ()
    anchors: Mapping[int | float | str, str] | None = None
    examples: str | tuple[Mapping[str, object], ...] = ()
    min: Threshold | None = None
    report_only: bool = False
    calibration: Mapping[str, object] | None = None
    jury: tuple[str, ...] = ()
    max_samples: int = 0
    canaries: str | tuple[Mapping[str, object], ...] = ()

    @property
    def minimum(self) -> Mapping[str, float]:
        """The lowest mean that passes: partition or `default` → grade, the defaults filled in."""
        low, high = self.scale
        at = {"golden": low + _GOLDEN_PLACE * (high - low), "default": low + _PLACE * (high - low)}
        if isinstance(self.min, Mapping):
            # A new default is meant for golden as well, unless golden is named.
            return self.min if "default" in self.min else {**at, **self.min}
        return at if self.min is None else {"default": self.min}

    def problems(self) -> list[str]:
        """What is wrong with the options and their combinations, one line each."""
        found = scale_problems(self.scale)
        if not found:
            found += [] if self.anchors is None else anchor_problems(self.scale, self.anchors)
            found += threshold_problems("min", self.min, self.scale)
            found += [] if isinstance(self.examples, str) else graded_problems(self.examples, self.scale)
            found += [] if isinstance(self.canaries, str) else graded_problems(self.canaries, self.scale, "canaries", MOST_CANARIES)
        found += self.panel_problems()
        if self.max_samples and not (2 <= self.samples < self.max_samples <= MOST_SAMPLES):
            found.append(f"max_samples is {self.max_samples}; give more than `samples` (two or more), and at most {MOST_SAMPLES}.")
        if not all(line.strip() for line in self.criteria):
            found.append("criteria has an empty line.")
        return found

    def with_files(self, read: Callable[[str], bytes]) -> Self:
        """The same with the graded examples and canaries of its files in place of their paths.

        Raises:
            ConfigError: A file cannot be read, or a line of it is no graded example.
        """
        found = self
        if isinstance(self.examples, str):
            found = replace(found, examples=read_graded(read(self.examples), self.examples, self.scale))
        if isinstance(self.canaries, str):
            found = replace(found, canaries=read_graded(read(self.canaries), self.canaries, self.scale, MOST_CANARIES))
        return found

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example."""
        return True

    def identity(self) -> Json:
        """All that can move a grade. `min` is no part of it, since it moves none; the model is asked for by `models`."""
        low, high = self.scale
        described = {f"{level:g}": text for level, text in described_grades(self.scale, self.anchors).items()}
        return {
            "template": digest(template()), "schema": reply_schema(self.scale), "parser": PARSER_VERSION,
            "scale": [float(low), float(high)], "anchors": described, "task": self.task, "criteria": list(self.criteria),
            "examples": cast(Json, self.examples if isinstance(self.examples, str) else list(self.examples)),
            "samples": self.samples, "max_samples": self.max_samples, "jurors": len(self.models), "estimator": "mean",
            "rules": RULES_VERSION,
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The mean grade, or unscored where one sample has none."""
        nothing = triviality(answered.example, answered.output, answered.outcome)
        if nothing:
            return Score.scored(self.scale[0], self._passed(self.scale[0], answered), nothing)
        messages = (*self._prefix, Message("user", user_text(sections_of(answered.example, answered.output))))
        found = await self._votes(self.samples, messages, ask)
        if not isinstance(found, Score) and self._straddles(found, answered):
            more = await self._votes(self.max_samples - self.samples, messages, ask)
            found = more if isinstance(more, Score) else [*found, *more]
        return found if isinstance(found, Score) else self._score(found, answered)

    async def _votes(self, samples: int, messages: Sequence[Message], ask: Ask) -> list[Vote[Grade]] | Score:
        return await votes(ask, self.models, samples, messages, reply_schema(self.scale), lambda reply: read_reply(reply, self.scale))

    def _straddles(self, found: Sequence[Vote[Grade]], answered: Answered) -> bool:
        """Whether more samples may tell on which side of the threshold the answer is."""
        scores = [vote.said.score for vote in found]
        sides = {reaches(score, self.minimum, answered.example.partition) for score in scores}
        return self.max_samples > self.samples and sides == {True, False}

    def _score(self, found: Sequence[Vote[Grade]], answered: Answered) -> Score:
        grades = [vote.said for vote in found]
        scores = tuple(grade.score for grade in grades)
        value = statistics.fmean(scores)
        by_juror = {name: [vote.said.score for vote in found if vote.juror == name] for name in self.models}
        unstable = [self._unstable(own) for own in by_juror.values()]
        detail: dict[str, Json] = {
            "strengths": _phrases(grades[0].strengths), "weaknesses": _phrases(grades[0].weaknesses),
            "unstable": any(unstable) if None not in unstable else None, "re_asks": sum(vote.re_asks for vote in found),
            "repaired": sum(grade.repaired for grade in grades),
            **({"jurors": {name: statistics.fmean(own) for name, own in by_juror.items()}} if self.jury else {}),
        }  # fmt: skip
        reason = shortened(grades[0].reasoning, _LONGEST_REASON)
        return Score.scored(value, self._passed(value, answered), reason, samples=scores, detail=detail)

    def _passed(self, value: float, answered: Answered) -> bool | None:
        return None if self.report_only else reaches(value, self.minimum, answered.example.partition)

    def _unstable(self, scores: Sequence[float]) -> bool | None:
        """Whether samples differ too much; None where one sample cannot tell."""
        if len(scores) < 2:
            return None
        steps = (self.scale[1] - self.scale[0]) / _UNSTABLE_WIDTH
        spread = max(scores) - min(scores)
        return spread > _UNSTABLE_RANGE * steps or statistics.variance(scores) >= _UNSTABLE_VARIANCE * steps**2

    @cached_property
    def _prefix(self) -> tuple[Message, ...]:
        """What is the same for every answer, first, so that providers can keep it in their prompt cache."""
        if isinstance(self.examples, str):
            raise TypeError("with_files must be called before measure")
        system = system_text(self.task, self.criteria, self.scale, self.anchors)
        return (Message("system", system), *turns(self.examples, self.scale))


def _phrases(phrases: Sequence[str]) -> Json:
    return [shortened(phrase, _LONGEST_PHRASE) for phrase in phrases[:_MOST_PHRASES]]
