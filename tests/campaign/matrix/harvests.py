"""Faults of a harvest: its source, GitHub's routes, what the report is written to. What failed in production is proposed once, or looked at again.

The harvest gates nothing: it says `pass` when it has looked at everything. A false pass is one that moves on past a failure that it did not
propose, a false regression one that proposes an answer that was right.

| phase | what is struck |
|:--|:--|
| once, throughout | the first read or request, or all of them, of the first harvest |
| once again, throughout again | the same when a proposal stands already and another failure has come |
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalbot.app.harvest_report import words
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.pulls import Refused
from tests.adapters.sources.api import Asked, JsonApi
from tests.app.harvest.production import CONFIG, NOW, Shop, record
from tests.campaign.keys import KEYS
from tests.campaign.matrix.cases import NOWHERE, Case, Seen
from tests.campaign.matrix.events import COMMON, TOKEN, no_github_waiting, struck, written
from tests.campaign.matrix.evidence import leaks
from tests.campaign.matrix.provider import without_waiting

ROUTES = {
    "GET repository": "/repos/acme/shop$", "GET branch": "/git/ref/heads/main", "GET history": "/git/ref/heads/evalbot-history", "GET proposal": "/git/ref/heads/evalbot/harvest",
    "GET tree": "/git/trees/", "GET blob": "/git/blobs/", "GET pulls": "/pulls$", "POST tree": "/git/trees$", "POST commit": "/git/commits$",
    "POST branch": "/git/refs$", "POST pull": "/pulls$", "POST label": "/labels$",
}  # fmt: skip
AGAIN = {"GET history": ROUTES["GET history"], "PATCH history": "/git/refs/heads/evalbot-history", "PATCH proposal": "/git/refs/heads/evalbot/harvest", "PATCH pull": "/pulls/[0-9]+$"}
SOURCE = (401, 403, 404, 429, 500, 502, "html", "{}", "null", "torn", "redirect")
HTTP = "{type: http, url: URL, items: items, cursor: next, cursor_to: after, auth: {type: bearer, env: LOG_KEY}}"
ASKED = CONFIG.replace("per_cluster: 5", "per_cluster: 5, reproduce: 0").replace('{type: jsonl, url: "logs/*.jsonl"}', HTTP)


def cases() -> Iterator[Case]:
    """Every fault at the source and at every route."""
    places = [(route, str(fault), "") for route in ROUTES for fault in COMMON]
    places += [(route, str(fault), " again") for route in AGAIN for fault in COMMON]
    places += [("source", str(fault), when) for fault in SOURCE for when in ("", " again")]
    for number, (boundary, fault, when) in enumerate(places):
        for often in ("once", "throughout"):
            always = not boundary.startswith("GET") and boundary != "source"  # nothing is written where nothing is proposed
            yield Case("harvest", fault, boundary, NOWHERE, NOWHERE, often + when, planted=always or number % 3 != 0)


def run(case: Case, folder: Path) -> Seen:
    """A harvest with the fault, and the next one without it."""
    source, log, again = _Source(case), io.StringIO(), case.phase.endswith(" again")
    with JsonApi(source) as api, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), without_waiting(), no_github_waiting():
        shop = Shop(folder, ASKED.replace("URL", f"{api.url}/log"))
        with shop.server as server:
            server.token = TOKEN
            if again:
                source.records = [record("r-0", "How do gift cards work?"), record("ok-0", "Where?", "fine")]
                _harvested(shop, NOW)
            source.records += [record("ok-1", "When do you open?", "At nine."), record("r-1") if case.planted else record("ok-2", "Where are you?", "In town.")]
            counting = contextlib.nullcontext(lambda: source.fired) if case.boundary == "source" else struck(server, *_route(case), case)
            source.broken = case.boundary == "source"
            with counting as fired:
                verdict, status = _harvested(shop, NOW + 60)
            source.broken = False
            found, moved = _proposed(shop), _watermark(shop) >= NOW + 60
            healed, _ = _harvested(shop, NOW + 120)
            afterwards = _proposed(shop)
    expected = [*(["prod-r-0"] if again else []), *(["prod-r-1"] if case.planted else [])]
    told = log.getvalue()
    wrong = ["a traceback"] if "Traceback" in told else []
    wrong += [] if afterwards == expected else [f"{afterwards} proposed in the end, where {expected} is right"]
    return Seen(
        fired(), verdict, status, complete=set(expected) <= set(found) or not moved, blamed=frozenset(set(found) - set(expected)), healed=healed,
        leaks=leaks(folder, told, TOKEN, written(server)), duplicates=max(0, len(server.pulls) - 1), wrong=tuple(wrong),
    )  # fmt: skip


class _Source:
    """A log in two pages, which asks for a key and repeats it in its errors; the second page is the one that breaks."""

    def __init__(self, case: Case) -> None:
        self.case, self.records, self.broken, self.fired = case, list[Any](), False, 0

    def __call__(self, asked: Asked) -> Any:
        second = "after" in asked.query
        if self.broken and second and (self.case.phase.startswith("throughout") or not self.fired):
            self.fired += 1
            return self._fault(asked.headers["authorization"])
        return {"items": self.records[1:] if second else self.records[:1], "next": None if second else "2"}

    def _fault(self, key: str) -> Any:
        fault = self.case.fault
        if fault.isdigit():
            return int(fault), {"error": f"not with {key}"}
        return {
            "html": (200, f"<html>Sign in as {key}</html>".encode()), "{}": {}, "null": {"items": None, "next": None}, "torn": (200, b'{"items": [{"id": "r-'),
            "redirect": (302, {}, {"location": "https://evil.example/log"}),
        }[fault]  # fmt: skip


def _route(case: Case) -> tuple[str, str]:
    return case.boundary.partition(" ")[0], (AGAIN | ROUTES)[case.boundary]


def _harvested(shop: Shop, now: float) -> tuple[str, int]:
    """Verdict and exit status, and what is said of it in the log, as the command and the job say it."""
    try:
        done = shop.harvest(now=now, env={"LOG_KEY": KEYS["openai"]})
    except ConfigError as error:
        sys.stdout.write(f"{error}\n")
        return "config_error", 2
    except (Refused, CouldNotRun) as error:
        sys.stdout.write(f"{error}\n")
        return "inconclusive", 3
    sys.stdout.write(words(done, dry_run=False))
    return str(done.verdict), done.verdict.exit_code


def _proposed(shop: Shop) -> list[str]:
    """Ids on the branch, in order of their names; none where there is none."""
    try:
        return sorted(row["id"] for row in shop.rows())
    except RuntimeError:
        return []


def _watermark(shop: Shop) -> float:
    try:
        return shop.watermark
    except RuntimeError:
        return 0.0
