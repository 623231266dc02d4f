"""`evalbot calibrate --similarity PAIRS`: the threshold of similarity that your own labelled pairs ask for, and how well it tells."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalbot.app.wiring import World
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem, ProviderError, Stopped, nearest
from evalbot.domain.examples import Partition
from evalbot.domain.models import Model, Vector
from evalbot.domain.policy import Limits
from evalbot.metrics.semantic_similarity import cosine
from evalbot.stats.cutoff import FEWEST, Cutoff, best_cutoff
from evalbot.stats.proportions import wilson

DEFAULT = "default"
_EMBEDDER = "embedder"
_KEYS = ("answer", "reference", "good")


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """An answer beside a good one, and whether a person would let it pass; `partition` is "" where it is not said."""

    answer: str
    reference: str
    good: bool
    partition: str = ""


@dataclass(frozen=True, slots=True)
class SimilarityCalibration:
    """The cut-off of all pairs under `default`, and of each partition that has enough of its own."""

    model: str
    date: str
    cutoffs: Mapping[str, Cutoff]
    silent: tuple[str, ...] = ()
    cost_usd: float | None = 0.0

    @property
    def threshold(self) -> dict[str, float]:
        """What to write under the metric; nothing where the model does not tell good from bad."""
        return {name: round(cutoff.value, 3) for name, cutoff in self.cutoffs.items() if cutoff.tells}


def read_pairs(content: bytes, path: str) -> tuple[LabelledPair, ...]:
    """The pairs of a JSON Lines file: `answer`, `reference`, `good` (true or false) and, where wanted, `partition`.

    Raises:
        ConfigError: Every line that is no such pair, or there are fewer than 10 of either kind.
    """
    problems: list[Problem] = []
    pairs: list[LabelledPair] = []
    for number, line in enumerate(_lines(content, path), start=1):
        if not line.strip():
            continue
        try:
            pairs.append(_pair(parse_json(line)))
        except (ValueError, RecursionError) as error:
            problems.append(Problem(f"this is no labelled pair: {error}.", path, number))
    good = sum(pair.good for pair in pairs)
    if not problems and min(good, len(pairs) - good) < FEWEST:
        problems.append(
            Problem(f"{good} good and {len(pairs) - good} bad pairs are too few.", path, None, f"Label at least {FEWEST} of each.")
        )
    if problems:
        raise ConfigError(problems)
    return tuple(pairs)


def calibrate_similarity(model: Model, pairs: Sequence[LabelledPair], world: World, limits: Limits) -> SimilarityCalibration:
    """Embed the pairs and find the cut-offs.

    Raises:
        ConfigError: There is no key for the model.
        CouldNotRun: Embeddings could not be had, or have no cosine.
    """
    lab = world.open_lab(limits)
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.answer, pair.reference)))

    async def vectors() -> Sequence[Vector]:
        async with lab.asking({_EMBEDDER: model}) as ask:
            return await ask.embed(_EMBEDDER, texts)

    try:
        known = dict(zip(texts, asyncio.run(vectors()), strict=True))
        scores = [max(0.0, cosine(known[pair.answer], known[pair.reference])) for pair in pairs]
    except (ProviderError, Stopped, ValueError) as error:
        raise CouldNotRun(f"similarity could not be measured: {error}") from error
    cutoffs, silent = _cutoffs(pairs, scores)
    return SimilarityCalibration(model.label, world.now()[:10], cutoffs, tuple(silent), lab.cost_usd)


def words(found: SimilarityCalibration) -> str:
    """The calibration for a terminal."""
    lines = [f"{found.model}, {found.date}"]
    for name, cutoff in found.cutoffs.items():
        lines += ["", *_told(name, cutoff)]
    lines += ["", *found.silent] if found.silent else []
    if found.threshold:
        listed = ", ".join(f"{name}: {value:g}" for name, value in found.threshold.items())
        lines += ["", f"Write under the metric:  threshold: {{{listed}}}"]
    lines += ["", "No embedding sees a negation: a threshold is no check of facts."]
    return "\n".join(lines)


def as_json(found: SimilarityCalibration) -> dict[str, Any]:
    """The calibration as plain JSON values, shares with their 95 % intervals."""
    return {
        "model": found.model, "date": found.date, "threshold": found.threshold, "not_proposed": list(found.silent),
        "cost_usd": found.cost_usd,
        "cutoffs": {
            name: {
                "value": cutoff.value, "auc": cutoff.auc, "auc_ci": list(cutoff.ci), "tells": cutoff.tells,
                **{kind: {"of": share[1], "value": share[0] / share[1], "ci": list(wilson(*share))} for kind, share in _shares(cutoff)},
            }
            for name, cutoff in found.cutoffs.items()
        },
    }  # fmt: skip


def _lines(content: bytes, path: str) -> list[str]:
    try:
        return content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(Problem(f"the file is no UTF-8 text: {error}.", path)) from None


def _pair(row: Json) -> LabelledPair:
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    for key in row:
        if key not in (*_KEYS, "partition"):
            raise ValueError(f"it has no field {key!r}. {nearest(key, (*_KEYS, 'partition'))}".rstrip("."))
    if missing := [key for key in _KEYS if key not in row]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    answer, reference, good, partition = row["answer"], row["reference"], row["good"], row.get("partition", "")
    if not all(isinstance(text, str) and text.strip() for text in (answer, reference)):
        raise ValueError("answer and reference must be texts that are not empty")
    if not isinstance(good, bool):
        raise ValueError("good must be true or false")
    if partition not in ("", *Partition):
        raise ValueError(f"{partition!r} is no partition. {nearest(str(partition), Partition)}".rstrip("."))
    return LabelledPair(str(answer), str(reference), good, str(partition))


def _cutoffs(pairs: Sequence[LabelledPair], scores: Sequence[float]) -> tuple[dict[str, Cutoff], list[str]]:
    """One of all pairs, and one of each partition that has enough; and a line for each partition that has not."""
    by_name: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for pair, score in zip(pairs, scores, strict=True):
        for name in {DEFAULT, pair.partition} - {""}:
            by_name[name][not pair.good].append(score)
    cutoffs, silent = {}, []
    for name in sorted(by_name, key=lambda name: (name != DEFAULT, name)):
        good, bad = by_name[name]
        if min(len(good), len(bad)) < FEWEST:
            silent.append(f"{name}: {len(good)} good and {len(bad)} bad pairs are too few for a threshold of its own.")
        else:
            cutoffs[name] = best_cutoff(good, bad)
    return cutoffs, silent


def _shares(cutoff: Cutoff) -> Iterator[tuple[str, tuple[int, int]]]:
    yield from (("good_that_pass", cutoff.good), ("bad_that_are_stopped", cutoff.bad), ("left_out_told_right", cutoff.left_out))


def _told(name: str, cutoff: Cutoff) -> Iterator[str]:
    low, high = cutoff.ci
    if not cutoff.tells:
        yield f"{name}: no threshold is proposed. A good answer is above a bad one {cutoff.auc:.0%} of the time (95 % interval {low:.0%} to {high:.0%}): this model does not tell them apart."
        return
    yield f"{name}: {cutoff.value:.3f}. A good answer is above a bad one {cutoff.auc:.0%} of the time (95 % interval {low:.0%} to {high:.0%})."
    for kind, (found, of) in _shares(cutoff):
        low, high = wilson(found, of)
        yield f"  {kind.replace('_', ' ')}: {found} of {of} (95 % interval {low:.0%} to {high:.0%})"
