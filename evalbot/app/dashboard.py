"""The dashboard: a static page of what the monitor and the suites' runs left behind; it measures nothing and asks nobody."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.alerting import write_whole
from evalbot.adapters.git import Repository
from evalbot.adapters.git_history import GitHistory
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.app.dashboard_production import production
from evalbot.app.dashboard_suites import suite_cost, suite_shown
from evalbot.app.exams import suite_metrics
from evalbot.app.harvest_names import example_id, hashed_by
from evalbot.app.wiring import World, redactor
from evalbot.config import policy_in
from evalbot.domain.dashboard import CostShown, Dashboard, Production, Proposing, SampleShown
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.monitoring import MonitorPolicy, Seen
from evalbot.domain.policy import Policy
from evalbot.domain.ports import Tree
from evalbot.domain.privacy import Personal
from evalbot.report.dashboard import document

PAGE = "index.html"
_NAME = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+\Z")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?\Z")
_LOST = "(not shown: it could not be looked through for personal data)"


@dataclass(frozen=True)
class DashboardOptions:
    """What is asked of a dashboard.

    Args:
        config: Path of the configuration in the work tree.
        key: Whose suites are meant, where a repository has several configurations.
        store: The monitor's file; "" for the configured one.
        texts: Whether the beginnings of questions and answers are on the page, redacted once more.
    """

    config: str = "evalbot.yml"
    key: str = "default"
    store: str = ""
    texts: bool = False


def dashboard(root: Path, options: DashboardOptions, world: World, now: float) -> Dashboard:
    """Read what there is.

    Raises:
        ConfigError: There is no configuration, it is wrong, or it forbids to show texts.
        CouldNotRun: The store that was named is not there or is none; the history cannot be read.
    """
    tree = Repository(root).work_tree()
    policy = policy_in(tree, options.config)
    if options.texts and not policy.report.show_outputs:
        raise ConfigError(Problem("`report.show_outputs: false` keeps answers off every page.", options.config, None, "Leave --texts out."))
    history = GitHistory(root)
    suites = tuple(suite_shown(name, suite.owner, options.key, history) for name, suite in policy.suites.items())
    proposing = _proposing(policy, options, world)
    made, cost, notes = _watched(root, policy, options, world, tree, now)
    costs = (*((cost,) if cost else ()), *(suite_cost(suite, now) for suite in suites))
    return Dashboard(now, __version__, _repository(world), made, suites, costs, proposing, options.texts, notes)


def write(made: Dashboard, folder: Path, redact: Callable[[str], str]) -> Path:
    """Put the page in its folder, whole; raises CouldNotRun where that cannot be done."""
    path = folder / PAGE
    try:
        write_whole(path, redact("".join(document(made))))
    except OSError as error:
        raise CouldNotRun(f"{path}: cannot write the page: {error.strerror or error}.") from error
    return path


def as_json(made: Dashboard) -> str:
    """What the page shows, for programs: the fields of `evalbot.domain.dashboard`."""
    return json.dumps(asdict(made), indent=2, allow_nan=False)


def _watched(
    root: Path, policy: Policy, options: DashboardOptions, world: World, tree: Tree, now: float
) -> tuple[Production | None, CostShown | None, tuple[str, ...]]:
    """Production as the store has it; a note says why there is nothing, since nothing measured must not look like nothing wrong."""
    ours = policy.monitor
    if ours is None:
        return None, None, (f"{options.config} has no `monitor:`, so production is not measured.",)
    path = root / (options.store or ours.store)
    if not path.is_file():
        if options.store:
            raise CouldNotRun(f"{options.store}: there is no such file. The monitor writes it where `monitor.store` says.")
        return None, None, (f"There is no {ours.store} here: no worker of the monitor has written it, or it was not brought to where this page is made.",)
    metrics = suite_metrics(policy.suites[ours.suite], tree, policy.path, [])
    lower = frozenset(name for name, metric in metrics.items() if metric.lower_is_better)
    asked = frozenset(name for name, metric in metrics.items() if metric.models)
    store = MonitorStore(path, read_only=True)
    try:
        made, spent = production(store, ours, now, lower, asked, _shower(root, policy, options, ours, world))
    finally:
        store.close()
    return made, CostShown("judging of production", spent), ()


def _shower(root: Path, policy: Policy, options: DashboardOptions, ours: MonitorPolicy, world: World) -> Callable[[Seen], SampleShown]:
    """Samples by the names that a harvest knows them by, their texts redacted once more."""
    key, own = secrets.token_bytes(32), redactor(world.environment)
    text = Personal(key, ours.redact, own)
    names = Personal(key, policy.harvest.redact if policy.harvest else ours.redact, own)
    hashed = hashed_by(world.environment, _repository(world) or root.name)

    def clean(words: str) -> str:
        try:
            return text.redact(words) if options.texts else ""
        except ValueError:
            return _LOST

    def shown(one: Seen) -> SampleShown:
        name = example_id(one.id, names, hashed)
        return SampleShown(name, one.at, one.scores, one.failed, one.hallucinated, one.judged, one.length, clean(one.input), clean(one.output))

    return shown


def _proposing(policy: Policy, options: DashboardOptions, world: World) -> Proposing | None:
    if policy.harvest is None:
        return None
    server = world.environment.get("GITHUB_SERVER_URL", "")
    known = server if _ADDRESS.match(server) else "https://github.com"
    return Proposing(policy.harvest.suite, options.config, options.key, _repository(world), known)


def _repository(world: World) -> str:
    """owner/name on Actions, "" elsewhere."""
    name = world.environment.get("GITHUB_REPOSITORY", "")
    return name if _NAME.match(name) else ""
