"""The one comment of a pull request and key: whether it is written, by the input `comment`, and what becomes of an older one."""

from __future__ import annotations

from evalbot.app.inputs import Inputs
from evalbot.domain.pulls import Comment, GitHub, Refused
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Verdict
from evalbot.report.comment import marker, outdated

QUIET = (Verdict.PASS, Verdict.NOT_APPLICABLE)


class Sticky:
    """Writes the comment of one run. `began` says that it stands there with this run's "evaluating"."""

    def __init__(self, github: GitHub, inputs: Inputs) -> None:
        self._github, self._mode, self._marker = github, inputs.comment, marker(inputs.key)
        self.began = False
        self._refused: Refused | None = None  # who may not write once may not write twice

    @property
    def says_evaluating(self) -> bool:
        """Whether this mode speaks before there is a verdict; `on-change` and `on-failure` wait for it."""
        return self._mode in ("update", "new")

    def evaluating(self, number: int, page: str) -> Comment:
        """What is being measured."""
        self._make_room(number)
        written = self._written(number, page)
        self.began = True
        return written

    def write(self, record: RunRecord, number: int, page: str) -> Comment | None:
        """The verdict, where this mode has something to say; else None, or the comment that says it already."""
        if self._mode == "off":
            return None
        verdict = record.decision.verdict
        silent = verdict is Verdict.NOT_APPLICABLE or (self._mode == "on-failure" and verdict in QUIET)
        old = None if self.began or not (silent or self._mode == "on-change") else self._github.own_comment(number, self._marker)
        if silent and not self.began and old is None:
            return None
        if self._mode == "on-change" and old is not None and _heading(old.body) == _heading(page):
            return old
        if not silent:
            self._make_room(number)
        return self._written(number, page)

    def restore(self, number: int, page: str) -> Comment | None:
        """Put a newer run's page where ours stands; a page of another kind is none of ours."""
        return self._github.write_comment(number, self._marker, page) if page.startswith(self._marker) else None

    def _written(self, number: int, page: str) -> Comment:
        if self._refused is not None:
            raise self._refused
        try:
            return self._github.write_comment(number, self._marker, page)
        except Refused as refused:
            self._refused = refused if refused.status == 403 else None
            raise

    def _make_room(self, number: int) -> None:
        """In the mode `new` the older comment is folded and loses its marker, so that a new one is written."""
        if self._mode == "new" and not self.began:
            old = self._github.own_comment(number, self._marker)
            if old is not None:
                self._github.edit_comment(old, outdated(old.body))


def _heading(page: str) -> str:
    return page.split("\n", 2)[1].strip() if "\n" in page else ""
