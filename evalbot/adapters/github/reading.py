"""GitHub's JSON → the values of the domain: what a value stands on must be there (TypeError, KeyError or ValueError)."""

from __future__ import annotations

from typing import Any

from evalbot.domain.pulls import CheckRun, Comment, Permission, PullRequest, Repository, Review

GHOST = "ghost"  # how GitHub shows an account that was deleted


def repository(data: Any) -> Repository:
    """A repository."""
    owner = data["owner"]
    return Repository(
        text(data["full_name"]), text(data["default_branch"]), truth(data["private"]), owner["type"] == "User", text(owner["login"])
    )


def sha(data: Any) -> str:
    """A commit's name."""
    return text(data["sha"])


def pull(data: Any) -> PullRequest:
    """A pull request, whole or as lists show it."""
    base, head = data["base"], data["head"]
    return PullRequest(
        number=number(data["number"]),
        author=login(data["user"]),
        base_ref=text(base["ref"]),
        base_sha=text(base["sha"]),
        head_ref=text(head["ref"]),
        head_sha=text(head["sha"]),
        head_repository=text(head["repo"]["full_name"]) if head.get("repo") else None,
        repository=text(base["repo"]["full_name"]),
        open=text(data["state"]) == "open",
    )


def comment(data: Any) -> Comment:
    """A comment on a pull request."""
    created = text(data["created_at"])
    return Comment(
        id=number(data["id"]),
        author=login(data["user"]),
        body=text(data.get("body") or ""),
        created_at=created,
        edited=text(data.get("updated_at") or created) != created,
        bot=(data["user"] or {}).get("type") == "Bot",
        url=text(data.get("html_url") or ""),
        minimized=bool(data.get("minimized")),
    )


def review(data: Any) -> Review:
    """A review; `submitted_at` is empty while it is pending."""
    return Review(login(data["user"]), text(data["state"]), text(data.get("commit_id") or ""), text(data.get("submitted_at") or ""))


def permission(data: Any) -> Permission:
    """A person's role; an organisation's own kind of role counts as the basic one that it is built on."""
    known = {str(role): role for role in Permission}
    return known.get(text(data.get("role_name") or "")) or known[text(data["permission"])]


def check(data: Any) -> CheckRun:
    """A check run. A status that only GitHub's own checks have reads as queued."""
    status, output = text(data["status"]), data.get("output") or {}
    return CheckRun(
        id=number(data["id"]),
        name=text(data["name"]),
        sha=text(data["head_sha"]),
        status=status if status in ("in_progress", "completed") else "queued",  # type: ignore[arg-type]  # the test narrows it
        conclusion=data.get("conclusion"),
        external_id=text(data.get("external_id") or ""),
        url=text(data.get("html_url") or ""),
        annotations=number(output.get("annotations_count") or 0),
        title=text(output.get("title") or ""),
        summary=text(output.get("summary") or ""),
        text=text(output.get("text") or ""),
        started_at=text(data.get("started_at") or ""),
        pulls=tuple((number(pull["number"]), text(pull["base"]["ref"])) for pull in data.get("pull_requests") or ()),
    )


def app(data: Any) -> str:
    """The app that wrote a check run; empty where it is not said."""
    return text((data.get("app") or {}).get("slug") or "")


def login(user: Any) -> str:
    """An account's name."""
    return text(user["login"]) if user else GHOST


def text(value: Any) -> str:
    """The value, a string."""
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def number(value: Any) -> int:
    """The value, a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a number")
    return value


def truth(value: Any) -> bool:
    """The value, true or false."""
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value
