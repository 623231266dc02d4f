"""Suites on GitHub: on a push, a tag, a release or a schedule; the check goes to the commit, an issue stands while one is worse."""

from __future__ import annotations

from dataclasses import replace

from evalbot.app.activities import RunSuite
from evalbot.app.bot import CANCELLED, Bot, Published, whole
from evalbot.app.commits import Commits
from evalbot.app.suite import run_suites
from evalbot.app.suite_plan import SuiteOptions
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.history import History
from evalbot.domain.pulls import Issue, Refused
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Level, Verdict
from evalbot.report.issue import LABELS, issue_body, issue_marker, issue_title, key_marker, recovered_body, removed_body


def run_suite(bot: Bot, activity: RunSuite, event: str, sha: str) -> Published:
    """Run the suites of a commit and say so on it.

    Args:
        event: GITHUB_EVENT_NAME.
        sha: GITHUB_SHA, for an activity that names no commit.
    """
    head = activity.sha or (bot.github.tip(activity.ref.removeprefix("refs/")) if activity.ref else sha)
    voice = bot.voice()
    if not _is_a_pull_requests(bot, head, activity.ref, event):
        voice.start(head, None)
    given = bot.inputs
    options = SuiteOptions(
        given.config, given.key, event, given.suites, given.partitions, given.epochs, only_changed=not activity.always,
        worse=lambda suite: _stands(bot, suite) is not None, fresh=activity.always, stores=activity.stores, logs=True,
    )  # fmt: skip
    history: History = bot.github.history()

    def commits() -> Commits:
        folders = (given.cache_dir, given.report_dir)
        policy = head if not activity.by_default_branch else bot.github.tip(bot.github.repository().default_branch)
        found = bot.checkout.commits(policy, head, folders)
        return replace(found, base_sha=found.head.name, merge_base=found.head, changed=(), renames={})

    record = whole(lambda: run_suites(commits, options, bot.world, history), bot.empty(CANCELLED, head))
    published = voice.publish(replace(record, event=event), None)
    said = _issues(bot, published.record)
    if (activity.stores or activity.by_default_branch) and not given.suites:
        said += _gone(bot, published.record)
    return replace(published, warnings=(*published.warnings, *said))


def _is_a_pull_requests(bot: Bot, head: str, ref: str, event: str) -> bool:
    """Whether an open pull request has this head: its check has the same name, and no tag may turn that one green.

    What is on a branch when it is pushed is no proposal any more, so it is not asked about.

    Raises:
        ConfigError: A person named such a head.
    """
    if event != "workflow_dispatch" and not ref.startswith("refs/tags/"):
        return False
    found = bot.github.pulls_with_head(head)
    default = bot.github.repository().default_branch if found else ""
    pull = next((one for one in found if one.fork or one.head_ref != default), None)
    if pull is not None and event == "workflow_dispatch":
        raise ConfigError(Problem(f"{head[:7]} is the head of #{pull.number}.", hint="Its own event checks it; comment `/evalbot rerun` there."))
    return pull is not None


def _stands(bot: Bot, suite: str) -> Issue | None:
    """The issue that says that a suite is worse; none where it cannot be read."""
    try:
        return bot.github.own_issue(issue_marker(bot.inputs.key, suite), LABELS)
    except (Refused, CouldNotRun):
        return None


def _issues(bot: Bot, record: RunRecord) -> list[str]:
    """Open, update and close what each suite's verdict calls for; a refusal is a warning and no more."""
    said: list[str] = []
    for suite in sorted(record.suite.against if record.suite else ()):
        try:
            _issue(bot, record, suite)
        except (Refused, CouldNotRun) as error:
            said.append(f"the issue of suite {suite!r} could not be written: {error}")
    return said


def _gone(bot: Bot, record: RunRecord) -> list[str]:
    """Close the issues of suites that the default branch's configuration has no more: nothing else would."""
    known = record.suite.against if record.suite else {}
    if not known or record.decision.verdict in (Verdict.CANCELLED, Verdict.CONFIG_ERROR):
        return []
    markers = {issue_marker(record.key, suite) for suite in known}
    try:
        for issue in bot.github.own_issues(key_marker(record.key), LABELS):
            if issue.body.partition("\n")[0].strip() not in markers:
                bot.github.close_issue(issue, removed_body(record.head_sha, issue.body))
    except (Refused, CouldNotRun) as error:
        return [f"the issues of suites that are gone could not be closed: {error}"]
    return []


def _issue(bot: Bot, record: RunRecord, suite: str) -> None:
    proved = [f for f in record.decision.findings if f.suite == suite and f.level is Level.BLOCKS]
    marker = issue_marker(record.key, suite)
    if any(finding.proves for finding in proved):
        body = bot.world.redact(issue_body(record, suite))
        bot.github.write_issue(marker, issue_title(record, suite), body, LABELS)
    elif not proved and _measured(record, suite):
        known: Issue | None = bot.github.own_issue(marker, LABELS)
        if known is not None:
            bot.github.close_issue(known, recovered_body(record, suite, known.body))


def _measured(record: RunRecord, suite: str) -> bool:
    """Whether the suite was run, and well enough to say that it is over: an outage neither opens nor closes an issue."""
    unsettled = (Verdict.CANCELLED, Verdict.CONFIG_ERROR, Verdict.NEEDS_APPROVAL, Verdict.NOT_APPLICABLE)
    return record.decision.verdict not in unsettled and any(row.suite == suite for row in record.rows)
