"""Checks what shape alone cannot: that every name in the configuration names something, and that something can fail."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalbot.adapters.globs import match
from evalbot.adapters.located import Located
from evalbot.adapters.providers import PROVIDERS
from evalbot.adapters.providers.federation import federation_of
from evalbot.adapters.targets import TARGETS
from evalbot.config.embedders import cannot_embed
from evalbot.config.endpoints import objection
from evalbot.config.metrics import construct, suite_decides
from evalbot.config.options import At
from evalbot.config.problems import dotted, shown
from evalbot.config.shape import AuthPart, StreamPart
from evalbot.config.targets import construct_target
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.policy import MetricSpec
from evalbot.domain.ports import Metric

_PASS_GATES = {"golden": 4, "regression": 4, "adversarial": 4}  # each with the default of its `confirm`
_JUDGE = "judge"
_MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """A suite's metrics, and the names of those whose scores are tested."""

    metrics: tuple[MetricSpec, ...]
    tested: tuple[str, ...]


def check(located: Located, problems: list[Problem]) -> dict[str, Checked]:
    """Look at the raw document, whatever its shape, so that one mistake hides no other; adds to `problems`.

    Returns:
        Each suite's metrics, by the suite's name.
    """
    return _Check(located, problems).suites()


class _Check:
    def __init__(self, located: Located, problems: list[Problem]) -> None:
        self.located, self.problems = located, problems
        self.document: dict[str, Any] = located.value
        self.models = _mapping(self.document.get("models"))
        self.providers = PROVIDERS.names()
        self.built: dict[str, tuple[MetricSpec, Metric | None]] = {}

    def suites(self) -> dict[str, Checked]:
        self._names()
        self._models()
        for name, raw in _mapping(self.document.get("metrics")).items():
            if isinstance(raw, dict):
                self.built[name] = self._metric(name, raw, ("metrics", name))
        if isinstance(monitor := self.document.get("monitor"), dict):
            self._monitor(monitor)
        if isinstance(harvest := self.document.get("harvest"), dict):
            from evalbot.config.harvest import harvest_problems  # a check has no use for sources

            harvest_problems(harvest, _mapping(self.document.get("suites")), self.wrong)
            embedding = _mapping(harvest.get("propose")).get("embedding")
            if isinstance(embedding, str) and embedding:
                self._embedder(embedding, "harvest", "propose", "embedding")
        return {
            name: self._suite(name, raw)
            for name, raw in _mapping(self.document.get("suites")).items()
            if isinstance(raw, dict)
        }  # fmt: skip

    def _monitor(self, monitor: Mapping[str, Any]) -> None:
        from evalbot.adapters.streams import OPTIONS  # a check has no use for streams

        suites, stream = _mapping(self.document.get("suites")), _mapping(monitor.get("stream"))
        if isinstance(named := monitor.get("suite"), str) and named not in suites:
            self.wrong(f"there is no suite {shown(named)}.", "monitor", "suite", hint=nearest(named, suites))
        kind = str(stream.get("type", StreamPart().type))
        for name in stream:
            if kind in OPTIONS and name in StreamPart.model_fields and name not in ("type", *OPTIONS[kind]):
                self.wrong(f"monitor.stream.{name} has no meaning for a stream of type {kind}.", "monitor", "stream", name, hint="Leave it out.")
        if kind == "kafka" and "servers" not in stream:
            self.wrong("monitor.stream has no 'servers'.", "monitor", "stream", hint="Write host:port, several with commas.")

    def wrong(self, message: str, *keys: str | int, hint: str = "") -> None:
        self.problems.append(self.located.problem(message, *keys, hint=hint))

    def _names(self) -> None:
        for section in ("models", "metrics", "suites"):
            for name in _mapping(self.document.get(section)):
                if not name.strip() or not name.isprintable() or len(name) > _MOST_NAME:
                    hint = f"A name is one to {_MOST_NAME} printable characters."
                    self.wrong(f"{shown(name)} cannot be a name in {section}.", section, name, hint=hint)

    def _models(self) -> None:
        for name, raw in self.models.items():
            if not isinstance(raw, dict):
                continue
            here = ("models", name)
            provider = raw.get("provider")
            if isinstance(provider, str) and provider:
                self._provider(provider, *here, "provider")
            if isinstance(raw.get("base_url"), str) and (message := objection(raw["base_url"])):
                self.wrong(f"{dotted(here)}.base_url {message}", *here, "base_url")
            if isinstance(raw.get("auth"), dict):
                self._auth(raw, raw["auth"], here)

    def _auth(self, raw: Mapping[str, Any], auth: Mapping[str, Any], here: tuple[str, str]) -> None:
        """Federation has the ids that the provider asks for, and no others; and there is no key beside it."""
        known = federation_of(raw["provider"]) if raw.get("provider") in self.providers else {}
        if raw.get("provider") in self.providers and not known:
            self.wrong(f"{dotted(here)}.auth: the provider {shown(raw['provider'])} knows no federation.", *here, "auth", hint="Use a key.")
            return
        if raw.get("api_key_env") is not None:
            self.wrong(f"{dotted(here)} has both 'auth' and 'api_key_env'.", *here, "auth", hint="Keep one of them.")
        for name in [name for name, needed in known.items() if needed and auth.get(name) is None]:
            self.wrong(f"{dotted(here)}.auth has no '{name}'.", *here, "auth", hint="docs/providers.md says where it is found.")
        for name in auth:
            if known and name not in (*known, "type", "audience") and name in AuthPart.model_fields:
                self.wrong(f"{dotted(here)}.auth.{name} has no meaning for {shown(raw['provider'])}.", *here, "auth", name, hint="Leave it out.")
        if isinstance(auth.get("token_url"), str) and (message := objection(auth["token_url"])):
            self.wrong(f"{dotted(here)}.auth.token_url {message}", *here, "auth", "token_url")

    def _provider(self, provider: str, *keys: str | int) -> None:
        if provider not in self.providers:
            self.wrong(f"there is no provider {shown(provider)}.", *keys, hint=nearest(provider, self.providers))

    def _model_name(self, name: str, *keys: str | int) -> None:
        """A name of `models`, or "provider/model" with a known provider."""
        if name in self.models:
            return
        provider, slash, model = name.partition("/")
        if not slash:
            known = list(self.models)
            hint = nearest(name, known) if known else ""
            advice = hint if hint.startswith("Did") else "Write `provider/model`, or give it a name in `models`."
            self.wrong(f"there is no model {shown(name)} in `models`.", *keys, hint=advice)
        elif not provider.strip() or not model.strip():
            self.wrong(f"{shown(name)} is no model.", *keys, hint="Write `provider/model`.")
        else:
            self._provider(provider, *keys)

    def _embedder(self, name: str, *keys: str | int) -> None:
        self._model_name(name, *keys)
        self._embeds(name, *keys)

    def _embeds(self, name: str, *keys: str | int) -> None:
        if why := cannot_embed(name, self.models):
            hint = "Take an embedding model of an endpoint that speaks OpenAI's format, or of `local`."
            self.wrong(f"{shown(name)} cannot embed: {why}.", *keys, hint=hint)

    def _metric(
        self, name: str, raw: Mapping[str, Any], here: tuple[str | int, ...]
    ) -> tuple[MetricSpec, Metric | None]:
        options = {key: value for key, value in raw.items() if key != "type"}
        spec = MetricSpec(name, str(raw.get("type", "")), options, self.located.line(*here))
        if "type" not in raw:
            self.wrong(f"metric {name!r} has no 'type'.", *here, hint="Such as `type: judge` or `type: checks`.")
            return spec, None
        if not isinstance(raw["type"], str):
            self.wrong(f"{dotted(here)}.type must be a string, not {shown(raw['type'])}.", *here, "type")
            return spec, None
        metric = construct(spec, self._at(here), self.problems)
        for model in metric.models if metric else ():
            self._model_name(model, *here, *_place_of(model, options))
        for model in getattr(metric, "embedders", ()):
            self._embeds(model, *here, *_place_of(model, options))
        return spec, metric

    def _at(self, here: tuple[str | int, ...]) -> At:
        def at(message: str, *keys: str | int, hint: str = "") -> Problem:
            return self.located.problem(message, *here, *keys, hint=hint)

        return at

    def _suite(self, name: str, raw: Mapping[str, Any]) -> Checked:
        here = ("suites", name)
        if raw.get("target") is not None:
            self._target(raw, here)
        else:
            self._subject(raw, here)
        self._one_of("dataset", "datasets", raw, here)
        for key in ("prompt", "prompts", "dataset", "datasets"):
            self._globs(raw.get(key), *here, key)
        for partition, default in _PASS_GATES.items():
            self._pass_gate(_mapping(_mapping(raw.get("gates")).get(partition)), default, (*here, "gates", partition))
        chosen = self._chosen(raw, here)
        return Checked(tuple(spec for spec, _ in chosen.values()), self._tested(name, raw, chosen, here))

    def _subject(self, raw: Mapping[str, Any], here: tuple[str, str]) -> None:
        self._one_of("prompt", "prompts", raw, here)
        model = raw.get("model")
        if model is None:
            self.wrong(f"{dotted(here)} has no 'model'.", *here, hint="Such as `model: openai/gpt-6-luna`.")
        elif isinstance(model, str) and model:
            self._model_name(model, *here, "model")

    def _target(self, raw: Mapping[str, Any], here: tuple[str, str]) -> None:
        """A target that is no prompt stands alone: it has no prompt and no model."""
        keys, target = (*here, "target"), raw["target"]
        for key in ("prompt", "prompts", "model", "params"):
            if raw.get(key) is not None:
                self.wrong(f"{dotted(here)} has both 'target' and '{key}'.", *here, key, hint="Keep one of them.")
        if not isinstance(target, dict):
            return  # the shape says so
        if not isinstance(target.get("type"), str):
            self.wrong(f"{dotted(keys)} has no 'type'.", *keys, hint=f"Known: {', '.join(TARGETS.names())}.")
        elif target["type"] == "prompt":
            self.wrong("a prompt is no `target`.", *keys, hint="Write `prompt` and `model` in its place.")
        else:

            def at(message: str, *inner: str | int, hint: str = "") -> Problem:
                return self.located.problem(message, *keys, *inner, hint=hint)

            construct_target(target, at, self.problems)

    def _one_of(self, one: str, many: str, raw: Mapping[str, Any], here: tuple[str, str]) -> None:
        given = [key for key in (one, many) if raw.get(key) is not None]
        if not given:
            self.wrong(f"{dotted(here)} has no '{one}'.", *here, hint=f"Write `{one}: path` or `{many}: [globs]`.")
        elif len(given) == 2:
            self.wrong(f"{dotted(here)} has both '{one}' and '{many}'.", *here, many, hint="Keep one of them.")

    def _globs(self, patterns: object, *keys: str) -> None:
        listed: list[tuple[int | None, Any]] = (
            list(enumerate(patterns)) if isinstance(patterns, list) else [(None, patterns)]
        )
        for index, pattern in listed:
            if isinstance(pattern, str) and pattern:
                try:
                    match([pattern], ())
                except ConfigError as error:
                    where: tuple[str | int, ...] = keys if index is None else (*keys, index)
                    self.problems += [self.located.problem(p.message, *where, hint=p.hint) for p in error.problems]

    def _pass_gate(self, raw: Mapping[str, Any], default: int, here: tuple[str, ...]) -> None:
        confirm, broken_at = raw.get("confirm", default), raw.get("broken_at")
        if _whole(confirm) and _whole(broken_at) and broken_at > confirm + 1 >= 1:
            hint = f"With `confirm: {confirm}` an example is asked {confirm + 1} times."
            self.wrong(
                f"{dotted(here)}.broken_at must be at most {confirm + 1}, not {broken_at}.",
                *here,
                "broken_at",
                hint=hint,
            )

    def _chosen(self, raw: Mapping[str, Any], here: tuple[str, str]) -> dict[str, tuple[MetricSpec, Metric | None]]:
        """The suite's metrics by name, in order."""
        chosen: dict[str, tuple[MetricSpec, Metric | None]] = {}
        own = self._judge(raw.get("judge"), here)
        names = raw.get("metrics")
        listed = [(i, n) for i, n in enumerate(names) if isinstance(n, str) and n] if isinstance(names, list) else []
        if own and _JUDGE not in [name for _, name in listed]:
            chosen[_JUDGE] = own
        elif own and _JUDGE in self.built:
            hint = "Leave 'judge' out of the suite, or rename the metric."
            self.wrong(f"{dotted(here)}.judge and metrics.judge are two metrics of one name.", *here, _JUDGE, hint=hint)
        known = {**self.built, **({_JUDGE: own} if own else {})}
        for index, name in listed:
            place = (*here, "metrics", index)
            if name in chosen:
                self.wrong(f"{dotted(here)}.metrics names {shown(name)} twice.", *place, hint="Keep one of them.")
            elif name in known:
                chosen[name] = known[name]
            elif name not in _mapping(self.document.get("metrics")):
                self.wrong(
                    f"there is no metric {shown(name)}.",
                    *place,
                    hint=nearest(name, known) or "Define it under `metrics`.",
                )
        if names is None and raw.get("judge") is None:
            hint = "Add `judge: provider/model`, or `metrics: [names]`."
            self.wrong(f"{dotted(here)} has neither 'judge' nor 'metrics': nothing can pass or fail.", *here, hint=hint)
        return chosen

    def _judge(self, model: object, here: tuple[str, str]) -> tuple[MetricSpec, Metric | None] | None:
        if not isinstance(model, str) or not model:
            return None
        keys = (*here, _JUDGE)
        self._model_name(model, *keys)
        spec = MetricSpec(_JUDGE, _JUDGE, {"model": model}, self.located.line(*keys))
        found: list[Problem] = []
        metric = construct(spec, lambda message, *_, hint="": self.located.problem(message, *keys, hint=hint), found)
        self.problems += found
        return spec, metric

    def _tested(
        self,
        name: str,
        raw: Mapping[str, Any],
        chosen: Mapping[str, tuple[MetricSpec, Metric | None]],
        here: tuple[str, str],
    ) -> tuple[str, ...]:
        metrics = {key: metric for key, (_, metric) in chosen.items() if metric is not None}
        complete = len(metrics) == len(chosen)  # where a metric is broken, what is missing may be its doing
        if chosen and complete and not suite_decides(metrics):
            hint = "Add a metric of type checks, or give one a `min` or a `threshold`."
            self.wrong(f"nothing can pass or fail in suite {name!r}: no metric of it decides.", *here, hint=hint)
        keys = (*here, "gates", "scores", "metric")
        scores = _mapping(_mapping(raw.get("gates")).get("scores"))
        wanted, sized = scores.get("metric"), scores.get("min_effect") is not None
        names = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
        for index, each in enumerate(names):
            place = keys if isinstance(wanted, str) else (*keys, index)
            if isinstance(each, str) and each and each not in chosen:
                if chosen and not self._is_broken(each):
                    self.wrong(
                        f"{dotted(keys)}: suite {name!r} has no metric {shown(each)}.",
                        *place,
                        hint=nearest(each, chosen),
                    )
            elif isinstance(each, str) and each in metrics and metrics[each].scale is None:
                self.wrong(f"{dotted(keys)}: metric {shown(each)} passes or fails; it has no score to test.", *place)
            elif isinstance(each, str) and each in metrics and not sized and not _bounded(metrics[each]):
                hint = "Set `min_effect` beside it, in the metric's own unit."
                self.wrong(f"{dotted(keys)}: the scale of metric {shown(each)} has no end, so no drop of it is small.", *place, hint=hint)
        return tuple(dict.fromkeys(each for each in names if isinstance(each, str))) or _default_tested(chosen, sized)

    def _is_broken(self, name: str) -> bool:
        return name in _mapping(self.document.get("metrics")) and name not in self.built


def _bounded(metric: Metric) -> bool:
    """Whether the metric's scale has two ends, so that a share of its width is a size."""
    return metric.scale is not None and all(map(math.isfinite, metric.scale))


def _default_tested(chosen: Mapping[str, tuple[MetricSpec, Metric | None]], sized: bool) -> tuple[str, ...]:
    """The first judge, else the first numeric metric; a metric that only reports is neither.

    One whose scale has no end (length, latency, cost) is tested where `min_effect` says what a drop is.
    """
    able = [
        spec
        for spec, metric in chosen.values()
        if metric is not None
        and metric.scale is not None
        and (sized or _bounded(metric))
        and spec.options.get("report_only") is not True
    ]
    judges = [spec.name for spec in able if spec.type == _JUDGE]
    return tuple((judges or [spec.name for spec in able])[:1])


def _place_of(model: str, options: Mapping[str, Any]) -> Iterator[str | int]:
    """The option that names a model: `model`, or an entry of a list such as `jury`."""
    for key, value in options.items():
        if value == model:
            return iter((key,))
        if isinstance(value, list) and model in value:
            return iter((key, value.index(model)))
    return iter(())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
