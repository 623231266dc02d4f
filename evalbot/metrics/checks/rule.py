"""One check as read from the configuration or from a row: a name, a test, and the examples it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.errors import nearest
from evalbot.instruments.patience import Test
from evalbot.metrics.checks.kinds import KINDS
from evalbot.metrics.checks.when import Condition, always, condition

_OPTIONS = ("name", "ignore_case", "when")
_CASELESS = ("words", "characters", "json", "json_schema", "python")


class UnusableChecksError(ValueError):
    """Checks that cannot be applied; `reasons` holds one line for each fault."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


@dataclass(frozen=True, slots=True)
class Rule:
    """A check that can be applied: `test` says why an answer does not pass."""

    name: str
    test: Test
    holds_for: Condition


def rules(checks: Sequence[Mapping[str, object]]) -> list[Rule]:
    """All checks; raises UnusableChecksError with every reason where some cannot be read."""
    found, reasons = [], []
    for place, check in _placed(checks):
        try:
            found.append(rule(check))
        except ValueError as error:
            reasons.append(f"{place}: {str(error).rstrip('.?')}" + ("?" if str(error).endswith("?") else "."))
    names = [str(check["name"]) for check in checks if "name" in check]
    reasons += [
        f"checks: two are named {name!r}." for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if reasons:
        raise UnusableChecksError(reasons)
    return found


def rule(check: Mapping[str, object]) -> Rule:
    """One check; raises ValueError with the reason where it cannot be read."""
    kind = _kind(check)
    name, ignore_case = check.get("name", kind), check.get("ignore_case", False)
    if not isinstance(name, str) or not name.strip():
        raise ValueError("name must be a text that is not empty")
    if not isinstance(ignore_case, bool):
        raise ValueError("ignore_case must be true or false")
    if "ignore_case" in check and kind in _CASELESS:
        raise ValueError(f"ignore_case has no meaning for {kind}")
    try:
        test = KINDS[kind](check[kind], ignore_case)
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from None
    return Rule(name, test, condition(check["when"]) if "when" in check else always)


def _kind(check: Mapping[str, object]) -> str:
    for key in check:
        if key not in KINDS and key not in _OPTIONS:
            raise ValueError(f"there is no check {key!r}. {nearest(str(key), (*KINDS, *_OPTIONS))}")
    kinds = [key for key in check if key in KINDS]
    if not kinds:
        raise ValueError(f"it says nothing to check. {nearest('', KINDS)}")
    if len(kinds) > 1:
        raise ValueError(f"it checks {' and '.join(kinds)} at once; make each a check of its own")
    return kinds[0]


def _placed(checks: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, Mapping[str, object]]]:
    for number, check in enumerate(checks, start=1):
        name = check.get("name")
        yield (f"checks: {name!r}" if isinstance(name, str) and name else f"checks: number {number}"), check
