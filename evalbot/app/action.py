"""The action: a runner's environment → one activity → outputs, summary, annotations and the job's exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalbot.adapters.runner import Runner
from evalbot.app.activities import (
    Activity,
    CheckMergeGroup,
    CheckPull,
    CheckRefs,
    Harvest,
    Monitor,
    Nothing,
    Publish,
    Recompute,
    RunCommand,
    RunSuite,
)
from evalbot.app.inputs import Inputs, WrongInputs, inputs
from evalbot.app.outputs import outputs
from evalbot.app.wiring import World, redactor
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.pulls import Refused
from evalbot.domain.verdicts import Verdict

if TYPE_CHECKING:
    from evalbot.app.bot import Bot, Published

PUBLIC_API = "https://api.github.com"


def act(environment: Mapping[str, str]) -> int:
    """Do what the event asks for; returns the exit status.

    Nothing of what GitHub or the runner refuses changes the verdict, and no event that evalbot does not know is an error.
    """
    runner, given = Runner(environment, redact=redactor(environment).redact), Inputs()
    try:
        given = inputs(environment)
        _mask_keys(environment, given, runner)
        for warning in given.warnings:
            runner.say("warning", warning)
        activity = _activity(environment, given)
        if isinstance(activity, Nothing):
            runner.say("notice", activity.notice)
            return 0
        return _run(activity, given, environment, runner)
    except ConfigError as error:
        return _refused(error, error.usable if isinstance(error, WrongInputs) else given, environment, runner)
    except (CouldNotRun, Refused) as error:
        runner.say("error", str(error))
        runner.outputs({"verdict": str(Verdict.INCONCLUSIVE), "reason": str(error)})
        return 0 if given.advisory else Verdict.INCONCLUSIVE.exit_code
    except KeyboardInterrupt:
        runner.outputs({"verdict": str(Verdict.CANCELLED), "reason": "cancelled before it began"})
        return Verdict.CANCELLED.exit_code


def _mask_keys(environment: Mapping[str, str], given: Inputs, runner: Runner) -> None:
    """Have both keys blackened in the log, and say of one that is written oddly what that means."""
    for name, own in (("OPENAI_API_KEY", given.openai_api_key), ("ANTHROPIC_API_KEY", given.anthropic_api_key)):
        key = own or environment.get(name, "")
        runner.mask([key])
        if "\n" in key.strip():
            runner.say("notice", f"{name} has several lines: each is masked by itself, but pieces of structured secrets can slip through. Use the bare key.")
        elif key != key.strip():
            runner.say("notice", f"the blanks around {name} were taken off.")


def _activity(environment: Mapping[str, str], given: Inputs) -> Activity:
    from evalbot.app.routing import route

    return route(environment.get("GITHUB_EVENT_NAME", ""), _payload(environment), given)


def _payload(environment: Mapping[str, str]) -> Mapping[str, Json]:
    path = environment.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}
    try:
        found = parse_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(Problem(f"the event's payload cannot be read: {error}", path)) from error
    if not isinstance(found, Mapping):
        raise ConfigError(Problem("the event's payload is no object.", path))
    return found


def _refused(error: ConfigError, given: Inputs, environment: Mapping[str, str], runner: Runner) -> int:
    """What cannot begin is written down all the same: in files, outputs and, where the event is about a head, its check and comment."""
    from evalbot.app.refused import on_its_head, record_of

    world = _world(given, environment)
    published = on_its_head(record_of(error, given, environment, world.now()), lambda: _activity(environment, replace(given, command="auto")), lambda activity: _bot(activity, given, environment, world))
    return _tell(published, given, Path(environment.get("GITHUB_WORKSPACE", ".")), world, runner)


def _world(given: Inputs, environment: Mapping[str, str]) -> World:
    workspace = Path(environment.get("GITHUB_WORKSPACE", "."))
    keys = {"OPENAI_API_KEY": given.openai_api_key, "ANTHROPIC_API_KEY": given.anthropic_api_key}
    secrets = {**environment, **{name: key for name, key in keys.items() if key}, "GITHUB_TOKEN": given.github_token}
    return World.real(secrets, workspace / given.report_dir, quiet=False, cache_dir=workspace / given.cache_dir)


def _bot(activity: Activity, given: Inputs, environment: Mapping[str, str], world: World) -> Bot:
    from evalbot.adapters.github import GitHubClient
    from evalbot.app.bot import Bot

    if not given.github_token:
        raise ConfigError(Problem("there is no token: the input `github-token` is empty.", hint="Leave it out to use the job's own."))
    repository = environment.get("GITHUB_REPOSITORY", "")
    github = GitHubClient(given.github_token, environment.get("GITHUB_API_URL") or PUBLIC_API, repository, most_calls=_most_calls(activity))
    run = f"{environment.get('GITHUB_RUN_ID', '0')}:{environment.get('GITHUB_RUN_ATTEMPT', '1')}"
    return Bot(github, given, world, Path(environment.get("GITHUB_WORKSPACE", ".")), run, environment.get("GITHUB_WORKFLOW_REF", ""), repository)


def _run(activity: Activity, given: Inputs, environment: Mapping[str, str], runner: Runner) -> int:
    world = _world(given, environment)
    bot = _bot(activity, given, environment, world)
    workspace = bot.workspace
    if isinstance(activity, Harvest):
        from evalbot.app.harvesting import act_harvest

        api = environment.get("GITHUB_API_URL") or PUBLIC_API
        return act_harvest(given, world, workspace, runner, api, bot.repository, bot.run)
    if isinstance(activity, Monitor):
        from evalbot.app.watching import act_monitor

        return act_monitor(given, world, workspace, runner, bot.github)
    published = _published(activity, bot, environment)
    if isinstance(published, Nothing):
        runner.say("notice", published.notice)
        return 0
    return 0 if published is None else _tell(published, given, workspace, world, runner)


def _most_calls(activity: Activity) -> int:
    """What a run may ask of GitHub: one that remembers reads and writes two files a suite, a check none."""
    from evalbot.adapters.github.api import MOST_CALLS

    return 10 * MOST_CALLS if isinstance(activity, RunSuite | Harvest) else MOST_CALLS


def _published(activity: Activity, bot: Bot, environment: Mapping[str, str]) -> Published | Nothing | None:
    """One activity, one module; None where there is nothing to report."""
    match activity:
        case CheckPull():
            return bot.check_pull(activity)
        case Recompute():
            return bot.recompute(activity)
        case CheckMergeGroup():
            from evalbot.app.queued import check_merge_group

            return check_merge_group(bot, activity)
        case CheckRefs():
            return bot.check_refs(activity, environment.get("GITHUB_SHA", ""))
        case Publish():
            from evalbot.app.publishing import publish_run

            return publish_run(bot, activity)
        case RunSuite():
            from evalbot.app.suite_bot import run_suite

            return run_suite(bot, activity, environment.get("GITHUB_EVENT_NAME", ""), environment.get("GITHUB_SHA", ""))
        case RunCommand():
            from evalbot.app.talk import answer

            return answer(bot, activity)
        case _:
            return Nothing(f"{type(activity).__name__} is not available in this version: nothing was done.")


def _tell(published: Published, given: Inputs, workspace: Path, world: World, runner: Runner) -> int:
    """Files, summary, outputs and the log."""
    from evalbot.app.publish import publish
    from evalbot.report.comment import comment
    from evalbot.report.title import title

    record = published.record
    try:
        publish(record, workspace / given.report_dir, world.redact)
    except CouldNotRun as error:
        runner.say("warning", str(error))
    runner.summary(world.redact(comment(record, advisory=given.advisory)))
    runner.outputs(outputs(record, given.report_dir, comment_url=published.comment_url, check_url=published.check_url))
    runner.annotate(published.annotations)
    for problem in record.problems:
        runner.say("error", world.redact(str(problem)))
    for warning in published.warnings:
        runner.say("warning", world.redact(warning))
    runner.untrusted(title(record, advisory=given.advisory))
    return 0 if given.advisory and record.decision.verdict is not Verdict.CANCELLED else record.decision.verdict.exit_code
