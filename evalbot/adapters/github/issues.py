"""Issues that evalbot keeps: one for each marker, opened, brought up to date and closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import Api, Errand
from evalbot.adapters.github.comments import Login, first_line, plain, same
from evalbot.domain.pulls import Issue

_WRITE = Errand("write the issue", "issues: write")


class Issues:
    """The issues of one repository.

    Args:
        login: Who we are, asked for only when it matters.
    """

    def __init__(self, api: Api, login: Login) -> None:
        self._api, self._login = api, login

    def own(self, marker: str, labels: Sequence[str]) -> Issue | None:
        """Our open issue whose first line is the marker, the oldest if there are several."""
        return self._found(marker, {"labels": ",".join(labels)})

    def all(self, begins: str, labels: Sequence[str]) -> list[Issue]:
        """Our open issues whose first line begins so."""
        found = self._api.pages(f"{self._api.root}/issues", _issue, _WRITE, {"state": "open", "labels": ",".join(labels)}, for_write=True)
        known = [issue for issue in found if issue is not None and first_line(issue.body).startswith(begins)]
        return [issue for issue in known if issue.author == self._login()]

    def write(self, marker: str, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Open our issue, or bring it up to date; exactly one is open afterwards."""
        body = plain(body if first_line(body) == marker else f"{marker}\n{body}")
        # A token that may not set labels opens issues without them: before a second one is opened, all of ours are looked at.
        known = self.own(marker, labels) or self._found(marker, {"creator": self._login()})
        if known is None:
            given = {"title": plain(title), "body": body, "labels": list(labels)}
            return self._api.post(f"{self._api.root}/issues", given, _own, _WRITE, lambda: self.own(marker, labels))
        if known.title == title and same(known.body, body):
            return known
        return self._edit(known, {"title": plain(title), "body": body})

    def close(self, issue: Issue, body: str, reason: Literal["completed", "not_planned"] = "completed") -> Issue:
        """Close it, with last words above what it said."""
        return self._edit(issue, {"body": plain(body), "state": "closed", "state_reason": reason})

    def _found(self, marker: str, among: dict[str, object]) -> Issue | None:
        asked = {"state": "open", "sort": "created", "direction": "asc", **among}
        found = self._api.pages(f"{self._api.root}/issues", _issue, _WRITE, asked, for_write=True)
        known = [issue for issue in found if issue is not None and first_line(issue.body) == marker]
        return min((issue for issue in known if issue.author == self._login()), key=lambda issue: issue.number, default=None)

    def _edit(self, issue: Issue, changes: dict[str, object]) -> Issue:
        return self._api.patch(f"{self._api.root}/issues/{issue.number}", changes, _own, _WRITE)


def _issue(data: Any) -> Issue | None:
    """An issue; None for a pull request, which GitHub lists among them."""
    return None if data.get("pull_request") else _own(data)


def _own(data: Any) -> Issue:
    return Issue(
        reading.number(data["number"]), reading.login(data["user"]), reading.text(data["title"]), reading.text(data.get("body") or ""),
        reading.text(data.get("html_url") or ""), reading.text(data["state"]) == "open",
    )  # fmt: skip
