"""What a harvest leaves beside its proposal, whoever started it: the check on the pull request's head, and `summary.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.github import GitHubClient
from evalbot.app.harvest import Harvested
from evalbot.app.inputs import KEY
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.pulls import CheckPage, Refused
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.verdicts import Decision, Verdict
from evalbot.report.summary import summary, to_json

Say = Callable[[str], None]


def ended(error: ConfigError | Refused | CouldNotRun) -> Harvested:
    """A harvest that ended in an error."""
    return Harvested(Verdict.CONFIG_ERROR if isinstance(error, ConfigError) else Verdict.INCONCLUSIVE, str(error))


def run_of(environment: Mapping[str, str]) -> str:
    """The job's run and attempt, which a check names."""
    return f"{environment.get('GITHUB_RUN_ID', '0')}:{environment.get('GITHUB_RUN_ATTEMPT', '1')}"


def checked(github: GitHubClient, key: str, done: Harvested, run: str, warn: Say) -> str:
    """The check on the proposal's head: runs that a job's own token would cause need a person's approval first, so it is written here.

    Returns:
        Its address; "" where nothing was proposed, or it could not be written.
    """
    if done.draft is None or not done.standing.tip:
        return ""
    name = "evalbot" if key == KEY else f"evalbot / {key}"
    page = CheckPage("➖ evalbot: proposed examples gate nothing", "These rows count once they are merged without `status: proposed`.")
    try:
        check = github.start_check(done.standing.tip, name, page, f"evalbot:{run}")
        return github.conclude_check(check, "success", page).url
    except (Refused, CouldNotRun) as error:
        warn(f"the check could not be written: {error}")
        return ""


def record_of(done: Harvested, key: str, world: World, started: str) -> RunRecord:
    """The outcome as every run has one."""
    return RunRecord(
        Decision(done.verdict, world.redact(done.reason)), key, "harvest", done.standing.number or None,
        policy_sha=done.policy_sha, cost_usd=done.cost_usd, calls=Calls(done.model_calls, done.judge_calls), started_at=started, version=__version__,
    )  # fmt: skip


def keep(record: RunRecord, folder: Path, world: World, warn: Say) -> None:
    """Write `summary.json`; a folder that cannot be written is a warning."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.json").write_text(world.redact(to_json(summary(record))), encoding="utf-8")
    except OSError as error:
        warn(f"{folder}: cannot write summary.json: {error.strerror or error}.")
