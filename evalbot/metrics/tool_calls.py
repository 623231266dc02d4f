"""tool_calls: the answer calls the functions that it should, with the right arguments."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, reaches, threshold_problems
from evalbot.metrics import METRICS

_VERSION = 1  # part of the identity: bump it when other calls may match
_KEY = "tool_calls"
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Expected:
    """A call that is wanted; `arguments` None takes any."""

    name: str
    arguments: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Made:
    """A call that the answer makes."""

    name: str
    arguments: Json


Same: TypeAlias = Callable[[Expected, Made], bool]


@METRICS.register("tool_calls")
@dataclass(frozen=True)
class ToolCalls:
    """How many of the wanted calls the answer makes, and how many others: the harmonic mean of recall and precision (F1).

    What is wanted stands in the example's `expected_output`; each of its `references` may hold another good way, and the
    best one counts:

        expected_output: {tool_calls: [{name: refund, arguments: {order: A1, reason: damaged}}]}

    A call without `arguments` is right with any. An empty list wants no call at all. The functions themselves are declared
    by the prompt's or the model's param `tools`; a target that is no model answers with the same JSON text.

    - `order`: `any` (default) or `same`: whether the calls must come in the order that is written. With `same` the longest
      sequence in the right order counts.
    - `arguments`: `exact` (default), `subset` (those that are written must be right, others may be there) or `ignore` (only
      names are compared). 1 and 1.0 are the same number; texts are the same letter by letter.
    - `threshold`: the lowest value that passes, as a number or per partition. Default 1: all wanted calls and no other.

    **Range**: 0 to 1; where none is wanted, 1 without a call and 0 with one. **Needs** an `expected_output` (or a reference)
    with `tool_calls`. **Not applicable** to examples without. **Decides** whether an example passes. **Cost**: no model
    call.

    **Biases**: arguments in free text ("damaged", "it is damaged") are compared letter by letter; leave them out of what is
    wanted and take `subset`. It sees which calls are asked for, not what they would do.

    **Source**: F1 over sets of calls, as the Berkeley Function-Calling Leaderboard and others compare names and arguments.
    """

    order: Literal["any", "same"] = "any"
    arguments: Literal["exact", "subset", "ignore"] = "exact"
    threshold: Threshold = 1.0

    scale = (0.0, 1.0)
    lower_is_better = False
    decides = Decides.YES
    models = ()
    needs = "an `expected_output` with `tool_calls`"

    def problems(self) -> list[str]:
        """What is wrong with the threshold."""
        return threshold_problems("threshold", self.threshold, self.scale)

    def example_problems(self, example: Example) -> list[str]:
        """One line per expected output that names calls and cannot be read."""
        return [text for answer in example.answers for text in _wanted(answer)[1]]

    def applies(self, example: Example) -> bool:
        """Where calls are wanted, or wanted not to be."""
        return any(_wanted(answer)[0] is not None for answer in example.answers)

    def identity(self) -> Json:
        """How calls are compared; a threshold moves no score."""
        return {"version": _VERSION, "order": self.order, "arguments": self.arguments}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """The best F1 over the ways that are good."""
        ways = [way for answer in answered.example.answers if (way := _wanted(answer)[0]) is not None]
        if not ways:
            return Score.not_applicable("The example says nothing of tool calls.")
        made = _made(answered.tool_calls) or _said(answered.output)
        value, way = max(((self._f1(way, made), way) for way in ways), key=lambda scored: scored[0])
        passed = reaches(value, self.threshold, answered.example.partition)
        return Score.scored(value, passed, "" if value == 1.0 else _difference(way, made))

    def _f1(self, way: Sequence[Expected], made: Sequence[Made]) -> float:
        if not way or not made:
            return float(len(way) == len(made))
        same = _SAME[self.arguments]
        matched = _in_order(way, made, same) if self.order == "same" else _in_any_order(way, made, same)
        return 2 * matched / (len(way) + len(made))


def _in_any_order(way: Sequence[Expected], made: Sequence[Made], same: Same) -> int:
    """The most pairs of wanted and made calls that match, each call in one pair (augmenting paths, Kuhn 1955)."""
    taken: dict[int, int] = {}

    def place(wanted: int, tried: set[int]) -> bool:
        for call, each in enumerate(made):
            if call not in tried and same(way[wanted], each):
                tried.add(call)
                if call not in taken or place(taken[call], tried):
                    taken[call] = wanted
                    return True
        return False

    return sum(place(wanted, set()) for wanted in range(len(way)))


def _in_order(way: Sequence[Expected], made: Sequence[Made], same: Same) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(made) + 1)
    for wanted in way:
        before = row
        row = [0]
        for position, call in enumerate(made):
            row.append(before[position] + 1 if same(wanted, call) else max(before[position + 1], row[position]))
    return row[-1]


def _exact(wanted: Expected, call: Made) -> bool:
    return wanted.name == call.name and (wanted.arguments is None or _equal(wanted.arguments, call.arguments or {}))


def _subset(wanted: Expected, call: Made) -> bool:
    given = call.arguments if isinstance(call.arguments, Mapping) else {}
    asked = wanted.arguments or {}
    return wanted.name == call.name and all(key in given and _equal(asked[key], given[key]) for key in asked)


def _name_only(wanted: Expected, call: Made) -> bool:
    return wanted.name == call.name


_SAME: dict[str, Same] = {"exact": _exact, "subset": _subset, "ignore": _name_only}


def _equal(one: Json, other: Json) -> bool:
    """JSON equality: in Python, True == 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other


@lru_cache(maxsize=4096)
def _wanted(answer: str) -> tuple[tuple[Expected, ...] | None, tuple[str, ...]]:
    """The calls that an expected answer wants (None where it says nothing of calls), and what is wrong with them."""
    try:
        value = parse_json(answer)
    except (ValueError, RecursionError):
        return None, ()
    if not isinstance(value, Mapping) or _KEY not in value:
        return None, ()
    calls = value[_KEY]
    if not isinstance(calls, list):
        return None, (f"{_KEY} must be a list of calls.",)
    problems = tuple(fault for number, call in enumerate(calls, start=1) if (fault := _fault(number, call)))
    if problems:
        return None, problems
    return tuple(Expected(call["name"], call.get("arguments")) for call in calls), ()


def _fault(number: int, call: Json) -> str:
    name = call.get("name") if isinstance(call, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(name, str) or not name:
        return f"{_KEY}: number {number} must be an object with a `name`."
    if set(call) - {"name", "arguments"}:
        return f"{_KEY}: number {number} may hold `name` and `arguments` only."
    if not isinstance(call.get("arguments"), Mapping | None):
        return f"{_KEY}: the arguments of number {number} must be an object."
    return ""


def _made(calls: Sequence[Mapping[str, Json]] | None) -> tuple[Made, ...]:
    return tuple(Made(str(call.get("name", "")), call.get("arguments")) for call in calls or ())


def _said(output: str) -> tuple[Made, ...]:
    """Calls that an answer in text makes: of a target that is no model, or of a recorded answer."""
    wanted, _ = _wanted(output.strip())
    return tuple(Made(call.name, call.arguments or {}) for call in wanted or ())


def _difference(way: Sequence[Expected], made: Sequence[Made]) -> str:
    called = ", ".join(_shown(call.name, call.arguments) for call in made) or "nothing"
    wanted = ", ".join(_shown(call.name, call.arguments) for call in way) or "nothing"
    text = f"It calls {called}; wanted: {wanted}."
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _shown(name: str, arguments: Json) -> str:
    return f"{name}({json.dumps(arguments, ensure_ascii=False, default=dict) if arguments is not None else '…'})"
