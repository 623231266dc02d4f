"""Which `evalbot.yml` rules: the base branch's tip, or head's own in a bootstrap; and what head would change in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from evalbot.adapters.strict_yaml import read_yaml
from evalbot.config import compare_policies, load_policy
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.models import Model
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Tree

WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True)
class Policies:
    """The policy of a run, and what each side says of its own subject.

    Args:
        policy: The rules.
        base: The merge base's file where it is valid, else the policy: where base's model comes from.
        head: Head's file: where head's model and prompts come from. The policy where head deleted it.
        bootstrap: The tip had no usable policy, so head's rules (`policy` is `head`).
        not_applied: What head changes in policy or workflow, a line each; a workflow that is new together with the configuration is not named.
    """

    policy: Policy
    base: Policy
    head: Policy
    bootstrap: bool = False
    not_applied: tuple[str, ...] = ()
    fork: bool = False

    @property
    def suites(self) -> Sequence[tuple[SuitePolicy, bool]]:
        """Every suite to look at, and whether it is only head's (its definition is then a bootstrap; a fork has none)."""
        new = [] if self.fork else [suite for name, suite in self.head.suites.items() if name not in self.policy.suites]
        return [(suite, self.bootstrap) for suite in self.policy.suites.values()] + [(suite, True) for suite in new]

    def of(self, suite: str) -> Policies:
        """What rules one suite: a suite that only head has is head's, with policy's models where both name one."""
        if suite in self.policy.suites:
            return self
        rules = replace(self.head, models={**self.head.models, **self.policy.models}, limits=self.policy.limits)
        return replace(self, policy=rules, base=rules, head=rules)


def load_policies(tip: Tree, merge_base: Tree, head: Tree, path: str, changed: Sequence[str], *, fork: bool = False) -> Policies:
    """Read the file at the three places and settle which one rules.

    Args:
        changed: Paths that differ between merge base and head.
        fork: Head is a stranger's: it brings no rules along, not even where there are none.

    Raises:
        ConfigError: There is no configuration on either side, head's is wrong, or a bootstrap asks for what it may not.
    """
    if not tip.exists(path) and not head.exists(path):
        near = nearest(path, [other for other in head.paths() if other.endswith((".yml", ".yaml"))])
        hint = near if near.startswith("Did you mean") else "`evalbot init` writes one (docs/quickstart.md)."
        raise ConfigError(Problem("no configuration: the file is on neither side.", path, None, hint))
    if fork and not tip.exists(path):
        raise ConfigError(Problem("the base branch has no configuration, and a fork cannot bring one.", path, None, "Add it in a pull request of your own first."))
    load = lru_cache(load_policy)  # mostly the same bytes at all three places
    at_head = load(head.read(path), path) if head.exists(path) else None
    try:
        policy = load(tip.read(path), path) if tip.exists(path) else None
    except ConfigError:
        if fork or at_head is None or head.read(path) == tip.read(path):
            raise
        policy = None
    if policy is None:
        assert at_head is not None  # noqa: S101 - one side has the file, as checked above
        _refuse_endpoints(at_head.models, head, path)
        _refuse_systems(at_head.suites.values(), head, path)
        news = () if not tip.exists(path) and not _has_workflow(tip) else tuple(_workflows(merge_base, head, changed))
        return Policies(at_head, at_head, at_head, bootstrap=True, not_applied=news)
    at_base = _load_or(policy, load, merge_base, path)
    if at_head is not None and not fork:
        _refuse_endpoints(_unknown_models(at_head, policy), head, path)
        _refuse_systems([suite for name, suite in at_head.suites.items() if name not in policy.suites], head, path)
    differs = _not_applied(at_base, at_head, policy, [merge_base, head, tip], changed)
    brought = (f"{path}: suites.{name}: added" for name in (at_head.suites if at_head is not None and fork else ()) if name not in policy.suites)
    return Policies(policy, at_base, at_head or policy, not_applied=(*differs, *brought), fork=fork)


def _load_or(policy: Policy, load: Callable[[bytes, str], Policy], tree: Tree, path: str) -> Policy:
    """The merge base's file, or the policy where it has none that is valid: then nothing of base's subject differs."""
    try:
        return load(tree.read(path), path) if tree.exists(path) else policy
    except ConfigError:
        return policy


def _not_applied(base: Policy, head: Policy | None, policy: Policy, trees: Sequence[Tree], changed: Sequence[str]) -> Iterator[str]:
    """What head changes, unless the tip says the same already, as where both got it from a branch that was merged before."""
    base_tree, head_tree, tip = trees
    if head is None:
        if base_tree.exists(base.path):  # else head is only older than the file
            yield f"{base.path}: deleted"
    else:
        left = [_key(difference) for difference in compare_policies(policy, head)]
        for difference in compare_policies(base, head):
            if any(_inside(_key(difference), key) or _inside(key, _key(difference)) for key in left):
                yield f"{head.path}: {difference}"
    yield from _workflows(base_tree, head_tree, [path for path in changed if not _same(head_tree, tip, path)])


def _key(difference: str) -> str:
    return difference.partition(": ")[0]


def _inside(key: str, outer: str) -> bool:
    return key == outer or key.startswith((f"{outer}.", f"{outer}["))


def _same(one: Tree, other: Tree, path: str) -> bool:
    return one.exists(path) and other.exists(path) and one.read(path) == other.read(path)


def _workflows(base_tree: Tree, head_tree: Tree, changed: Sequence[str]) -> Iterator[str]:
    """The workflows that run evalbot and that head changes."""
    for path in changed:
        if path.startswith(WORKFLOWS) and any(_runs_evalbot(tree, path) for tree in (base_tree, head_tree)):
            yield f"{path}: {'added' if not base_tree.exists(path) else 'changed' if head_tree.exists(path) else 'deleted'}"


def _has_workflow(tree: Tree) -> bool:
    return any(path.startswith(WORKFLOWS) and _runs_evalbot(tree, path) for path in tree.paths())


def _runs_evalbot(tree: Tree, path: str) -> bool:
    return tree.exists(path) and b"evalbot" in tree.read(path)


def _unknown_models(head: Policy, policy: Policy) -> Mapping[str, Model]:
    """Models that head's own new suites ask for by a name that policy does not know."""
    new = [suite for name, suite in head.suites.items() if name not in policy.suites]
    asked = {suite.model for suite in new} | {name for suite in new for spec in suite.metrics for name in models_of(spec.options)}
    return {name: model for name, model in head.models.items() if name in asked and name not in policy.models}


def models_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Names of models that a metric's options hold: its `model` and its `jury`."""
    listed = options.get("jury")
    for name in (options.get("model"), *(listed if isinstance(listed, list | tuple) else ())):
        if isinstance(name, str):
            yield name


def _refuse_endpoints(models: Mapping[str, Model], tree: Tree, path: str) -> None:
    """In a bootstrap nothing of head may say where keys go."""
    lines = tree.read(path).decode("utf-8", "replace").splitlines()
    problems = [
        Problem(
            f"models.{name}: `{key}` is not taken from a pull request that adds the configuration.", path,
            _line_of(lines, name, key), "Merge it first, or use a built-in endpoint (OPENAI_BASE_URL in the workflow's `env:`).",
        )
        for name, model in models.items()
        for key, given in (("base_url", model.base_url), ("api_key_env", model.api_key_env), ("auth", model.federation))
        if given is not None
    ]  # fmt: skip
    if problems:
        raise ConfigError(problems)


def _refuse_systems(suites: Iterable[SuitePolicy], tree: Tree, path: str) -> None:
    """Nor may anything of head be run, or say which host is asked: recorded answers are data, all else is not."""
    refused = [suite for suite in suites if suite.target is not None and suite.target.get("type") != "replay"]
    if refused:
        located = read_yaml(tree.read(path), path)
        hint = "Merge it first: what runs is always the base branch's."
        raise ConfigError(
            located.problem(f"suites.{suite.name}: a target of type {suite.target['type']!r} is not run from a pull request that adds it.",
                            "suites", suite.name, "target", "type", hint=hint)
            for suite in refused if suite.target
        )  # fmt: skip


def _line_of(lines: Sequence[str], name: str, key: str) -> int | None:
    start = next((number for number, line in enumerate(lines, 1) if line.strip().startswith(f"{name}:")), 1)
    return next((number for number, line in enumerate(lines[start - 1 :], start) if f"{key}:" in line), None)

