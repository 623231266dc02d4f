"""The harvest as a job of the action: proposals on GitHub, the check on their pull request, outputs and step summary."""

from __future__ import annotations

import time
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
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.pulls import CheckPage, Refused
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.verdicts import Decision, Verdict
from evalbot.report.escape import inline
from evalbot.report.summary import summary, to_json


def act_harvest(given: Inputs, world: World, workspace: Path, runner: Runner, api_url: str, repository: str, run: str) -> int:
    """Harvest and tell; returns the exit status. What GitHub refuses after the proposal is written is a warning."""
    github = GitHubClient(given.github_token, api_url, repository, most_calls=MOST_CALLS)
    started = world.now()
    try:
        options = HarvestOptions(given.config, given.key, repository, named=named_in(world.environment))
        done = harvest(workspace, options, world, github.proposals(), github.history(), time.time())
    except ConfigError as error:
        done = Harvested(Verdict.CONFIG_ERROR, str(error))
    except (Refused, CouldNotRun) as error:
        done = Harvested(Verdict.INCONCLUSIVE, str(error))
    except KeyboardInterrupt:
        done = Harvested(Verdict.CANCELLED, "cancelled; the next run begins where this one did")
    check_url = _checked(github, given, done, run, runner) if done.draft is not None and done.standing.tip else ""
    record = RunRecord(
        Decision(done.verdict, world.redact(done.reason)), given.key, "harvest", done.standing.number or None,
        policy_sha=done.policy_sha, cost_usd=done.cost_usd, calls=Calls(done.model_calls, done.judge_calls), started_at=started, version=__version__,
    )  # fmt: skip
    _keep(record, workspace / given.report_dir, world, runner)
    runner.outputs(outputs(record, given.report_dir, check_url=check_url, proposal_url=done.standing.url if done.draft else ""))
    runner.summary(_page(done, world))
    runner.untrusted(world.redact(words(replace(done, draft=None), dry_run=False)))
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


def _page(done: Harvested, world: World) -> str:
    body = done.draft.body if done.draft is not None else ""
    return world.redact(f"## evalbot harvest: {done.verdict.replace('_', ' ')}\n\n{inline(done.reason, 600)}\n\n{body}\n")
