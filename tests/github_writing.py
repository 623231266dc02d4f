"""The endpoints of the loopback GitHub that write branches and issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github_routes import REPO, Answer, Asked, Problem, endpoint
from tests.github_state import Issue, Pull

if TYPE_CHECKING:
    from tests.github_server import GitHubServer

Json = Any


@endpoint("GET", f"{REPO}/git/ref/{{ref}}", "contents=read")
def _ref(server: GitHubServer, asked: Asked) -> Answer:
    name = f"refs/{asked.path['ref']}"
    return Answer(body=server.shapes.ref(name, _sha_of(server, name)))


@endpoint("POST", f"{REPO}/git/refs", "contents=write")
def _create_ref(server: GitHubServer, asked: Asked) -> Answer:
    name, sha = asked.body["ref"], asked.body["sha"]
    if server.commits.store("for-each-ref", "--format=%(refname)", name):
        raise Problem(422, "Reference already exists")
    _store(server, "update-ref", name, _known_commit(server, sha), "0" * 40)
    return Answer(201, server.shapes.ref(name, sha))


@endpoint("PATCH", f"{REPO}/git/refs/{{ref}}", "contents=write")
def _move_ref(server: GitHubServer, asked: Asked) -> Answer:
    name, sha = f"refs/{asked.path['ref']}", _known_commit(server, asked.body["sha"])
    old = _sha_of(server, name, 422, "Reference does not exist")
    if not asked.body.get("force") and not server.commits.is_ancestor(old, sha):
        raise Problem(422, "Update is not a fast forward")
    _store(server, "update-ref", name, sha, old)
    for pull in server.pulls.values():
        if pull.state == "open" and f"refs/heads/{pull.head_ref}" == name:
            pull.head_sha = sha
    return Answer(body=server.shapes.ref(name, sha))


@endpoint("DELETE", f"{REPO}/git/refs/{{ref}}", "contents=write")
def _delete_ref(server: GitHubServer, asked: Asked) -> Answer:
    name = f"refs/{asked.path['ref']}"
    _store(server, "update-ref", "-d", name, _sha_of(server, name, 422, "Reference does not exist"))
    return Answer(204)


@endpoint("POST", f"{REPO}/git/blobs", "contents=write")
def _create_blob(server: GitHubServer, asked: Asked) -> Answer:
    import base64

    content = asked.body["content"]
    data = base64.b64decode(content) if asked.body.get("encoding") == "base64" else content.encode()
    return Answer(201, server.shapes.blob(server.commits.store("hash-object", "-w", "--stdin", data=data)))


@endpoint("POST", f"{REPO}/git/trees", "contents=write")
def _create_tree(server: GitHubServer, asked: Asked) -> Answer:
    try:
        sha = server.commits.new_tree(asked.body.get("base_tree"), asked.body["tree"])
    except LookupError as error:
        raise Problem(422, f"Invalid tree info: {error}") from None
    _, entries = server.commits.tree(sha)
    return Answer(201, server.shapes.tree(sha, entries, False))


@endpoint("POST", f"{REPO}/git/commits", "contents=write")
def _create_commit(server: GitHubServer, asked: Asked) -> Answer:
    parents = [word for parent in asked.body.get("parents", ()) for word in ("-p", _known_commit(server, parent))]
    try:
        sha = server.commits.store("commit-tree", asked.body["tree"], *parents, "-m", asked.body["message"])
    except LookupError:
        raise Problem(422, "Tree SHA does not exist") from None
    return Answer(201, server.shapes.git_commit(sha, asked.body["tree"]))


# Pull requests


@endpoint("POST", f"{REPO}/pulls", "pull_requests=write")
def _create_pull(server: GitHubServer, asked: Asked) -> Answer:
    head, base = asked.body["head"], asked.body["base"]
    sha = _sha_of(server, f"refs/heads/{head}", 422, "Validation Failed")
    if any(pull.head_ref == head and pull.state == "open" for pull in server.pulls.values()):
        raise Problem(422, "Validation Failed", errors=[{"message": f"A pull request already exists for acme:{head}."}])
    pull = server.open_pull(sha, base=base, author=server.identity)
    pull.head_ref, pull.title, pull.body = head, asked.body["title"], asked.body.get("body", "")
    return Answer(201, server.shapes.pull(pull))


@endpoint("PATCH", f"{REPO}/pulls/{{pull_number}}", "pull_requests=write")
def _update_pull(server: GitHubServer, asked: Asked) -> Answer:
    pull = _pull(server, asked.path["pull_number"])
    pull.title, pull.body, pull.state = (asked.body.get(name, getattr(pull, name)) for name in ("title", "body", "state"))
    return Answer(body=server.shapes.pull(pull))


@endpoint("POST", f"{REPO}/issues/{{issue_number}}/labels", "issues=write", "pull_requests=write")
def _label(server: GitHubServer, asked: Asked) -> Answer:
    pull = _pull(server, asked.path["issue_number"])
    pull.labels = sorted({*pull.labels, *asked.body["labels"]})
    return Answer(items=[server.shapes.label(name) for name in pull.labels])


def _pull(server: GitHubServer, number: str) -> Pull:
    if number.isdigit() and int(number) in server.pulls:
        return server.pulls[int(number)]
    raise Problem(404, "Not Found")


# Issues


@endpoint("GET", f"{REPO}/issues", "issues=read")
def _issues(server: GitHubServer, asked: Asked) -> Answer:
    state, labels = asked.query.get("state", "open"), set(filter(None, asked.query.get("labels", "").split(",")))
    creator = asked.query.get("creator")
    found = [issue for issue in server.issues.values() if state in ("all", issue.state) and labels <= set(issue.labels)]
    found = [issue for issue in found if creator in (None, issue.author)]
    return Answer(items=[server.shapes.issue(issue) for issue in sorted(found, key=lambda issue: -issue.number)])


@endpoint("GET", f"{REPO}/issues/{{issue_number}}", "issues=read")
def _issue(server: GitHubServer, asked: Asked) -> Answer:
    return Answer(body=server.shapes.issue(_known(server, asked.path["issue_number"])))


@endpoint("POST", f"{REPO}/issues", "issues=write")
def _create_issue(server: GitHubServer, asked: Asked) -> Answer:
    issue = server.open_issue(asked.body["title"], asked.body.get("body", ""), asked.body.get("labels", ()))
    return Answer(201, server.shapes.issue(issue))


@endpoint("PATCH", f"{REPO}/issues/{{issue_number}}", "issues=write")
def _update_issue(server: GitHubServer, asked: Asked) -> Answer:
    issue = _known(server, asked.path["issue_number"])
    issue.title, issue.body = asked.body.get("title", issue.title), asked.body.get("body", issue.body)
    issue.labels = list(asked.body.get("labels", issue.labels))
    issue.state, issue.reason = asked.body.get("state", issue.state), asked.body.get("state_reason", issue.reason)
    issue.updated_at = server.time()
    return Answer(body=server.shapes.issue(issue))


def _known(server: GitHubServer, number: str) -> Issue:
    if number.isdigit() and int(number) in server.issues:
        return server.issues[int(number)]
    raise Problem(404, "Not Found")


def _sha_of(server: GitHubServer, name: str, status: int = 404, message: str = "Not Found") -> str:
    try:
        return server.commits.sha(name)
    except LookupError:
        raise Problem(status, message) from None


def _known_commit(server: GitHubServer, sha: str) -> str:
    return _sha_of(server, sha, 422, "Object does not exist")


def _store(server: GitHubServer, *arguments: str) -> None:
    try:
        server.commits.store(*arguments)
    except LookupError as error:
        raise Problem(422, str(error)) from None
