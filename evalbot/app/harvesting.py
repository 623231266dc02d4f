"""The harvest as a job of the action: proposals on GitHub, the check on their pull request, outputs and step summary."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from evalbot.adapters.github import GitHubClient
from evalbot.adapters.runner import Runner
from evalbot.app.harvest import Harvested, HarvestOptions, harvest
from evalbot.app.harvest_names import named_in
from evalbot.app.harvest_places import MOST_CALLS
from evalbot.app.harvest_record import checked, ended, keep, record_of
from evalbot.app.harvest_report import words
from evalbot.app.inputs import Inputs
from evalbot.app.outputs import outputs
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.pulls import Refused
from evalbot.domain.verdicts import Verdict
from evalbot.report.escape import inline

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
    except (ConfigError, Refused, CouldNotRun) as error:
        done = ended(error)
    except KeyboardInterrupt:
        done = Harvested(Verdict.CANCELLED, "cancelled; the next run begins where this one did")
    warn = partial(runner.say, "warning")
    check_url = "" if dry_run else checked(github, given.key, done, run, warn)
    record = record_of(done, given.key, world, started)
    keep(record, workspace / given.report_dir, world, warn)
    runner.outputs(outputs(record, given.report_dir, check_url=check_url, proposal_url=done.standing.url if done.draft and not dry_run else ""))
    runner.summary(_page(done, world, dry_run=dry_run))
    runner.untrusted(world.redact(words(done, dry_run=True) if dry_run else words(replace(done, draft=None), dry_run=False)))
    if done.verdict not in (Verdict.PASS, Verdict.CANCELLED):
        runner.say("error", world.redact(done.reason))
    return done.verdict.exit_code


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
