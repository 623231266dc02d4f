"""Comments on a pull request, and the one that is ours: found by its author and its first line, never by what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import Api, Errand
from evalbot.domain.pulls import Comment, Refused

_READ = Errand("read the comments", "pull-requests: read")
_WRITE = Errand("write the comment", "pull-requests: write")
_REACT = Errand("react to the comment", "pull-requests: write")

Login = Callable[[], str]


class Comments:
    """The comments of one repository's pull requests.

    Args:
        api: The repository.
        login: Who we are, asked for only when it matters.
    """

    def __init__(self, api: Api, login: Login) -> None:
        self._api, self._login = api, login
        self._ours: dict[tuple[int, str], Comment] = {}  # what this run wrote: not looked for again

    def all(self, number: int, *, for_write: bool = False) -> Iterator[Comment]:
        """Oldest first, over all pages."""
        # By id: GitHub lists them so, but does not promise it.
        errand = _WRITE if for_write else _READ
        yield from self._api.pages(f"{self._api.root}/issues/{number}/comments", reading.comment, errand, for_write=for_write)

    def own(self, number: int, marker: str, *, for_write: bool = False) -> Comment | None:
        """Ours with this first line, the oldest; one that a person folded away is theirs now."""
        known = (comment for comment in self.all(number, for_write=for_write) if first_line(comment.body) == marker)
        return next((comment for comment in known if not comment.minimized and comment.author == self._login()), None)

    def write(self, number: int, marker: str, body: str) -> Comment:
        """Create or update ours. The text is left alone where it says the same already."""
        body = plain(body if first_line(body) == marker else f"{marker}\n{body}")
        known = self._ours.get((number, marker)) or self.own(number, marker, for_write=True)
        if known is None:
            return self._keep(number, marker, self._create(number, marker, body))
        try:
            return self._keep(number, marker, self._edit(known, body))
        except Refused as refused:
            left = known if refused.status not in (404, 410) else self.own(number, marker, for_write=True)
            if left is not None and left.id == known.id:
                raise  # it is there and not to be edited: a second one beside it would help nobody
            return self._keep(number, marker, self._create(number, marker, body))  # it was deleted since it was found

    def _keep(self, number: int, marker: str, written: Comment) -> Comment:
        self._ours[number, marker] = written
        return written

    def edit(self, comment: Comment, body: str) -> Comment:
        """Another text, another first line if it has one: then it is no longer found by the old."""
        self._ours = {place: known for place, known in self._ours.items() if known.id != comment.id}
        return self._edit(comment, plain(body))

    def react(self, comment: int, content: Literal["eyes", "rocket", "-1", "+1"]) -> None:
        """A reaction; the same one twice is one."""
        path = f"{self._api.root}/issues/comments/{comment}/reactions"
        self._api.post(path, {"content": content}, lambda data: reading.number(data["id"]), _REACT, None)

    def _edit(self, known: Comment, body: str) -> Comment:
        if same(known.body, body):
            return known
        return self._api.patch(f"{self._api.root}/issues/comments/{known.id}", {"body": body}, reading.comment, _WRITE)

    def _create(self, number: int, marker: str, body: str) -> Comment:
        def found() -> Comment | None:
            return self.own(number, marker, for_write=True)

        path = f"{self._api.root}/issues/{number}/comments"
        created = self._api.post(path, {"body": body}, reading.comment, _WRITE, found)
        oldest = found()
        if oldest is None or oldest.id >= created.id:
            return created
        # Another run wrote its own meanwhile: the older one stays, and says what we say.
        kept = self._edit(oldest, body)
        self._api.delete(f"{self._api.root}/issues/comments/{created.id}", _WRITE)
        return kept


def first_line(body: str) -> str:
    """The first line without its end."""
    return body.partition("\n")[0].removesuffix("\r")


def same(a: str, b: str) -> bool:
    """Whether two texts are the same comment: GitHub may change line ends and cut blanks at the end."""
    return a.replace("\r\n", "\n").rstrip() == b.replace("\r\n", "\n").rstrip()


def plain(text: str) -> str:
    """The text as it can be sent: half a surrogate pair is no character."""
    return text.encode("utf-8", "replace").decode()
