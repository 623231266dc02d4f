"""The verdict as a state machine: whatever is planned, answered, lost, broken, stale or approved, `pass` stands on whole evidence only.

The second opinion below knows none of evalbot's rules: it looks at what the machine did, and says what a careful reader of
the contract (sections 3, 7 and 8) would have to see before they believe in a pass. Its test of scores is scipy's.
"""

from __future__ import annotations

import ast
import math
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from scipy import stats

import evalbot
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Partition
from evalbot.domain.runs import ExamChange, Part, Row, Side
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.domain.verdicts import Finding, Level, Rule, Verdict
from evalbot.gate.decide import accepted, decide
from tests.gate.cases import Bench, a_row, an_example
from tests.longer import sized

GOOD, BAD = 5.0, 2.0
SAID = ("good", "good", "good", "bad", "middling", "lost", "error", "ungraded", "nan", "inf", "off", "stale", "mute")
NUMBERS = {"good": GOOD, "bad": BAD, "middling": 4.0, "nan": math.nan, "inf": math.inf, "off": 999.0}
KINDS = st.sampled_from(["golden", "golden", "regression", "adversarial", "distribution"])
PARTS = st.sampled_from([Part.EXAM, Part.EXAM, Part.EXAM, Part.ADDED, Part.EDITED])


@dataclass
class Planned:
    """One example of the plan and what was said to it: side → word, and the words of its re-runs."""

    kind: str
    part: Part
    sides: tuple[str, ...] = ("base", "head")
    said: dict[str, str] = field(default_factory=dict)
    again: dict[str, list[str]] = field(default_factory=lambda: {"base": [], "head": []})


@dataclass
class World:
    """Everything that a verdict may depend on."""

    examples: dict[str, Planned] = field(default_factory=dict)
    edited: list[str] = field(default_factory=list)  # partitions of rows that head edited or deleted
    missing_approvals: int = 0
    blocked: bool = False
    leaked: bool = False
    other_prompt: bool = False  # a second prompt changed, and nothing is asked of it


def evidence_of(world: World):
    """The machine's world as evalbot's gate gets it."""
    bench = Bench()
    for name, planned in world.examples.items():
        example = an_example(name, planned.kind)
        sides = tuple(Side(side) for side in planned.sides)
        bench.answered(example, part=planned.part, sides=sides)
        bench.rows = [row for row in bench.rows if row.example != name]
        for side in sides:
            rows = [(planned.said.get(side, "lost"), 0), *((word, number) for number, word in enumerate(planned.again[side], 1))]
            bench.rows += [row for word, number in rows for row in _rows(example, side, word, number, planned.part)]
    if world.leaked and bench.rows:
        bench.rows[0] = replace(bench.rows[0], leaked=True)
    findings = (Finding(Rule.POLICY_CHANGED, Level.BLOCKS, "policy"),) if world.blocked else ()
    changes = tuple(ExamChange("support", "x", Partition(kind), "edited", "x", 1) for kind in world.edited)
    evidence = bench.evidence(findings=findings, exam_changes=changes)
    if world.other_prompt:
        evidence = replace(evidence, changed=(*evidence.changed, replace(evidence.changed[0], prompt="prompts/other")))
    return evidence


def _rows(example, side: Side, word: str, number: int, part: Part) -> list[Row]:
    plain = a_row(example, side, GOOD, part=part, confirmation=number)
    if word == "lost":
        return []
    if word == "error":
        return [a_row(example, side, None, part=part, confirmation=number)]
    if word == "stale":  # measured of another version of the example
        return [replace(plain, example_hash="0" * 64)]
    if word == "ungraded":  # the judge broke
        return [replace(plain, passed=None, scores={"judge": Score.unscored(ErrorClass.JUDGE, "no grade")})]
    if word == "mute":  # no metric had anything to say
        return [replace(plain, passed=None, scores={"judge": Score.not_applicable("nothing")})]
    value = NUMBERS[word]
    return [replace(plain, passed=value >= 4, scores={"judge": Score(ScoreStatus.SCORED, value, value >= 4)})]  # as a plug-in might make it


# --- the second opinion ---------------------------------------------------------------------------------------------

HOLDS = ("good", "bad", "middling")  # a whole answer with a finite grade on the scale
PASSES = ("good", "middling")
MEASURED = (*HOLDS, "nan", "inf", "off")  # it passed or failed, whatever the number is worth


def why_not(world: World) -> list[str]:
    """Every reason for which a careful reader would not believe in a pass; empty where there is none."""
    counted = {name: one for name, one in world.examples.items() if one.part is not Part.EDITED}
    looked_at = counted or {name: one for name, one in world.examples.items() if any(one.said.get(side) in MEASURED for side in one.sides)}
    reasons = [] if looked_at else ["nothing was measured"]
    reasons += ["a changed prompt was not examined"] if world.other_prompt else []
    reasons += ["something blocks"] if world.blocked else []
    reasons += ["a key leaked"] if world.leaked and any(_spoken(one) for one in world.examples.values()) else []
    reasons += ["an edit is not approved"] if world.missing_approvals and set(world.edited) - {"distribution"} else []
    for part in {one.part for one in counted.values()}:  # of each kind of row that counts something must have been heard
        if not any(one.said.get(side) in MEASURED for one in counted.values() if one.part is part for side in one.sides):
            reasons.append(f"nothing of {part} was measured")
    for name, one in counted.items():
        reasons += [f"{name}: {reason}" for reason in _one(one)]
    for kind in ("golden", "regression", "adversarial", "distribution"):
        exam = [one for one in counted.values() if one.kind == kind and one.part is Part.EXAM]
        for side in ("base", "head"):
            planned = [one for one in exam if side in one.sides]
            whole = sum(one.said.get(side) in MEASURED for one in planned)
            if whole < (1.0 if kind == "golden" else 0.95) * len(planned) - 1e-9:
                reasons.append(f"{kind}: {whole} of {len(planned)} measured at {side}")
        if any(one.said.get(side) in ("nan", "inf", "off") for one in exam for side in one.sides) and kind in ("golden", "regression"):
            reasons.append(f"{kind}: a grade is no number of the scale")
        if kind in ("golden", "regression") and _dropped(exam):
            reasons.append(f"{kind}: scores fell")
    return reasons


def _spoken(one: Planned) -> bool:
    return any(word != "lost" for side in one.sides for word in [one.said.get(side, "lost"), *one.again[side]])


def _one(one: Planned) -> list[str]:
    """What a single golden row, or a broken row of the others, says against a pass."""
    head = one.said.get("head", "lost")
    found = ["no answer of a golden row could be graded"] if one.kind == "golden" and head not in (*PASSES, "bad", "nan", "inf", "off") else []
    if one.kind == "distribution" or head not in ("bad", "nan"):  # a grade that is no number is not above the bar
        return found
    fails = 1 + sum(word in ("bad", "nan") for word in one.again["head"])
    open_head = 4 - sum(word in (*PASSES, "bad", "nan", "inf", "off") for word in one.again["head"])
    if fails + open_head < 3:
        return found  # flaky whatever the missing answers would have said
    if one.part is Part.ADDED:
        return [*found, "an added golden row fails"] if one.kind == "golden" else found
    if "base" not in one.sides:
        return [*found, "fails, and there is no base"]
    asked = [one.said.get("base", "lost"), *one.again["base"]]
    base_fails, base_known = sum(word in ("bad", "nan") for word in asked), sum(word in (*PASSES, "bad", "nan", "inf", "off") for word in asked)
    if one.kind == "golden":
        return found if base_fails >= 3 else [*found, "a golden row that base passes, or may pass, fails"]
    return [*found, "base passed it every time, as far as is known"] if base_fails == 0 and base_known <= 5 else found


def _dropped(exam: list[Planned]) -> bool:
    """Welch's test by scipy, alpha 0.05, a drop of at least 0.3, ten examples a side."""
    scores = {side: [NUMBERS[one.said[side]] for one in exam if one.said.get(side) in HOLDS] for side in ("base", "head")}
    base, head = scores["base"], scores["head"]
    if min(len(base), len(head)) < 10:
        return False
    drop = sum(base) / len(base) - sum(head) / len(head)
    if len(set(base)) == 1 == len(set(head)):
        return drop >= 0.3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one side is constant
        return bool(drop >= 0.3 and stats.ttest_ind(base, head, equal_var=False).pvalue < 0.05)


# --- the machine ------------------------------------------------------------------------------------------------------


class Verdicts(RuleBasedStateMachine):
    """Plans, answers, losses, approvals, in any order; after each of them the verdict is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.count = 0

    @rule(kind=KINDS, part=PARTS, both=st.booleans(), words=st.lists(st.sampled_from(SAID), min_size=2, max_size=2))
    def plan(self, kind: str, part: Part, both: bool, words: list[str]) -> None:
        self._add(Planned(kind, part, ("base", "head") if both or part is Part.EXAM else ("head",), dict(zip(("base", "head"), words, strict=True))))

    @rule(kind=KINDS, count=st.integers(1, 14), head=st.sampled_from(["good", "good", "bad", "middling"]))
    def plan_many(self, kind: str, count: int, head: str) -> None:
        for _ in range(count):
            self._add(Planned(kind, Part.EXAM, said={"base": "good", "head": head}))

    @rule(at=st.integers(0, 200), side=st.sampled_from(["base", "head"]), word=st.sampled_from(SAID))
    def answer_again(self, at: int, side: str, word: str) -> None:
        """What was said to one example turns out otherwise."""
        if one := self._at(at):
            one.said[side] = word

    @rule(at=st.integers(0, 200), base=st.lists(st.sampled_from(SAID), max_size=4), head=st.lists(st.sampled_from(SAID), max_size=4))
    def confirm(self, at: int, base: list[str], head: list[str]) -> None:
        if one := self._at(at):
            one.again = {"base": base, "head": head}

    @rule()
    def everything_is_mended(self) -> None:
        """So that a pass is within reach from anywhere."""
        self.world = World({name: replace(one, said=dict.fromkeys(one.sides, "good")) for name, one in self.world.examples.items() if one.part is Part.EXAM})

    @rule(kind=KINDS, missing=st.integers(0, 1))
    def edit(self, kind: str, missing: int) -> None:
        self.world.edited.append(kind)
        self.world.missing_approvals = missing

    @rule(what=st.sampled_from(["blocked", "leaked", "other_prompt"]), on=st.booleans())
    def switch(self, what: str, on: bool) -> None:
        setattr(self.world, what, on)

    @invariant()
    def a_pass_is_earned(self) -> None:
        found = decide([evidence_of(self.world)], golden_approvals_missing=self.world.missing_approvals)
        reasons = why_not(self.world)
        REACHED[found.verdict] = REACHED.get(found.verdict, 0) + 1
        assert found.verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE)
        if found.verdict is Verdict.PASS:
            assert reasons == []
        if found.verdict is Verdict.NOT_APPLICABLE:
            assert not self.world.examples
        if not reasons:
            assert found.verdict is Verdict.PASS, found.reason  # and nothing else is asked for: an honest run gets through
        assert accepted(found, "by ada").verdict is not Verdict.PASS or found.verdict is Verdict.PASS

    def _add(self, one: Planned) -> None:
        self.count += 1
        self.world.examples[f"{one.kind[0]}-{self.count:03}"] = one

    def _at(self, at: int) -> Planned | None:
        every = list(self.world.examples.values())
        return every[at % len(every)] if every else None


REACHED: dict[Verdict, int] = {}


@pytest.mark.campaign
def test_no_walk_through_states_of_evidence_finds_a_pass_that_was_not_earned():
    REACHED.clear()
    run_state_machine_as_test(
        Verdicts, settings=settings(max_examples=sized(25, 2_000), stateful_step_count=25)
    )
    assert all(REACHED.get(verdict, 0) > 20 for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)), REACHED


def test_pass_is_written_in_one_place_of_the_gate_and_nowhere_behind_it():
    """Elsewhere the word is only compared with; the harvest's own verdict (contract, 10) is the one other place."""
    home = Path(evalbot.__file__).parent
    said = [
        path.relative_to(home).as_posix()
        for path in sorted(home.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _gives_pass(node)
    ]
    assert said == ["app/harvest.py", "gate/decide.py"]


def _gives_pass(node: ast.AST) -> bool:
    """Whether a piece of code returns, assigns or hands over `Verdict.PASS` or makes one from a text."""
    given: list[ast.AST] = []
    if isinstance(node, ast.Return | ast.Assign | ast.AnnAssign) and node.value is not None:
        given = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
    if isinstance(node, ast.Call):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        given += [node] if isinstance(node.func, ast.Name) and node.func.id == "Verdict" and any(isinstance(one, ast.Constant) and one.value == "pass" for one in node.args) else []
    return any((isinstance(one, ast.Attribute) and one.attr == "PASS") or one is node for one in given)
