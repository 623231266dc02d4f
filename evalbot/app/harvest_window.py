"""A window of production: fetched, drawn from, and rid of personal data before anything else is done with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from evalbot.adapters.sources.mapped import Unusable, mapper
from evalbot.adapters.sources.paths import finder
from evalbot.app.harvest_alerts import Alerted
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.harvest import Counts, HarvestPolicy
from evalbot.domain.privacy import Personal
from evalbot.domain.samples import From, Sample, Source, Window
from evalbot.stats.sampling import SLOW, Facts, ProductionSampler

OVERLAP_SECONDS = 900.0  # records that reach a source late are still seen; what was seen before is known by its id
NO_ALERTS = Alerted()
_NEEDED = ("id", "output", "timestamp")
_COMPARED = re.compile(r"\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*\Z")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Samples to look at, redacted, with what became of the others. `bad` names (by their place) those with bad feedback, `alerts` those of alerts."""

    samples: tuple[Sample, ...]
    bad: frozenset[int]
    counts: Counts
    alerts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """A sample as it came, with what is known against it."""

    sample: Sample
    disliked: bool = False
    alerts: tuple[str, ...] = ()


def window_of(policy: HarvestPolicy, watermark: float, now: float) -> Window:
    """From the watermark, a little before it, to now; `since` before now where nothing was read yet."""
    return Window(watermark - OVERLAP_SECONDS if watermark else now - policy.since_seconds, now)


def draw(
    policy: HarvestPolicy, source: Source, window: Window, here: From, personal: Personal, seed: int,
    wanted: Callable[[Sample], bool] = lambda _: True, erased: Callable[[Sample], bool] = lambda _: False, alerts: Alerted = NO_ALERTS, *, fair: bool = False,
) -> Drawn:  # fmt: skip
    """Fetch, draw from what is wanted, and redact; what is erased is only counted. What an alert names is taken whatever the draw, also from before the window.

    A `fair` draw prefers nothing that looks like trouble: it is what users ask, not what goes wrong.

    Raises:
        ConfigError: The map names too little, or fits no record at all.
        CouldNotRun: The source did not answer to the end.
    """
    paths = {**source.map, **policy.map}
    _refuse_poor(paths, policy)
    mapped, bad = mapper(paths), _bad_feedback(policy)
    strata = [_stratum(name) for name in policy.by]
    sampler: ProductionSampler[_Found] = ProductionSampler(policy.rate, policy.always, policy.most_samples, seed, None if fair else SLOW)
    unusable, usable, forgotten, reason = 0, False, 0, ""
    called: dict[str, _Found] = {}
    for record in source.fetch(alerts.stretched(window), here):
        try:
            sample = mapped(record)
        except Unusable as error:
            unusable, reason = unusable + 1, str(error)
            continue
        usable, why = True, alerts.by.get(sample.id, ())
        if not (window.since <= sample.timestamp or why) or sample.timestamp >= window.until:
            continue
        if erased(sample):
            forgotten += 1
            continue
        if not wanted(sample):
            continue
        found = _Found(sample, bad(record, sample), why)
        if why:
            called.setdefault(sample.id, found)
            continue
        trouble = not fair and (found.disliked or sample.had_error)
        facts = Facts(sample.id, tuple(of(record, sample) for of in strata), _searched(sample), sample.latency_ms, trouble)
        sampler.offer(found, facts)
    if unusable and not usable:
        raise ConfigError(Problem(f"harvest: none of {unusable} records is a sample: {reason}.", hint="Look at `harvest.map`."))
    drawn = [*called.values(), *sampler.chosen()][: max(policy.most_samples, len(called))]
    return _redacted(drawn, personal, Counts(sampler.offered + len(called), sampler.repeated, unusable, forgotten))


def _refuse_poor(paths: Mapping[str, str], policy: HarvestPolicy) -> None:
    missing = [name for name in _NEEDED if not paths.get(name)]
    if missing:
        raise ConfigError(Problem(f"harvest.map has no {', '.join(missing)}.", hint=f"Line {policy.line}: say where each stands in a record."))


def _redacted(chosen: Iterable[_Found], personal: Personal, counts: Counts) -> Drawn:
    """A sample on which redaction fails is dropped and counted; nothing of it is used."""
    kept: list[Sample] = []
    bad: set[int] = set()
    alerts: dict[int, tuple[str, ...]] = {}
    dropped = 0
    for found in chosen:
        try:
            clean = _without_personal_data(found.sample, personal)
        except Exception:  # whatever it was: text that could not be looked through must not go on
            dropped += 1
            continue
        bad |= {len(kept)} if found.disliked else set()
        alerts |= {len(kept): found.alerts} if found.alerts else {}
        kept.append(clean)
    return Drawn(tuple(kept), frozenset(bad), replace(counts, sampled=len(kept) + dropped, not_redacted=dropped), alerts)


def _without_personal_data(sample: Sample, personal: Personal) -> Sample:
    """The user's name is only compared, under a name of its own."""
    text: Callable[[str], str] = personal.redact
    asked: Any = personal.redact_json(dict(sample.input))
    about: Any = personal.redact_json(dict(sample.metadata))
    return replace(
        sample, input=asked, output=None if sample.output is None else text(sample.output), metadata=about,
        expected=None if sample.expected is None else text(sample.expected), context=tuple(map(text, sample.context)),
        user=personal.name("user", sample.user) if sample.user else "", feedback=personal.redact_json(sample.feedback),
        url=text(sample.url),
    )  # fmt: skip


def _searched(sample: Sample) -> str:
    return "\n".join(value for value in sample.input.values() if isinstance(value, str))


def _stratum(name: str) -> Callable[[Json, Sample], object]:
    if name == "hour":
        return lambda _, sample: datetime.fromtimestamp(sample.timestamp, UTC).hour
    of = finder(name).of

    def stratum(record: Json, _: Sample) -> object:
        found = of(record)
        return found if found is None or isinstance(found, str | int | float) else str(found)

    return stratum


def _bad_feedback(policy: HarvestPolicy) -> Callable[[Json, Sample], bool]:
    """Whether what a user said is bad: equal to one of the values, or on the wrong side of a number such as "<0.5"."""
    if not policy.bad_when:
        return lambda _, __: False
    of = finder(policy.feedback).of
    bars = [(match[1], float(match[2])) for value in policy.bad_when if isinstance(value, str) and (match := _COMPARED.match(value))]
    words = [value for value in policy.bad_when if not (isinstance(value, str) and _COMPARED.match(value))]

    def bad(record: Json, _: Sample) -> bool:
        said = of(record)
        given: Iterable[Json] = said if isinstance(said, list) else [said]
        return any(one in words or any(_number(one, sign, bar) for sign, bar in bars) for one in given if one is not None)

    return bad


def _number(value: Json, sign: str, bar: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _COMPARE[sign](float(value), bar)


def unanswered(error: CouldNotRun) -> str:
    """One line where source, model or judge failed."""
    return f"nothing was proposed, and the next run begins where this one did: {error}"
