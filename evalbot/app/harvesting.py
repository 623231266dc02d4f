"""The harvest as a job of the action: proposals on GitHub, the check on their pull request, outputs and step summary."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.github import GitHubClient
from evalbot.adapters.runner import Runner
from evalbot.app.harvest import Harvested, HarvestOptions, harvest
from evalbot.app.harvest_names import named_in
from evalbot.app.harvest_places import MOST_CALLS
from evalbot.app.harvest_report import words
from evalbot.app.inputs import KEY, Inputs
from evalbot.app.outputs import outputs
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.pulls import CheckPage, Refused
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.verdicts import Decision, Verdict
from evalbot.report.escape import inline
from evalbot.report.summary import summary, to_json

DRY_RUN_VARIABLE = "EVALBOT_HARVEST_DRY_RUN"
_DRY_RUN = {"": False, "false": False, "true": True}  # as an input of type boolean comes, and where there is none


def act_harvest(given: Inputs, world: World, workspace: Path, runner: Runner, api_url: str, repository: str, run: str) -> int:
    """Harvest and tell; returns the exit status. What GitHub refuses after the proposal is written is a warning."""
    github = GitHubClient(given.github_token, api_url, repository, most_calls=MOST_CALLS)
    started, dry_run = world.now(), False
    try:
        dry_run = dry_run_in(world.environment)
        options = HarvestOptions(given.config, given.key, repository, dry_run, named_in(world.environment))
        done = harvest(workspace, options, world, github.proposals(), github.history(), time.time())
    except ConfigError as error:
        done = Harvested(Verdict.CONFIG_ERROR, str(error))
    except (Refused, CouldNotRun) as error:
        done = Harvested(Verdict.INCONCLUSIVE, str(error))
    except KeyboardInterrupt:
        done = Harvested(Verdict.CANCELLED, "cancelled; the next run begins where this one did")
    check_url = _checked(github, given, done, run, runner) if done.draft is not None and done.standing.tip and not dry_run else ""
    record = RunRecord(
        Decision(done.verdict, world.redact(done.reason)), given.key, "harvest", done.standing.number or None,
        policy_sha=done.policy_sha, cost_usd=done.cost_usd, calls=Calls(done.model_calls, done.judge_calls), started_at=started, version=__version__,
    )  # fmt: skip
    _keep(record, workspace / given.report_dir, world, runner)
    runner.outputs(outputs(record, given.report_dir, check_url=check_url, proposal_url=done.standing.url if done.draft and not dry_run else ""))
    runner.summary(_page(done, world, dry_run=dry_run))
    runner.untrusted(world.redact(words(done, dry_run=True) if dry_run else words(replace(done, draft=None), dry_run=False)))
    if done.verdict not in (Verdict.PASS, Verdict.CANCELLED):
        runner.say("error", world.redact(done.reason))
    return done.verdict.exit_code


def _checked(github: GitHubClient, given: Inputs, done: Harvested, run: str, runner: Runner) -> str:
    """The check on the proposal's head: runs that a job's own token would cause need a person's approval first, so it is written here."""
    name = "evalbot" if given.key == KEY else f"evalbot / {given.key}"
    page = CheckPage("➖ evalbot: proposed examples gate nothing", "These rows count once they are merged without `status: proposed`.")
    try:
        check = github.start_check(done.standing.tip, name, page, f"evalbot:{run}")
        return github.conclude_check(check, "success", page).url
    except (Refused, CouldNotRun) as error:
        runner.say("warning", f"the check could not be written: {error}")
        return ""


def _keep(record: RunRecord, folder: Path, world: World, runner: Runner) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.json").write_text(world.redact(to_json(summary(record))), encoding="utf-8")
    except OSError as error:
        runner.say("warning", f"{folder}: cannot write summary.json: {error.strerror or error}.")


def dry_run_in(environment: Mapping[str, str]) -> bool:
    """Whether a workflow's input asks for the pull request's text only; raises ConfigError where it says neither true nor false."""
    asked = environment.get(DRY_RUN_VARIABLE, "").strip()
    if asked not in _DRY_RUN:
        raise ConfigError(Problem(f"{DRY_RUN_VARIABLE}: {asked[:40]!r} is neither true nor false.", hint="Nothing was fetched."))
    return _DRY_RUN[asked]


def _page(done: Harvested, world: World, *, dry_run: bool) -> str:
    body = done.draft.body if done.draft is not None else ""
    kind = ", a dry run: nothing was written" if dry_run else ""
    return world.redact(f"## evalbot harvest: {done.verdict.replace('_', ' ')}{kind}\n\n{inline(done.reason, 600)}\n\n{body}\n")
