"""`evalbot calibrate --hallucination`: how well your own judge tells grounded claims from made-up ones, on fifty labelled ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalbot.app.judges import judge_id
from evalbot.app.wiring import World
from evalbot.config import load_policy
from evalbot.domain.errors import ConfigError, CouldNotRun, ErrorClass, Problem, nearest
from evalbot.domain.models import Model
from evalbot.domain.policy import Limits, Policy
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Score
from evalbot.metrics.hallucination import FORM, UNGROUNDED, Hallucination, judge_claims
from evalbot.metrics.hallucination.labelled import Labelled, labelled_claims
from evalbot.stats.proportions import wilson

_JUDGE = "judge"
Share = tuple[int, int]
"""So many of so many."""


@dataclass(frozen=True)
class ClaimCalibration:
    """What a judge said of labelled claims.

    `verdicts` counts (label, verdict); `missed` and `accused` are claims that it took for grounded, and for made up, against
    their label. `unjudged` claims have no verdict, since the judge's replies could not be read; `reason` says why.
    """

    judge: str
    judge_id: str
    date: str
    verdicts: Mapping[tuple[str, str], int]
    missed: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    unjudged: int = 0
    reason: str = ""
    calls: int = 0
    cost_usd: float | None = 0.0
    labels: tuple[str, ...] = field(default=FORM.words)

    @property
    def judged(self) -> int:
        """Claims with a verdict."""
        return sum(self.verdicts.values())

    @property
    def precision(self) -> Share:
        """Of the claims that it called unsupported or contradicted, those that are."""
        return self._both, sum(n for (_, verdict), n in self.verdicts.items() if verdict in UNGROUNDED)

    @property
    def recall(self) -> Share:
        """Of the claims that are unsupported or contradicted, those that it called so."""
        return self._both, sum(n for (label, _), n in self.verdicts.items() if label in UNGROUNDED)

    @property
    def exact(self) -> Share:
        """Claims with the very verdict of their label."""
        return sum(n for (label, verdict), n in self.verdicts.items() if label == verdict), self.judged

    @property
    def _both(self) -> int:
        return sum(n for (label, verdict), n in self.verdicts.items() if label in UNGROUNDED and verdict in UNGROUNDED)


async def measure_claims(ask: Ask, model: str, rows: Sequence[Labelled]) -> tuple[Counter[tuple[str, str]], list[str], list[str], list[str]]:
    """The judge's verdicts by label, what it missed, whom it accused, and why passages went unjudged (one reason each).

    Args:
        ask: The port.
        model: The judge's name there.
        rows: Passages with labelled claims.
    """
    answers = await asyncio.gather(
        *(judge_claims(ask, model, row.input, row.context, [claim.claim for claim in row.claims]) for row in rows)
    )
    verdicts: Counter[tuple[str, str]] = Counter()
    missed: list[str] = []
    accused: list[str] = []
    lost: list[str] = []
    for row, answer in zip(rows, answers, strict=True):
        if isinstance(answer, Score):
            if answer.error is ErrorClass.STOPPED:
                raise CouldNotRun(answer.reason)
            lost.append(answer.reason)
            continue
        for claim, verdict in zip(row.claims, answer[0], strict=True):
            verdicts[claim.verdict, verdict.word] += 1
            is_made_up, called_so = claim.verdict in UNGROUNDED, verdict.word in UNGROUNDED
            missed += [claim.claim] if is_made_up and not called_so else []
            accused += [claim.claim] if called_so and not is_made_up else []
    return verdicts, missed, accused, lost


def calibrate_hallucination(judge: Model, world: World, limits: Limits) -> ClaimCalibration:
    """Ask the judge for its verdict on each labelled claim.

    Raises:
        ConfigError: There is no key for the judge.
        CouldNotRun: It gave no verdict at all, or time or money was used up.
    """
    rows = labelled_claims()
    lab = world.open_lab(limits)

    async def run() -> ClaimCalibration:
        async with lab.asking({_JUDGE: judge}) as ask:
            verdicts, missed, accused, lost = await measure_claims(ask, _JUDGE, rows)
        if not verdicts:
            raise CouldNotRun(f"{judge.label} gave no verdict on any of the labelled claims: {lost[0] if lost else 'there are none'}")
        unjudged = sum(len(row.claims) for row in rows) - sum(verdicts.values())
        return ClaimCalibration(
            judge.label, judge_id(Hallucination(_JUDGE), [judge]), world.now()[:10], verdicts, tuple(missed), tuple(accused), unjudged, lost[0] if lost else "",
            lab.judge_calls, lab.cost_usd,
        )  # fmt: skip

    return asyncio.run(run())


def judge_of(
    text: bytes | None, path: str, metric: str = "", judge: str = "", kind: str = "hallucination"
) -> tuple[Model, Limits]:
    """The model to measure, as a configuration has it, and what a run may take.

    Args:
        text: The configuration; None where there is none, and "provider/model" must do.
        path: Its path, for messages.
        metric: A metric by its name; where there is only one of its type, it need not be named.
        judge: A name of `models` or "provider/model", in place of a metric's.
        kind: The metric's type.

    Raises:
        ConfigError: There is no such metric or model, or it is not clear which one is meant.
    """
    if text is None and not judge:
        hint = "Name a judge with --judge provider/model."
        raise ConfigError(Problem("there is no configuration.", path, None, hint))
    policy = load_policy(text, path) if text is not None else Policy({}, {}, path=path)
    if judge:
        return model_named(policy, judge), policy.limits
    chosen = {
        spec.name: str(spec.options["model"])
        for suite in policy.suites.values()
        for spec in suite.metrics
        if spec.type == kind
    }
    if metric and metric not in chosen:
        raise ConfigError(Problem(f"no suite has a metric {metric!r} of type {kind}.", path, None, nearest(metric, chosen)))
    if not metric and len(set(chosen.values())) != 1:
        known = f"Name one with --metric: {', '.join(chosen)}." if chosen else "Add one, or name a judge with --judge provider/model."
        raise ConfigError(Problem(f"{len(chosen) or 'no'} metrics of type {kind} are there to choose from.", path, None, known))
    return policy.model(chosen[metric] if metric else next(iter(chosen.values()))), policy.limits


def model_named(policy: Policy, name: str) -> Model:
    """The model of a name; raises ConfigError where it is none."""
    try:
        return policy.model(name)
    except KeyError:
        hint = nearest(name, policy.models) if policy.models else "Write `provider/model`."
        raise ConfigError(Problem(f"there is no model {name!r}.", policy.path, None, hint)) from None


def words(found: ClaimCalibration) -> str:
    """The calibration for a terminal."""
    lines = [
        f"{found.judge} (judge_id {found.judge_id}) on {found.judged} labelled claims, {found.date}; "
        f"{found.calls} calls, {'cost unknown' if found.cost_usd is None else f'${found.cost_usd:.4f}'}",
        "",
        f"precision {_share(found.precision)} claims that it calls unsupported or contradicted are",
        f"recall    {_share(found.recall)} claims that are unsupported or contradicted it finds",
        f"exact     {_share(found.exact)} claims get the very verdict of their label",
        "",
        *_table(found),
    ]
    if found.unjudged:
        lines += ["", f"{found.unjudged} claims have no verdict: {found.reason}"]
    lines += [line for title, claims in (("missed", found.missed), ("accused", found.accused)) for line in _listed(title, claims)]
    if found.judge.startswith("local/"):
        lines += ["", "The local judge compares words; these figures say nothing about any model."]
    return "\n".join(lines)


def as_json(found: ClaimCalibration) -> dict[str, Any]:
    """The calibration as plain JSON values, shares with their 95 % intervals."""
    shares = {"precision": found.precision, "recall": found.recall, "exact": found.exact}
    return {
        "judge": found.judge, "judge_id": found.judge_id, "date": found.date, "claims": found.judged, "unjudged": found.unjudged,
        **{name: {"of": share[1], "value": share[0] / share[1] if share[1] else None, "ci": list(wilson(*share))} for name, share in shares.items()},
        "verdicts": {label: {word: found.verdicts.get((label, word), 0) for word in found.labels} for label in found.labels},
        "missed": list(found.missed), "accused": list(found.accused), "calls": found.calls, "cost_usd": found.cost_usd,
    }  # fmt: skip


def _share(share: Share) -> str:
    found, of = share
    if not of:
        return "unknown: none"
    low, high = wilson(found, of)
    return f"{found / of:.2f} (95 % interval {low:.2f} to {high:.2f}): {found} of {of}"


def _table(found: ClaimCalibration) -> list[str]:
    width = max(map(len, found.labels))
    head = "  ".join(f"{word:>{width}}" for word in ("label \\ verdict", *found.labels))
    rows = ["  ".join(f"{cell:>{width}}" for cell in (label, *(found.verdicts.get((label, word), 0) for word in found.labels))) for label in found.labels]
    return [head, *rows]


def _listed(title: str, claims: Sequence[str]) -> list[str]:
    return ["", f"{title}:", *(f"  - {claim}" for claim in claims)] if claims else []
