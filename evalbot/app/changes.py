"""Which prompts a pull request changes, and why: both sides are read, and what differs between them is the cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from evalbot.adapters.trees import shown
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Prompt, Tree
from evalbot.domain.runs import Cause, Side, file_of

_PARTS = (Cause.TEMPLATE, Cause.PARTIAL, Cause.MODEL, Cause.PARAMS, Cause.SCHEMA)


@dataclass(frozen=True)
class PromptPair:
    """One prompt on its two sides.

    Attributes:
        id: Head's path without suffix; base's where head deleted it.
        path: The path that the id comes from.
        base: None where it is new, or where base's file cannot be read (`base_problem` says why).
        head: None where it was deleted.
        causes: What differs; empty where nothing that the model is asked does.
        base_path: Its path at base; None where it is new.
    """

    id: str
    path: str
    base: Prompt | None
    head: Prompt | None
    causes: tuple[Cause, ...]
    base_path: str | None = None
    base_problem: str = ""

    @property
    def renamed(self) -> bool:
        """Whether head has it under another path; among `causes` only beside another one."""
        return self.head is not None and self.base_path not in (None, self.path)

    @property
    def sides(self) -> tuple[Side, ...]:
        """Where it can be run: both sides, head only where it is new, nowhere where it was deleted."""
        if self.head is None:
            return ()
        return (Side.HEAD,) if self.base is None else (Side.BASE, Side.HEAD)


@dataclass(frozen=True)
class PromptPairs:
    """A suite's prompts.

    Attributes:
        prompts: Those of either side, sorted by path.
        left_out: Paths of prompts that only the tip of the base branch has, or that it has moved or dropped and head
            did not change: head can prove nothing about them.
    """

    prompts: tuple[PromptPair, ...]
    left_out: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[PromptPair, ...]:
        """Those with a cause."""
        return tuple(pair for pair in self.prompts if pair.causes)


def pair_prompts(
    base: Tree, head: Tree, *, base_patterns: Sequence[str], head_patterns: Sequence[str], renames: Mapping[str, str],
    policy_tree: Tree | None = None, policy_patterns: Sequence[str] | None = None, policy_path: str, policy_lines: Sequence[int] = (),
) -> PromptPairs:  # fmt: skip
    """Pair a suite's prompts by path, then by rename, and name what differs.

    Args:
        base: The merge base's files.
        head: Head's files.
        base_patterns: Globs that name the suite's prompts at base.
        head_patterns: Globs that name them at head.
        renames: Head's path → base's path, of files that git sees as moved.
        policy_tree: The files at the tip of the base branch.
        policy_patterns: Globs that name the prompts there; by default `base_patterns`.
        policy_path: The configuration that holds the globs, for messages.
        policy_lines: The line of each of `head_patterns`, for messages.

    Raises:
        ConfigError: A glob of head names nothing anywhere; two prompts have one id; a prompt of head cannot be read;
            head changed a prompt that the tip has since moved or dropped.
        CouldNotRun: git objects are missing.
    """
    from evalbot.adapters.globs import match

    tip = policy_tree if policy_tree is not None and policy_tree.name != base.name else None
    at_base, at_head = match(base_patterns, base.paths()), match(head_patterns, head.paths())
    at_tip = match(base_patterns if policy_patterns is None else policy_patterns, tip.paths()) if tip else []
    _refuse_idle(head_patterns, sorted({*at_base, *at_head, *at_tip}), head.paths(), policy_path, policy_lines)
    _refuse_twins(at_head, (policy_path, policy_lines[0] if policy_lines else None))

    sides = _sides(at_base, at_head, renames)
    seen = {path for both in sides for path in both}
    left_out = {path for path in at_tip if path not in seen}
    left_out |= {path for both in sides if (path := _stale(both, base, head, tip))}
    pairs, problems = [], list[Problem]()
    for both in sides:
        if left_out.isdisjoint(both):
            try:
                pairs.append(_pair(both, base, head))
                problems += _behind(pairs[-1], base, tip)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(problems)
    return PromptPairs(tuple(sorted(pairs, key=lambda pair: pair.path)), tuple(sorted(left_out)))


_Sides = tuple[str | None, str | None]


def _sides(at_base: Sequence[str], at_head: Sequence[str], renames: Mapping[str, str]) -> list[_Sides]:
    """(Base's path, head's path) of each prompt."""
    left = dict.fromkeys(at_base)
    found: list[_Sides] = [(path, path) for path in at_head if path in left]
    for path, _ in found:
        left.pop(str(path))
    for path in at_head:
        if path not in at_base:
            file = file_of(path)
            was = f"{renames[file]}{path[len(file) :]}" if file in renames else None
            found.append((was if was in left else None, path))
            left.pop(str(was), None)
    return [*found, *((path, None) for path in left)]


def _pair(both: _Sides, base: Tree, head: Tree) -> PromptPair:
    from evalbot.adapters.prompts import load_prompt, prompt_id

    base_path, head_path = both
    path = str(head_path or base_path)
    if head_path is None:
        _refuse_detour(file_of(path), head)
    of_head = load_prompt(head, head_path) if head_path is not None else None
    of_base, problem = None, ""
    if base_path is not None:
        try:
            of_base = load_prompt(base, base_path)
        except ConfigError as error:  # what head mends must not stop it: head then runs alone
            problem = str(error)
    causes = _causes(of_base, of_head, bool(problem))
    renamed = bool(causes) and None not in both and base_path != head_path
    return PromptPair(prompt_id(path), path, of_base, of_head, (*causes, *([Cause.RENAMED] if renamed else [])), base_path, problem)


def _refuse_detour(path: str, head: Tree) -> None:
    """A file that is gone because a folder on its way became a link or a submodule was not deleted: raises ConfigError, as for any of them."""
    for folder in PurePosixPath(path).parents:
        if head.exists(str(folder)):
            head.read(str(folder))


def _causes(base: Prompt | None, head: Prompt | None, base_is_broken: bool) -> tuple[Cause, ...]:
    if head is None:
        return (Cause.DELETED,)
    if base is None:
        return (Cause.TEMPLATE,) if base_is_broken else (Cause.NEW,)
    return tuple(cause for cause in _PARTS if base.digests[cause] != head.digests[cause])


def _stale(both: _Sides, base: Tree, head: Tree, tip: Tree | None) -> str | None:
    """The path of a prompt that the tip has dropped and that head dropped too, or only has because it is older."""
    base_path, head_path = both
    if tip is None:
        return None
    if head_path is None:
        return base_path if base_path is not None and not tip.exists(file_of(base_path)) else None
    file = file_of(head_path)
    if base_path is None and base.exists(file) and not tip.exists(file):
        return head_path if base.read(file) == head.read(file) else None
    return None


def _behind(pair: PromptPair, base: Tree, tip: Tree | None) -> Iterator[Problem]:
    origin = file_of(pair.base_path or pair.path)
    if tip is not None and pair.causes and base.exists(origin) and not tip.exists(origin):
        message = "this prompt is changed here, but the base branch has since moved or dropped it."
        yield Problem(message, shown(pair.path), hint="Update your branch: merge or rebase onto the base branch, then change it where it is now.")


def _refuse_idle(patterns: Sequence[str], named: Sequence[str], paths: Sequence[str], policy_path: str, lines: Sequence[int]) -> None:
    from evalbot.adapters.globs import line_of, match, suggestion

    files = list(map(file_of, named))
    idle = [pattern for pattern in patterns if not match([pattern.removeprefix("!")], files)]
    positive = [pattern for pattern in idle if not pattern.startswith("!")]
    if not patterns:
        raise ConfigError(Problem("no prompt is named.", policy_path))
    if positive:
        raise ConfigError(
            Problem(f"no prompt matches {pattern!r}, at base or at head.", policy_path, line_of(pattern, patterns, lines), suggestion(pattern, paths))
            for pattern in positive
        )


def _refuse_twins(paths: Sequence[str], place: tuple[str, int | None]) -> None:
    from evalbot.adapters.prompts import prompt_id

    first: dict[str, str] = {}
    twins = [(first[prompt_id(path)], path) for path in paths if first.setdefault(prompt_id(path), path) != path]
    if twins:
        hint = "A prompt's id is its path without suffix: rename one."
        raise ConfigError(Problem(f"{one!r} and {other!r} are one prompt by id.", *place, hint) for one, other in twins)
