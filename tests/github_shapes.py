"""How GitHub writes what it remembers: state in, the API's JSON out, with every required field and URLs of this server."""

from __future__ import annotations

import zlib
from typing import Any, Protocol
from urllib.parse import quote

from tests.github_openapi import description
from tests.github_state import Artifact, Check, Commits, Issue, IssueComment, Pull, PullReview, Run

Json = Any


class Place(Protocol):
    """What the shapes need to know of the server."""

    url: str
    name: str
    private: bool
    owner_type: str
    default_branch: str
    commits: Commits
    pulls: dict[int, Pull]


class Shapes:
    """One server's JSON."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def repo_url(self) -> str:
        return f"{self._place.url}/repos/{self._place.name}"

    def user(self, login: str) -> Json:
        bot = login.endswith("[bot]")
        given = {"login": login, "id": number_of(login), "type": "Bot" if bot else "User", "url": f"{self._place.url}/users/{quote(login)}"}
        return self._complete("simple-user", given)

    def private_user(self, login: str) -> Json:
        return self._complete("private-user", self.user(login) | {"created_at": "2020-01-01T00:00:00Z"})

    def repository(self, name: str | None = None, schema: str = "full-repository") -> Json:
        name = name or self._place.name
        owner, _, short = name.partition("/")
        ours = name == self._place.name
        given: Json = {
            "id": number_of(name), "name": short, "full_name": name, "owner": self.user(owner), "fork": not ours,
            "private": self._place.private, "default_branch": self._place.default_branch, "url": f"{self._place.url}/repos/{name}",
            "html_url": f"{self._web}/{name}",
        }  # fmt: skip
        if ours:
            given["owner"]["type"] = self._place.owner_type
        return self._complete(schema, given)

    def pull(self, pull: Pull, schema: str = "pull-request") -> Json:
        url = f"{self.repo_url}/pulls/{pull.number}"
        given = {
            "id": pull.number, "number": pull.number, "state": pull.state, "locked": pull.locked, "title": pull.title or f"Change {pull.number}",
            "body": pull.body, "merged_at": pull.merged_at, "user": self.user(pull.author), "url": url, "html_url": f"{self._web}/{self._place.name}/pull/{pull.number}",
            "created_at": pull.created_at, "updated_at": pull.created_at, "author_association": "NONE",
            "issue_url": f"{self.repo_url}/issues/{pull.number}", "comments_url": f"{self.repo_url}/issues/{pull.number}/comments",
            "base": self._side(self._place.name, pull.base_ref, pull.base_sha),
            "head": self._side(pull.head_repository, pull.head_ref, pull.head_sha),
        }  # fmt: skip
        return self._complete(schema, given)

    def comment(self, comment: IssueComment) -> Json:
        url = f"{self.repo_url}/issues/comments/{comment.id}"
        page = f"{self._web}/{self._place.name}/pull/{comment.number}#issuecomment-{comment.id}"
        given = {
            "id": comment.id, "body": comment.body, "user": self.user(comment.author), "url": url, "html_url": page,
            "issue_url": f"{self.repo_url}/issues/{comment.number}", "created_at": comment.created_at,
            "updated_at": comment.updated_at, "author_association": "NONE", "performed_via_github_app": None,
            "minimized": {"reason": comment.minimized} if comment.minimized else None,
        }  # fmt: skip
        return self._complete("issue-comment", given)

    def reaction(self, author: str, content: str, index: int) -> Json:
        given = {"id": index + 1, "user": self.user(author), "content": content, "created_at": "2026-01-01T00:00:00Z"}
        return self._complete("reaction", given)

    def review(self, review: PullReview) -> Json:
        given = {
            "id": review.id, "user": self.user(review.author), "state": review.state, "commit_id": review.sha, "body": "",
            "submitted_at": review.submitted_at, "author_association": "MEMBER",
        }  # fmt: skip
        return self._complete("pull-request-review", given)

    def permission(self, login: str, role: str) -> Json:
        legacy = {"maintain": "write", "triage": "read"}.get(role, role)
        given = {"permission": legacy, "role_name": role, "user": self.user(login) | {"role_name": role}}
        return self._complete("repository-collaborator-permission", given)

    def check(self, check: Check) -> Json:
        url = f"{self.repo_url}/check-runs/{check.id}"
        given = {
            "id": check.id, "name": check.name, "head_sha": check.head_sha, "status": check.status, "conclusion": check.conclusion,
            "external_id": check.external_id, "url": url, "html_url": f"{self._web}/{self._place.name}/runs/{check.id}",
            "details_url": check.details_url, "started_at": check.started_at, "completed_at": check.completed_at,
            "check_suite": {"id": number_of(check.head_sha)}, "pull_requests": self._pulls_of(check.head_sha),
            "app": {"id": 15368, "slug": check.app, "name": check.app, "permissions": {}},
            "output": {
                "title": check.title, "summary": check.summary, "text": check.text,
                "annotations_count": len(check.annotations), "annotations_url": f"{url}/annotations",
            },
        }  # fmt: skip
        given["app"] = self._complete("nullable-integration", given["app"] | {"owner": self.user("github")})
        return self._complete("check-run", given)

    def _pulls_of(self, sha: str) -> list[Json]:
        """Open pull requests of this head, never a fork's."""
        ours = [pull for pull in self._place.pulls.values() if pull.head_sha == sha and pull.head_repository == self._place.name and pull.state == "open"]
        return [
            {
                "id": pull.number, "number": pull.number, "url": f"{self.repo_url}/pulls/{pull.number}",
                **{name: {"ref": ref, "sha": at, "repo": self._small()} for name, ref, at in (("head", pull.head_ref, pull.head_sha), ("base", pull.base_ref, pull.base_sha))},
            }
            for pull in ours
        ]  # fmt: skip

    def _small(self) -> Json:
        return {"id": number_of(self._place.name), "url": self.repo_url, "name": self._place.name.partition("/")[2]}

    def annotation(self, check: Check, annotation: Json) -> Json:
        given = {"blob_href": f"{self._web}/{self._place.name}/blob/{check.head_sha}/{quote(annotation['path'])}", **annotation}
        return self._complete("check-annotation", given)

    def run(self, run: Run) -> Json:
        url = f"{self.repo_url}/actions/runs/{run.id}"
        given = {
            "id": run.id, "name": "evalbot", "path": run.workflow, "head_sha": run.head_sha, "head_branch": run.head_branch,
            "event": run.event, "status": run.status, "conclusion": run.conclusion, "run_attempt": run.attempt, "url": url,
            "html_url": f"{self._web}/{self._place.name}/actions/runs/{run.id}", "pull_requests": [],
            "repository": self.repository(schema="minimal-repository"),
            "head_repository": self.repository(run.head_repository, "minimal-repository"), "head_commit": None,
        }  # fmt: skip
        return self._complete("workflow-run", given)

    def artifact(self, artifact: Artifact, run: Run) -> Json:
        url = f"{self.repo_url}/actions/artifacts/{artifact.id}"
        given = {
            "id": artifact.id, "name": artifact.name, "size_in_bytes": len(artifact.content), "url": url, "expired": artifact.expired,
            "archive_download_url": f"{url}/zip", "created_at": artifact.created_at, "updated_at": artifact.created_at,
            "workflow_run": {
                "id": run.id, "repository_id": number_of(self._place.name), "head_repository_id": number_of(run.head_repository),
                "head_branch": run.head_branch, "head_sha": run.head_sha,
            },
        }  # fmt: skip
        return self._complete("artifact", given)

    def commit(self, sha: str) -> Json:
        return self._complete("commit", {"sha": sha, "url": f"{self.repo_url}/commits/{sha}", "author": None, "committer": None})

    def git_commit(self, sha: str, tree: str) -> Json:
        return self._complete("git-commit", {"sha": sha, "tree": {"sha": tree}, "url": f"{self.repo_url}/git/commits/{sha}"})

    def ref(self, name: str, sha: str) -> Json:
        url = f"{self.repo_url}/git/commits/{sha}"
        given = {"ref": name, "node_id": "", "url": f"{self.repo_url}/git/{name}", "object": {"type": "commit", "sha": sha, "url": url}}
        return self._complete("git-ref", given)

    def blob(self, sha: str) -> Json:
        return {"sha": sha, "url": f"{self.repo_url}/git/blobs/{sha}"}

    def issue(self, issue: Issue) -> Json:
        url = f"{self.repo_url}/issues/{issue.number}"
        given = {
            "id": issue.number, "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state,
            "state_reason": issue.reason, "user": self.user(issue.author), "labels": [self.label(name) for name in issue.labels],
            "url": url, "html_url": f"{self._web}/{self._place.name}/issues/{issue.number}", "comments": 0, "locked": False,
            "created_at": issue.created_at, "updated_at": issue.updated_at, "author_association": "NONE",
        }  # fmt: skip
        return self._complete("issue", given)

    def label(self, name: str) -> Json:
        url = f"{self.repo_url}/labels/{quote(name)}"
        return {"id": number_of(name), "node_id": "", "url": url, "name": name, "description": None, "color": "ededed", "default": False}

    def comparison(self, base: str, head: str, commits: list[str], files: list[Json] | None, total: int) -> Json:
        found = self._place.commits.merge_base(base, head)
        behind = len(self._place.commits.between(head, base))
        state = ("diverged" if behind else "ahead") if total else "behind" if behind else "identical"
        given: Json = {
            "base_commit": self.commit(base), "merge_base_commit": self.commit(found), "status": state, "ahead_by": total,
            "behind_by": behind, "total_commits": total, "commits": [self.commit(sha) for sha in commits],
        }  # fmt: skip
        if files is not None:
            given["files"] = [self._complete("diff-entry", file) for file in files]
        return self._complete("commit-comparison", given)

    def tree(self, sha: str, entries: list[Json], truncated: bool) -> Json:
        return {"sha": sha, "url": f"{self.repo_url}/git/trees/{sha}", "tree": entries, "truncated": truncated}

    def _side(self, name: str | None, ref: str, sha: str) -> Json:
        repo = None if name is None else self.repository(name, "repository")
        owner = (name or "ghost/gone").partition("/")[0]
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "repo": repo, "user": self.user(owner)}

    @property
    def _web(self) -> str:
        return self._place.url

    def _complete(self, schema: str, given: Json) -> Json:
        return description().complete(schema, given, f"{self._place.url}/-")


def number_of(name: str) -> int:
    """A number that is always the same for a name."""
    return zlib.crc32(name.encode())
