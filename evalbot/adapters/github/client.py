"""The port `GitHub` by PyGithub: each question and each write of one repository, in one place."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal
from urllib.parse import quote

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import MOST_CALLS, Absent, Api, Errand
from evalbot.adapters.github.artifacts import Artifacts
from evalbot.adapters.github.branches import Branches, BranchHistory
from evalbot.adapters.github.checks import Checks
from evalbot.adapters.github.comments import Comments
from evalbot.adapters.github.files import Files
from evalbot.adapters.github.issues import Issues
from evalbot.adapters.github.proposals import GitHubProposals
from evalbot.domain.history import History
from evalbot.domain.ports import Snapshot
from evalbot.domain.proposals import Proposals
from evalbot.domain.pulls import (
    CheckConclusion,
    CheckPage,
    CheckRun,
    Comment,
    Issue,
    Permission,
    PullRequest,
    Refused,
    Repository,
    Review,
)

MOST_LOOKS = 200  # one every 25 seconds makes 144 an hour, of the 1,000 that a job's token has
ACTIONS = "github-actions[bot]"  # whose name the job's own token writes in

_REPOSITORY = Errand("read the repository", "")
_WHO = Errand("say who we are", "")
_PULL = Errand("read the pull request", "pull-requests: read")
_PULLS = Errand("list the pull requests", "pull-requests: read")
_REVIEWS = Errand("read the reviews", "pull-requests: read")
_TIP = Errand("read the base branch", "contents: read")
_PERMISSION = Errand("read a person's permission", "")


class GitHubClient:
    """One repository on GitHub; see the port `evalbot.domain.pulls.GitHub` for what each method promises.

    A request takes at most 60 seconds with all its retries, and a run has 40 of them unless `most_calls` says otherwise; looks
    at a head during a long run have a count and a connection of their own. After GitHub kept silent once, each further
    request is tried once only, until it answers again.

    Args:
        token: The job's token.
        api_url: GITHUB_API_URL: "https://api.github.com", or "https://HOST/api/v3" of an enterprise server.
        repository: GITHUB_REPOSITORY: owner/name.
        clock: Seconds that only grow.
        sleep: Waits so many seconds.
        most_calls: How many requests there may be.
        jitter: A number from 0 to 1; each wait is between half of its backoff and the whole.

    Raises:
        ConfigError: `api_url` is no URL.
    """

    def __init__(
        self, token: str, api_url: str, repository: str, *, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep, jitter: Callable[[], float] = random.random, most_calls: int = MOST_CALLS,
    ) -> None:  # fmt: skip
        self._api = Api(token, api_url, repository, clock=clock, sleep=sleep, jitter=jitter, most_calls=most_calls)
        self._looks = Api(token, api_url, repository, clock=clock, sleep=sleep, jitter=jitter, most_calls=MOST_LOOKS)
        self._checks, self._files = Checks(self._api), Files(self._api)
        self._issues = Issues(self._api, self._login)
        self.branches = Branches(self._api, self._files)
        self._comments, self._artifacts = Comments(self._api, self._login), Artifacts(self._api, repository)
        self._user = ""

    @property
    def calls(self) -> int:
        """How many requests were made, without looks at a head during the run; at most `most_calls`."""
        return self._api.calls

    def hurry(self, seconds: float) -> None:
        """From now on every request is tried once, and none begins after so many seconds."""
        self._api.hurry(seconds)

    def repository(self) -> Repository:
        """The repository."""
        return self._api.get(self._api.root, reading.repository, _REPOSITORY)

    # Pull requests

    def pull(self, number: int) -> PullRequest:
        """A pull request, fresh."""
        return self._api.get(f"{self._api.root}/pulls/{number}", reading.pull, _PULL)

    def head_sha(self, number: int, *, watch: bool = False) -> str:
        """The head commit of a pull request, fresh. `watch`: one of the many looks during a long run, counted apart."""
        api = self._looks if watch else self._api
        return api.get(f"{api.root}/pulls/{number}", reading.pull, _PULL).head_sha

    def pulls_with_head(self, sha: str) -> Sequence[PullRequest]:
        """Open pull requests whose head is this commit, forks' too."""
        try:
            found = list(self._api.pages(f"{self._api.root}/commits/{quote(sha, safe='')}/pulls", reading.pull, _PULLS))
        except Absent:
            found = []
        if not any(pull.head_sha == sha and pull.open for pull in found):
            # GitHub does not find a fork's pull request by its commit.
            asked = {"state": "open", "sort": "updated", "direction": "desc"}
            found = list(self._api.pages(f"{self._api.root}/pulls", reading.pull, _PULLS, asked))
        return [pull for pull in found if pull.head_sha == sha and pull.open]

    def reviews(self, number: int) -> Sequence[Review]:
        """All reviews that were submitted, oldest first."""
        found = self._api.pages(f"{self._api.root}/pulls/{number}/reviews", reading.review, _REVIEWS)
        return [review for review in found if review.state != "PENDING"]

    def permission(self, login: str) -> Permission:
        """What a person may do here; none for somebody whom GitHub does not know."""
        try:
            path = f"{self._api.root}/collaborators/{quote(login, safe='')}/permission"
            return self._api.get(path, reading.permission, _PERMISSION)
        except Absent:
            return Permission.NONE

    # Comments

    def comments(self, number: int) -> Iterator[Comment]:
        """All comments, oldest first, over all pages."""
        return self._comments.all(number)

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """Our own comment with this first line, the oldest if there are several."""
        return self._comments.own(number, marker)

    def write_comment(self, number: int, marker: str, body: str) -> Comment:
        """Create or update our own comment whose first line is `marker`; exactly one exists afterwards."""
        return self._comments.write(number, marker, body)

    def edit_comment(self, comment: Comment, body: str) -> Comment:
        """Put another text in place of a comment of ours."""
        return self._comments.edit(comment, body)

    def react(self, comment: int, content: Literal["eyes", "rocket", "-1", "+1"]) -> None:
        """A reaction on a comment."""
        self._comments.react(comment, content)

    # Checks

    def checks(self, sha: str, name: str) -> Sequence[CheckRun]:
        """Our own checks of this name on a commit, newest first."""
        return self._checks.of(sha, name)

    def start_check(self, sha: str, name: str, page: CheckPage, external_id: str) -> CheckRun:
        """A check `in_progress`; `external_id` is "evalbot:<run>:<attempt>"."""
        return self._checks.start(sha, name, page, external_id)

    def conclude_check(self, check: CheckRun, conclusion: CheckConclusion, page: CheckPage, external_id: str = "") -> CheckRun:
        """Conclude a check (again); an `external_id` replaces its own."""
        return self._checks.conclude(check, conclusion, page, external_id)

    # Commits, runs, artifacts

    def tip(self, branch: str, head: str = "") -> str:
        """The commit that a branch stands on now; a pull request's `base.sha` may be older.

        With `head` the same request says where the two part: `merge_base` of them is then known already.
        """
        if head and (found := self._files.tip(branch, head)):
            return found
        return self._api.get(f"{self._api.root}/commits/{quote(branch, safe='')}", reading.sha, _TIP)

    def merge_base(self, base: str, head: str) -> str:
        """The merge base of two commits."""
        return self._files.merge_base(base, head)

    def changed_paths(self, base: str, head: str) -> Sequence[str] | None:
        """Paths that differ between two commits; None where the list is not complete or cannot be had."""
        return self._files.changed_paths(base, head)

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit by the API, without a checkout."""
        return self._files.tree(sha)

    def own_issue(self, marker: str, labels: Sequence[str]) -> Issue | None:
        """Our open issue whose first line is `marker`, the oldest if there are several."""
        return self._issues.own(marker, labels)

    def own_issues(self, begins: str, labels: Sequence[str]) -> Sequence[Issue]:
        """Our open issues whose first line begins so."""
        return self._issues.all(begins, labels)

    def write_issue(self, marker: str, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Open or update our issue with this marker; exactly one is open afterwards."""
        return self._issues.write(marker, title, body, labels)

    def close_issue(self, issue: Issue, body: str) -> Issue:
        """Close an issue of ours, with these last words."""
        return self._issues.close(issue, body)

    def history(self) -> History:
        """What evalbot remembers between runs, on the branch `evalbot-history`."""
        return BranchHistory(self.branches)

    def proposals(self) -> Proposals:
        """Where a harvest proposes."""
        return GitHubProposals(self._api, self.branches, self._files, self.repository())

    def run_is_active(self, run: str) -> bool:
        """Whether the workflow run with this id has not completed yet."""
        return self._artifacts.run_is_active(run)

    def artifact(self, name: str, workflow: str) -> bytes | None:
        """The newest unexpired artifact of this name (a zip) that a run of our own repository and workflow left."""
        return self._artifacts.newest(name, workflow)

    def _login(self) -> str:
        """Who we are: the app that a check of ours names, else the user, else (an app may not ask) Actions."""
        if self._checks.app:
            return f"{self._checks.app}[bot]"
        if not self._user:
            try:
                self._user = self._api.get("/user", reading.login, _WHO, for_write=True)
            except Refused as refused:
                if refused.status not in (403, 404):
                    raise
                self._user = ACTIONS
        return self._user
