"""Suites whose target is no prompt: what answers on each side, what it is asked, and from which files it is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.adapters.globs import match
from evalbot.app.changes import PromptPair, PromptPairs
from evalbot.app.commits import Commits
from evalbot.config import build_target
from evalbot.domain.canonical import Json, canonical, digest
from evalbot.domain.errors import ConfigError, Problem, named_at
from evalbot.domain.examples import Example
from evalbot.domain.models import Endpoint, Message, Model
from evalbot.domain.policy import SuitePolicy
from evalbot.domain.ports import Snapshot
from evalbot.domain.runs import Cause, Side
from evalbot.domain.targets import Target

_WEEK_SECONDS = 604_800.0  # a system keeps its own time, which begins once a process of it is free; the run's time ends all


@dataclass(frozen=True)
class System:
    """A target ready to be started: its files come from `tree`, which is policy's for whatever runs code."""

    target: Target
    tree: Snapshot


Systems = Mapping[Endpoint, System]
"""Systems by the endpoint of the model under which the engine asks them."""


@dataclass(frozen=True)
class SystemPrompt:
    """A target in the place of a prompt: what it renders is the JSON that the target is asked."""

    id: str
    path: str
    target: Target
    version: str
    model: str | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    schema: Mapping[str, Json] | None = None
    text: str = ""

    @property
    def digests(self) -> Mapping[str, str]:
        """Of the recorded file, if it has one: policy's code is the same on both sides."""
        return {"template": self.version}

    def render_all(self, examples: Sequence[Example]) -> Sequence[tuple[Message, ...] | str]:
        """One message for each example, or the reason why the target cannot be asked it."""
        return [self._render(example) for example in examples]

    def _render(self, example: Example) -> tuple[Message, ...] | str:
        try:
            return (Message("user", canonical(self.target.payload(example))),)
        except ValueError as error:
            return str(error)


@dataclass(frozen=True)
class SubjectSides:
    """What is compared, on both sides: prompts with their models, or a system. `refused` and `known` name models that do not run, by head's wish and by both sides'."""

    pairs: PromptPairs
    models: Mapping[tuple[str, Side], Model]
    systems: Systems
    refused: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


def system_sides(suite: SuitePolicy, commits: Commits, path: str) -> SubjectSides:
    """The target as policy has it on both sides; a recorded one as each side's own file has it.

    Code is never head's: then both sides are the same, so that only a change of the exam is measured.

    Raises:
        ConfigError: The target cannot be made, or its file is on neither side.
    """
    kind = str((suite.target or {}).get("type"))
    file = recorded_file(suite, path)
    trees = dict.fromkeys(Side, commits.tip) if file is None else {Side.BASE: commits.merge_base, Side.HEAD: commits.head}
    prompts = {side: system_prompt(suite, tree, path) for side, tree in trees.items() if file is None or tree.exists(file)}
    if not prompts:
        raise ConfigError(Problem(f"the target's file {file} is on neither side.", path, suite.line or None))
    base, head = prompts.get(Side.BASE), prompts.get(Side.HEAD)
    pair = PromptPair(kind, file or path, base, head, _causes(base, head), base.path if base else None)
    models = {(kind, side): _model(kind, prompt.target, commits.tip) for side, prompt in prompts.items()}
    systems = {models[kind, side].endpoint: System(prompt.target, commits.tip) for side, prompt in prompts.items()}
    return SubjectSides(PromptPairs((pair,)), models, systems)


def system_prompt(suite: SuitePolicy, tree: Snapshot, path: str) -> SystemPrompt:
    """The target with the files of one tree; raises ConfigError where it cannot be made."""
    try:
        target = build_target(suite, path, tree.read)
    except ConfigError as error:
        raise ConfigError(named_at(error, "the target", path, suite.line or None)) from None
    file = target.recorded
    return SystemPrompt(str((suite.target or {}).get("type")), file or path, target, tree.identity(file) if file else "")


def recorded_file(suite: SuitePolicy, path: str) -> str | None:
    """The file that stands for the target on each side, where it has one."""
    return build_target(suite, path, lambda _: b"").recorded


def code_paths(target: Target, tree: Snapshot) -> list[str]:
    """The files that a target runs."""
    return match(target.code, tree.paths()) if target.code is not None else []


def _causes(base: SystemPrompt | None, head: SystemPrompt | None) -> tuple[Cause, ...]:
    if base is None or head is None:
        return (Cause.NEW,) if base is None else (Cause.DELETED,)
    return (Cause.TEMPLATE,) if base.digests != head.digests else ()


def _model(kind: str, target: Target, tree: Snapshot) -> Model:
    """The target as the engine knows it: everything that can change an answer is in its identity."""
    code = [[path, tree.identity(path)] for path in code_paths(target, tree)]
    identity = digest([kind, target.identity(), code])[:16]
    return Model(kind, target.label, base_url=f"target:{identity}", seconds=_WEEK_SECONDS)
