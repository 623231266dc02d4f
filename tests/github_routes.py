"""The endpoints of the loopback GitHub: what each needs of a token, and what it answers."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github_state import Check, IssueComment

if TYPE_CHECKING:
    from tests.github_server import GitHubServer

Json = Any
REPO = "/repos/{owner}/{repo}"


@dataclass(frozen=True)
class Asked:
    """One request as an endpoint sees it."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json


@dataclass(frozen=True)
class Answer:
    """`items` are paged by the server; then `body`, if any, is what a page is put into (under the key `under`)."""

    status: int = 200
    body: Json = None
    items: Sequence[Json] | None = None
    under: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Problem(Exception):  # noqa: N818 - reads as what it is
    """An answer that is an error, as GitHub words it."""

    def __init__(self, status: int, message: str, **extra: Json) -> None:
        super().__init__(message)
        self.status, self.body = status, {"message": message, "documentation_url": "https://docs.github.com/rest", **extra}


Endpoint = Callable[["GitHubServer", Asked], Answer]
ENDPOINTS: dict[tuple[str, str], tuple[tuple[str, ...], Endpoint]] = {}


def endpoint(method: str, path: str, *scopes: str) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint that any one of these scopes opens ("checks=write"); none: every token may."""

    def register(answer: Endpoint) -> Endpoint:
        ENDPOINTS[method, path] = (scopes, answer)
        return answer

    return register


@endpoint("GET", "/user")
def _user(server: GitHubServer, asked: Asked) -> Answer:
    if server.identity.endswith("[bot]"):
        raise Problem(403, "Resource not accessible by integration")
    return Answer(body=server.shapes.private_user(server.identity))


@endpoint("GET", REPO)
def _repository(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.repository())


# Pull requests


@endpoint("GET", f"{REPO}/pulls", "pull_requests=read")
def _pulls(server: GitHubServer, asked: Asked) -> Answer:
    state, head = asked.query.get("state", "open"), asked.query.get("head")
    found = [pull for pull in server.pulls.values() if state in ("all", pull.state)]
    found = [pull for pull in found if head in (None, f"{(pull.head_repository or '').partition('/')[0]}:{pull.head_ref}")]
    return Answer(items=[server.shapes.pull(pull, "pull-request-simple") for pull in sorted(found, key=lambda pull: -pull.number)])


@endpoint("GET", f"{REPO}/pulls/{{pull_number}}", "pull_requests=read")
def _pull(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.pull(_known(server.pulls, asked.path["pull_number"])))


@endpoint("GET", f"{REPO}/commits/{{commit_sha}}/pulls", "pull_requests=read")
def _pulls_of_commit(server: GitHubServer, asked: Asked) -> Answer:
    """A fork's commits are not found this way, and a closed or merged pull request is."""
    sha = _sha(server, asked.path["commit_sha"])
    own = [pull for pull in server.pulls.values() if pull.head_repository == server.name]
    found = [pull for pull in own if sha == pull.head_sha or sha in server.commits.between(pull.base_sha, pull.head_sha)]
    return Answer(items=[server.shapes.pull(pull, "pull-request-simple") for pull in found])


@endpoint("GET", f"{REPO}/pulls/{{pull_number}}/reviews", "pull_requests=read")
def _reviews(server: GitHubServer, asked: Asked) -> Answer:
    pull = _known(server.pulls, asked.path["pull_number"])
    return Answer(items=[server.shapes.review(review) for review in server.reviews if review.number == pull.number])


@endpoint("GET", f"{REPO}/collaborators/{{username}}/permission")
def _permission(server: GitHubServer, asked: Asked) -> Answer:
    login = asked.path["username"]
    if login in server.strangers:
        raise Problem(404, f"{login} is not a user")
    return Answer(body=server.shapes.permission(login, server.roles.get(login, "none" if server.private else "read")))


# Comments


@endpoint("GET", f"{REPO}/issues/{{issue_number}}/comments", "issues=read", "pull_requests=read")
def _comments(server: GitHubServer, asked: Asked) -> Answer:
    pull = _known(server.pulls, asked.path["issue_number"])
    return Answer(items=[server.shapes.comment(comment) for comment in server.comments(pull.number)])


@endpoint("POST", f"{REPO}/issues/{{issue_number}}/comments", "issues=write", "pull_requests=write")
def _create_comment(server: GitHubServer, asked: Asked) -> Answer:
    pull = _known(server.pulls, asked.path["issue_number"])
    if pull.locked:
        raise Problem(403, "Unable to create comment because issue is locked.")
    _refuse_long(server, asked.body["body"])
    return Answer(201, server.shapes.comment(server.say(pull.number, server.identity, asked.body["body"])))


@endpoint("GET", f"{REPO}/issues/comments/{{comment_id}}", "issues=read", "pull_requests=read")
def _comment(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.comment(_known(server.said, asked.path["comment_id"])))


@endpoint("PATCH", f"{REPO}/issues/comments/{{comment_id}}", "issues=write", "pull_requests=write")
def _edit_comment(server: GitHubServer, asked: Asked) -> Answer:
    comment: IssueComment = _known(server.said, asked.path["comment_id"])
    if server.pulls[comment.number].locked:
        raise Problem(403, "Unable to update comment because issue is locked.")
    _refuse_long(server, asked.body["body"])
    server.edit(comment.id, asked.body["body"])
    return Answer(body=server.shapes.comment(comment))


@endpoint("DELETE", f"{REPO}/issues/comments/{{comment_id}}", "issues=write", "pull_requests=write")
def _delete_comment(server: GitHubServer, asked: Asked) -> Answer:
    del server.said[_known(server.said, asked.path["comment_id"]).id]
    return Answer(204)


@endpoint("GET", f"{REPO}/issues/comments/{{comment_id}}/reactions", "issues=read", "pull_requests=read")
def _reactions(server: GitHubServer, asked: Asked) -> Answer:
    comment: IssueComment = _known(server.said, asked.path["comment_id"])
    return Answer(items=[server.shapes.reaction(*reaction, index) for index, reaction in enumerate(comment.reactions)])


@endpoint("POST", f"{REPO}/issues/comments/{{comment_id}}/reactions", "issues=write", "pull_requests=write")
def _react(server: GitHubServer, asked: Asked) -> Answer:
    comment: IssueComment = _known(server.said, asked.path["comment_id"])
    reaction = (server.identity, asked.body["content"])
    status = 200 if reaction in comment.reactions else 201
    if status == 201:
        comment.reactions.append(reaction)
    return Answer(status, server.shapes.reaction(*reaction, comment.reactions.index(reaction)))


def _refuse_long(server: GitHubServer, body: str) -> None:
    if len(body) > server.comment_characters or len(body.encode("utf-8", "surrogatepass")) > server.comment_bytes:
        message = f"Body is too long (maximum is {server.comment_characters} characters)"
        error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}
        raise Problem(422, "Validation Failed", errors=[error])


# Checks


@endpoint("GET", f"{REPO}/commits/{{ref}}/check-runs", "checks=read")
def _checks(server: GitHubServer, asked: Asked) -> Answer:
    sha, name = _sha(server, asked.path["ref"]), asked.query.get("check_name")
    found = [check for check in server.checks(sha) if name in (None, check.name)]
    if asked.query.get("filter", "latest") == "latest":
        found = list({(check.name, check.app): check for check in found}.values())
    body = {"total_count": len(found)}
    return Answer(body=body, items=[server.shapes.check(check) for check in reversed(found)], under="check_runs")


@endpoint("POST", f"{REPO}/check-runs", "checks=write")
def _create_check(server: GitHubServer, asked: Asked) -> Answer:
    sha = asked.body["head_sha"]
    try:
        server.commits.sha(sha)
    except LookupError:
        raise Problem(422, f"No commit found for SHA: {sha}") from None
    _check_output(asked.body)
    check = server.add_check(sha, asked.body["name"], app=server.app, started_at=server.time())
    _update(server, check, asked.body)
    return Answer(201, server.shapes.check(check))


@endpoint("GET", f"{REPO}/check-runs/{{check_run_id}}", "checks=read")
def _check(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.check(_known(server.check_runs, asked.path["check_run_id"])))


@endpoint("PATCH", f"{REPO}/check-runs/{{check_run_id}}", "checks=write")
def _update_check(server: GitHubServer, asked: Asked) -> Answer:
    check: Check = _known(server.check_runs, asked.path["check_run_id"])
    if check.app != server.app:
        raise Problem(403, "Invalid app_id `15368` - check run can only be modified by the GitHub App that created it.")
    _check_output(asked.body)
    _update(server, check, asked.body)
    return Answer(body=server.shapes.check(check))


@endpoint("GET", f"{REPO}/check-runs/{{check_run_id}}/annotations", "checks=read")
def _annotations(server: GitHubServer, asked: Asked) -> Answer:
    check: Check = _known(server.check_runs, asked.path["check_run_id"])
    return Answer(items=[server.shapes.annotation(check, annotation) for annotation in check.annotations])


def _check_output(body: Json) -> None:
    output = body.get("output", {})
    for name in ("summary", "text"):
        if len(output.get(name, "")) > 65_535:
            raise Problem(422, f"Invalid request.\n\nOnly 65535 characters are allowed; {len(output[name])} were supplied.")
    count = len(output.get("annotations", ()))
    if count > 50:
        raise Problem(422, f"Invalid request.\n\nNo more than 50 items are allowed; {count} were supplied.")
    for annotation in output.get("annotations", ()):
        if annotation["start_line"] > annotation["end_line"]:
            raise Problem(422, "Invalid request.\n\nend_line must be greater than or equal to start_line")


def _update(server: GitHubServer, check: Check, body: Json) -> None:
    """What GitHub does: a conclusion completes, a new status forgets the conclusion, annotations are appended."""
    check.external_id = body.get("external_id", check.external_id)
    check.details_url = body.get("details_url", check.details_url)
    if "status" in body and body["status"] != "completed":
        check.status, check.conclusion, check.completed_at = body["status"], None, None
    if "conclusion" in body:
        check.status, check.conclusion, check.completed_at = "completed", body["conclusion"], server.time()
    output = body.get("output", {})
    check.title, check.summary = output.get("title", check.title), output.get("summary", check.summary)
    check.text = output.get("text", check.text)
    check.annotations += [{"title": None, "raw_details": None, "start_column": None, "end_column": None, **item} for item in output.get("annotations", ())]


# Workflow runs and artifacts


@endpoint("GET", f"{REPO}/actions/runs/{{run_id}}", "actions=read")
def _run(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.run(_known(server.runs, asked.path["run_id"])))


@endpoint("GET", f"{REPO}/actions/artifacts", "actions=read")
def _artifacts(server: GitHubServer, asked: Asked) -> Answer:
    name = asked.query.get("name")
    found = [artifact for artifact in server.artifacts.values() if name in (None, artifact.name)]
    items = [server.shapes.artifact(artifact, server.runs[artifact.run]) for artifact in reversed(found)]
    return Answer(body={"total_count": len(found)}, items=items, under="artifacts")


@endpoint("GET", f"{REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}", "actions=read")
def _download(server: GitHubServer, asked: Asked) -> Answer:
    artifact = _known(server.artifacts, asked.path["artifact_id"])
    if artifact.expired:
        raise Problem(410, "Artifact has expired")
    return Answer(302, headers={"Location": f"{server.storage_url}/{artifact.id}.zip?sig=signed"})


# Git


@endpoint("GET", f"{REPO}/compare/{{basehead}}", "contents=read")
def _compare(server: GitHubServer, asked: Asked) -> Answer:
    base, dots, head = asked.path["basehead"].partition("...")
    if not dots:
        raise Problem(404, "Not Found")
    base, head = _sha(server, base), _sha(server, head)
    try:
        found = server.commits.merge_base(base, head)
    except LookupError:
        raise Problem(404, f"No common ancestor between {base} and {head}.") from None
    size, page = min(int(asked.query.get("per_page", 250)), 250), int(asked.query.get("page", 1))
    commits = server.commits.between(base, head)
    files = server.commits.files(found, head)[:300] if page == 1 else None
    link = {}
    if page * size < len(commits):
        link = {"Link": f'<{server.shapes.repo_url}/compare/{base}...{head}?per_page={size}&page={page + 1}>; rel="next"'}
    body = server.shapes.comparison(base, head, commits[(page - 1) * size : page * size], files, len(commits))
    return Answer(body=body, headers=link)


@endpoint("GET", f"{REPO}/commits/{{ref}}", "contents=read")
def _commit(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.commit(_sha(server, asked.path["ref"])))


@endpoint("GET", f"{REPO}/git/commits/{{commit_sha}}", "contents=read")
def _git_commit(server: GitHubServer, asked: Asked) -> Answer:
    sha = _sha(server, asked.path["commit_sha"])
    return Answer(body=server.shapes.git_commit(sha, server.commits.tree(sha)[0]))


@endpoint("GET", f"{REPO}/git/trees/{{tree_sha}}", "contents=read")
def _tree(server: GitHubServer, asked: Asked) -> Answer:
    try:
        sha, entries = server.commits.tree(asked.path["tree_sha"])
    except LookupError:
        raise Problem(404, "Not Found") from None
    if not asked.query.get("recursive"):
        entries = [entry for entry in entries if "/" not in entry["path"]]
    return Answer(body=server.shapes.tree(sha, entries[: server.most_entries], len(entries) > server.most_entries))


@endpoint("GET", f"{REPO}/git/blobs/{{file_sha}}", "contents=read")
def _blob(server: GitHubServer, asked: Asked) -> Answer:
    oid = asked.path["file_sha"]
    if not re.fullmatch(r"[0-9a-f]{40}", oid):
        raise Problem(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    try:
        content = server.commits.blob(oid)
    except LookupError:
        raise Problem(404, "Not Found") from None
    text = base64.encodebytes(content).decode()
    url = f"{server.shapes.repo_url}/git/blobs/{oid}"
    return Answer(body={"sha": oid, "node_id": "", "size": len(content), "url": url, "content": text, "encoding": "base64"})


def _sha(server: GitHubServer, ref: str) -> str:
    try:
        return server.commits.sha(ref)
    except LookupError:
        raise Problem(422 if re.fullmatch(r"[0-9a-f]{40}", ref) else 404, f"No commit found for SHA: {ref}") from None


def _known(things: Mapping[int, Any], number: str) -> Any:
    if number.isdigit() and int(number) in things:
        return things[int(number)]
    raise Problem(404, "Not Found")
