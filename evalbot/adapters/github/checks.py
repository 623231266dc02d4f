"""Check runs: started, found again, concluded; and their annotations, which GitHub only ever adds to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import Api, Errand
from evalbot.adapters.github.comments import plain
from evalbot.domain.pulls import Annotation, CheckConclusion, CheckPage, CheckRun

OURS = "evalbot:"  # how the external id of each of our checks begins
MOST_ANNOTATIONS = 50  # per request

_READ = Errand("read the checks", "checks: read")
_WRITE = Errand("write the check", "checks: write")
_ANNOTATE = Errand("annotate the check (it is written)", "checks: write")


@dataclass(frozen=True, slots=True)
class _Written:
    check: CheckRun
    app: str


class Checks:
    """The check runs of one repository. `app` is who we are, once a check of ours was written."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.app = ""

    def of(self, sha: str, name: str, *, for_write: bool = False) -> Sequence[CheckRun]:
        """Ours on a commit, newest first."""
        path, asked = f"{self._api.root}/commits/{quote(sha, safe='')}/check-runs", {"check_name": name, "filter": "all"}
        errand = _WRITE if for_write else _READ
        found = list(self._api.pages(path, _written, errand, asked, under="check_runs", for_write=for_write))
        ours = [item.check for item in found if item.check.external_id.startswith(OURS) and self.app in ("", item.app)]
        return sorted((check for check in ours if check.name == name), key=lambda check: -check.id)

    def start(self, sha: str, name: str, page: CheckPage, external_id: str) -> CheckRun:
        """A check `in_progress`; asked twice with one external id, it is the same check."""

        def found() -> _Written | None:
            known = (check for check in self.of(sha, name, for_write=True) if check.external_id == external_id)
            return next((_Written(check, self.app) for check in known), None)

        path, body = f"{self._api.root}/check-runs", {"name": name, "head_sha": sha, "status": "in_progress", "external_id": external_id}
        written = self._api.post(path, {**body, "output": _output(page, 0)}, _written, _WRITE, found)
        return self._annotate(self._known(written, min(MOST_ANNOTATIONS, len(page.annotations))), page)

    def conclude(self, check: CheckRun, conclusion: CheckConclusion, page: CheckPage, external_id: str = "") -> CheckRun:
        """Conclude a check, first of all; annotations that it has already stay, and only later ones are added."""
        body = {"status": "completed", "conclusion": conclusion, **({"external_id": external_id} if external_id else {})}
        return self._annotate(self._update(check, body, page, _WRITE), page)

    def _annotate(self, check: CheckRun, page: CheckPage) -> CheckRun:
        while check.annotations < len(page.annotations):
            check = self._update(check, {}, page, _ANNOTATE)
        return check

    def _update(self, check: CheckRun, body: Mapping[str, object], page: CheckPage, errand: Errand) -> CheckRun:
        path, output = f"{self._api.root}/check-runs/{check.id}", _output(page, check.annotations)
        annotations = max(check.annotations, min(check.annotations + MOST_ANNOTATIONS, len(page.annotations)))

        def done() -> _Written | None:
            """The check where a lost request did its work: repeated, it would add the annotations again."""
            now = self._api.get(path, _written, errand, for_write=True)
            return now if now.check.annotations >= annotations else None

        again = done if annotations > check.annotations else None
        return self._known(self._api.patch(path, {**body, "output": output}, _written, errand, again), annotations)

    def _known(self, written: _Written, annotations: int) -> CheckRun:
        # We know what we sent; GitHub may still be counting.
        self.app = written.app or self.app
        return replace(written.check, annotations=annotations)


def _written(data: Any) -> _Written:
    return _Written(reading.check(data), reading.app(data))


def _output(page: CheckPage, known: int) -> dict[str, object]:
    """Title and summary with the annotations after the first `known` ones, as many as one request may hold."""
    output: dict[str, object] = {"title": plain(page.title), "summary": plain(page.summary)}
    output |= {"text": plain(page.text)} if page.text else {}
    if some := page.annotations[known : known + MOST_ANNOTATIONS]:
        output["annotations"] = [_annotation(annotation) for annotation in some]
    return output


def _annotation(annotation: Annotation) -> dict[str, object]:
    return {
        "path": plain(annotation.path),
        "start_line": annotation.start_line,
        "end_line": annotation.end_line,
        "annotation_level": annotation.level,
        "title": plain(annotation.title),
        "message": plain(annotation.message),
    }
