"""checks: deterministic rules that an answer keeps or breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Self, cast

from evalbot.domain.canonical import Json, canonical, parse_json
from evalbot.domain.errors import ConfigError, ErrorClass, Problem
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.instruments.patience import AT_MOST_SECONDS, outcome
from evalbot.metrics import METRICS
from evalbot.metrics.checks.kinds import plain
from evalbot.metrics.checks.rule import Rule, UnusableChecksError, rules

_VERSION = 1  # part of the identity: bump it when a kind of check changes what it lets pass
_LONGEST_REASON = 300


@METRICS.register("checks")
@dataclass(frozen=True)
class Checks:
    """The share of checks that the answer passes; it passes when all of them do.

    - `checks`: the list of checks that hold for every example. An example's own `checks` are applied besides.

    Each check has one of these keys, and may have a `name` (default: the key), `ignore_case: true` and `when`:

    | key | passes when |
    |---|---|
    | `words: {min, max}` | the number of words (between white space) is within the limits, both included |
    | `characters: {min, max}` | the number of characters is within the limits, both included |
    | `contains: text` | the text occurs |
    | `contains_all: [texts]` | each of the texts occurs |
    | `contains_any: [texts]` | at least one of the texts occurs |
    | `not_contains: text` | the text does not occur |
    | `not_contains_any: [texts]` | none of the texts occurs |
    | `starts_with: text`, `ends_with: text` | the answer starts, or ends, with the text |
    | `regex: pattern`, `not_regex: pattern` | the pattern is found, or is not found, anywhere in the answer |
    | `json: true` | the whole answer is strict JSON: no text around it, no duplicate keys, no NaN |
    | `json_schema: {…}` or a path | it is strict JSON and fits the JSON Schema (2020-12 unless `$schema` says otherwise) |
    | `python: "module:callable"` | reserved; refused in this version |

    `when` limits a check to some examples: `"'refund' in tags"`, `"metadata.kind == 'label'"`, with `not in` and `!=` as
    their opposites; fields are `tags`, `id`, `partition`, `cluster`, `metadata.*` and `input.*`.

    Answers are compared after Unicode normalisation (NFC), with plain line ends and without the white space around them.
    Patterns are those of the `regex` package (Python's syntax and more). A pattern or schema that needs more than a second
    is no verdict on the answer: the score is then unscored with `metric_error`, as after any crash of a check. `$ref` is
    followed within the schema only. A row's `json_schema` must hold the schema itself, since rows name no files.

    **Range**: 0 to 1. **Needs** nothing; not applicable where no check holds for an example. **Decides** whether an example
    passes. **Cost**: no model call.

    **Biases**: none towards wording, length or style beyond what you write; a check sees letters and no meaning.

    **Source**: your own rules; JSON Schema by the `jsonschema` package, patterns by `regex`.
    """

    checks: tuple[Mapping[str, object], ...] = ()

    scale = (0.0, 1.0)
    lower_is_better = False
    decides = Decides.YES
    models = ()

    def problems(self) -> list[str]:
        """One line per check that cannot be applied; schemas that are paths are looked at by `with_files`."""
        return _reasons(
            [check if not isinstance(check.get("json_schema"), str) else _pending(check) for check in self.checks]
        )

    def example_problems(self, example: Example) -> list[str]:
        """One line per check of a row that cannot be applied."""
        return _reasons(example.checks)

    def with_files(self, read: Callable[[str], bytes]) -> Self:
        """The same with each `json_schema` that is a path replaced by the schema in that file.

        Raises:
            ConfigError: A file cannot be read, or holds no JSON Schema.
        """
        return replace(self, checks=tuple(_with_schema(check, read) for check in self.checks))

    def applies(self, example: Example) -> bool:
        """Where at least one check holds, or the row has checks of its own that cannot be read."""
        try:
            return bool(self._of(example))
        except UnusableChecksError:
            return True

    def identity(self) -> Json:
        """The version of the kinds and the checks; a row's own are part of the row."""
        return {"version": _VERSION, "checks": cast(Json, [dict(check) for check in self.checks])}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """The share passed, with the failed ones named in `detail`."""
        try:
            applied = self._of(answered.example)
        except UnusableChecksError as error:
            return Score.unscored(ErrorClass.METRIC, f"A check cannot be applied: {error}")
        text = plain(answered.output).strip()
        failed: list[tuple[str, str]] = []
        for rule in applied:
            try:
                reason = await outcome(rule.test, text)
            except TimeoutError:
                return Score.unscored(
                    ErrorClass.METRIC, f"The check {rule.name!r} took longer than {AT_MOST_SECONDS:g} s."
                )
            except Exception as error:  # whatever a check does, its crash says nothing about the answer
                return Score.unscored(
                    ErrorClass.METRIC, f"The check {rule.name!r} crashed: {type(error).__name__}: {error}"
                )
            if reason:
                failed.append((rule.name, reason))
        return _score(len(applied), failed)

    def _of(self, example: Example) -> list[Rule]:
        own = _row_rules(canonical(example.checks)) if example.checks else []
        return [rule for rule in (*self._rules, *own) if rule.holds_for(example)]

    @cached_property
    def _rules(self) -> list[Rule]:
        return rules(self.checks)


def _score(applied: int, failed: list[tuple[str, str]]) -> Score:
    if not applied:
        return Score.not_applicable("No check holds for this example.")
    said = "; ".join(f"{name}: {reason}" for name, reason in failed)
    return Score.scored(
        (applied - len(failed)) / applied,
        passed=not failed,
        reason=said if len(said) <= _LONGEST_REASON else said[: _LONGEST_REASON - 1] + "…",
        detail={"failed": [{"name": name, "reason": reason} for name, reason in failed], "applied": applied},
    )


@lru_cache(maxsize=4096)
def _row_rules(checks_json: str) -> list[Rule]:
    return rules(cast(Sequence[Mapping[str, object]], parse_json(checks_json)))


def _reasons(checks: Sequence[Mapping[str, object]]) -> list[str]:
    try:
        rules(checks)
    except UnusableChecksError as error:
        return list(error.reasons)
    return []


def _with_schema(check: Mapping[str, object], read: Callable[[str], bytes]) -> Mapping[str, object]:
    path = check.get("json_schema")
    if not isinstance(path, str):
        return check
    try:
        found = {**check, "json_schema": parse_json(read(path).decode("utf-8-sig"))}
        rules([found])
    except UnusableChecksError as error:
        raise ConfigError([Problem(reason, path) for reason in error.reasons]) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(Problem(f"the JSON Schema cannot be read: {error}.", path)) from None
    return found


def _pending(check: Mapping[str, object]) -> Mapping[str, object]:
    """The check with a schema that says nothing in place of one that is not read yet."""
    return {**check, "json_schema": {}}
