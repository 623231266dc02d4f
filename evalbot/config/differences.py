"""What a pull request changes in the policy: parsed values side by side, without the subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalbot.config.problems import dotted, shown
from evalbot.config.shape import File
from evalbot.domain.policy import Policy

_SUBJECT = ("model", "params", "prompt", "prompts")
_SHOWN = 60


def compare_policies(base: Policy, head: Policy) -> tuple[str, ...]:
    """The policy values that differ: "suites.support.gates.scores.alpha: 0.05 → 0.2", sorted; values in 60 characters.

    Formatting, the order of keys, and a default that is written out are no difference. The subject is left out: a suite's
    `model`, `params`, `prompt` and `prompts`, and `model` and `params` of a model that no metric of either side asks
    (a judge's model is policy). A suite that only head has is no policy change either (it is bootstrapped), nor is a
    name that head gives to a model of a provider without saying more of it.
    """
    before, after = _plain(base), _plain(head)
    for name in set(after["suites"]) - set(before["suites"]):
        del after["suites"][name]
    asked = _asked(base) | _asked(head)
    for document in (before, after):
        for suite in document["suites"].values():
            _drop(suite, _SUBJECT)
        for name, model in document["models"].items():
            if name not in asked:
                _drop(model, ("model", "params"))
    _forget_plain_names(before, after, asked, _providers(base, asked))
    return tuple(_differences((), before, after))


def _plain(policy: Policy) -> dict[str, Any]:
    """The document with every default, and with the two spellings of `datasets` made one."""
    document = File.model_validate(dict(policy.document)).model_dump()
    for suite in document["suites"].values():
        suite["datasets"] = suite.pop("dataset") or suite["datasets"]
    return document


def _asked(policy: Policy) -> set[str]:
    """Names of models that metrics ask."""
    found = {spec["model"] for spec in _metrics(policy) if isinstance(spec.get("model"), str)}
    found |= {name for spec in _metrics(policy) if isinstance(spec.get("jury"), list) for name in spec["jury"]}
    return found


def _metrics(policy: Policy) -> Iterator[Mapping[str, Any]]:
    for suite in policy.suites.values():
        yield from (spec.options for spec in suite.metrics)
    document: Mapping[str, Any] = policy.document
    yield from document.get("metrics", {}).values()


def _drop(part: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        part.pop(key, None)


def _providers(policy: Policy, asked: set[str]) -> set[str]:
    names = asked | {suite.model for suite in policy.suites.values()}
    written = {name.partition("/")[0] for name in names if name not in policy.models}
    return written | {model.provider for model in policy.models.values()}


def _forget_plain_names(before: dict[str, Any], after: dict[str, Any], asked: set[str], providers: set[str]) -> None:
    for name in set(after["models"]) - set(before["models"]) - asked:
        model = after["models"][name]
        plain = all(model[key] is None for key in ("base_url", "api_key_env", "price", "auth"))
        if plain and model["provider"] in providers:
            del after["models"][name]


def _differences(keys: tuple[str, ...], before: object, after: object) -> Iterator[str]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _differences((*keys, key), before.get(key), after.get(key))
    elif keys[:1] == ("suites",) and len(keys) == 2:
        yield f"{dotted(keys)}: {'added' if before is None else 'removed'}"
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield f"{dotted(keys)}: {shown(before, _SHOWN)} → {shown(after, _SHOWN)}"
