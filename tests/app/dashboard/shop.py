"""A shop whose production is watched: a repository, a monitor's store, logs of suites' runs, and the page made of them."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evalbot.adapters.git_history import GitHistory
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.app.dashboard import DashboardOptions, dashboard, write
from evalbot.app.run_log import log_file
from evalbot.app.wiring import World
from evalbot.domain.dashboard import Dashboard
from evalbot.domain.monitoring import Alert, AlertKind, Seen
from tests.app.harvest.production import CONFIG as HARVEST
from tests.app.harvest.production import GOLDEN, NOW, PROMPT
from tests.repository import Repo

DAY = 86_400.0
CONFIG = HARVEST + "monitor:\n  suite: support\n  stream: {type: memory}\n  store: monitor/results.sqlite\n"
RUN = {"schema": "evalbot.run/1", "suite": "support", "event": "push", "findings": []}


def seen(name: str, ago: float, **more: Any) -> Seen:
    """A sample that many seconds before now."""
    return Seen(name, NOW - ago, more.pop("scores", {}), judged=bool(more.pop("judged", False)), **more)


def week(mean: float, begin: float, *, step: float = 1_260.0, name: str = "r", seed: int = 7) -> list[Seen]:
    """A week of judged samples, evenly over its days, that began `begin` seconds before now."""
    rng = random.Random(seed)
    count = int(7 * DAY / step)
    return [seen(f"{name}-{n}", begin - n * step, scores={"judge": min(5.0, max(1.0, rng.gauss(mean, 0.7)))}, hallucinated=rng.random() < 0.04, judged=True, cost_usd=0.002, length=180) for n in range(count)]


def run(days: float, mean: float, *, verdict: str = "pass", passed: int = 39, n: int = 40, cost: float | None = 0.4, partition: str = "regression", **more: Any) -> dict[str, Any]:
    """One line of a suite's log, that many days before now."""
    from datetime import UTC, datetime

    cell = {
        "prompt": "prompts/support", "partition": partition, "answers": n, "passed": passed, "failed": n - passed, "unscored": 0,
        "metrics": {"judge": {"n": n, "mean": mean, "variance": 0.4}},
    }  # fmt: skip
    at = datetime.fromtimestamp(NOW - days * DAY, UTC).isoformat(timespec="seconds")
    return {**RUN, "at": at, "commit": f"{int(days * 10) + 10_000_000:x}" * 6, "verdict": verdict, "cost_usd": cost, "cells": [cell], **more}


class Watched:
    """A repository that is watched, its store beside it.

    Args:
        root: Where it lies, if no repository is given.
        repo: A repository that there is.
    """

    def __init__(self, root: Path, config: str = CONFIG, repo: Repo | None = None) -> None:
        self.root = root
        self.repo = repo or Repo(root / "repository").write({"evalbot.yml": config, "prompts/support.md": PROMPT, "evals/golden.jsonl": json.dumps(GOLDEN) + "\n"})
        self.repo.commit("base")

    def store(self) -> MonitorStore:
        return MonitorStore(self.repo.root / "monitor/results.sqlite")

    def keep(self, *some: Seen, alerts: Iterable[Alert] = (), pinned: tuple[float, float] | None = None, counters: Mapping[str, int] | None = None) -> Watched:
        """What the monitor would have kept."""
        store = self.store()
        store.add(some)
        tell(self.repo.root / "monitor/results.sqlite", alerts)
        if pinned:
            store.pin(*pinned)
        for name, value in (counters or {}).items():
            store.add_to(name, value)
        store.close()
        return self

    def logs(self, *runs: Mapping[str, Any], suite: str = "support") -> Watched:
        """What suites' runs would have left, oldest first."""
        text = "".join(json.dumps(one) + "\n" for one in runs)
        GitHistory(self.repo.root).update({log_file("default", suite): lambda _: text}, "runs")
        return self

    def made(self, *, texts: bool = False, env: Mapping[str, str] | None = None, now: float = NOW, store: str = "") -> Dashboard:
        world = World.real(env or {}, self.root / "report", quiet=True)
        return dashboard(self.repo.root, DashboardOptions(texts=texts, store=store), world, now)

    def page(self, **more: Any) -> Path:
        """The page on disk."""
        return write(self.made(**more), self.root / "site", lambda text: text)


def tell(path: Path, alerts: Iterable[Alert]) -> None:
    """Keep alerts as told at their own times."""
    database = sqlite3.connect(path)
    rows = [(one.kind, one.about, one.message, one.at, one.count, json.dumps(one.samples)) for one in alerts]
    database.executemany("insert into alerts values (?, ?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()


def alert(kind: AlertKind, about: str, ago: float, samples: Iterable[str] = (), message: str = "it happened") -> Alert:
    listed = tuple(samples)
    return Alert(kind, about, message, NOW - ago, max(1, len(listed)), listed)


def a_bad_week(shop: Watched) -> Watched:
    """Production that fell two days ago, alerts with samples, a suite that recovered, a suite's partition that was never good enough."""
    rng = random.Random(3)
    fell = [seen(f"q-{n}", 2 * DAY - n * 300.0, scores={"judge": min(5.0, max(1.0, rng.gauss(3.5, 0.9)))}, hallucinated=rng.random() < 0.11, judged=True, cost_usd=0.002, length=150) for n in range(int(2 * DAY / 300))]
    bad = [
        seen("h-1", 5_000.0, scores={"judge": 1.4}, failed=("grounded",), hallucinated=True, judged=True, length=61, input="Can I return a jacket after 45 days?", output="Yes, every return is free within 60 days, no questions asked.", cost_usd=0.002),
        seen("h-2", 4_000.0, scores={"judge": 1.9}, failed=("grounded",), hallucinated=True, judged=True, length=47, input="Do gift cards expire?", output="Gift cards are valid for ten years from today.", cost_usd=0.002),
        seen("v-1", 90_000.0, failed=("rules: said",), violations=1, length=4, input="How do returns work?", output="TODO"),
    ]
    alerts = [
        alert(AlertKind.CONSTRAINT, "rules: said", 89_000.0, ["v-1"], "rules: said was violated by 1 of 212 answers"),
        alert(AlertKind.QUALITY, "judge", 40_000.0, ["q-400", "q-401", "gone-1"], "judge fell from 4.31 to 3.52 over 24h (288 samples, one-sided p = 3.1e-21)"),
        alert(AlertKind.HALLUCINATION, "hallucination", 3_600.0, ["h-1", "h-2"], "2 of 19 judged answers say what their context does not support"),
    ]
    before = [*week(4.3, 16 * DAY, name="a"), *week(4.3, 9 * DAY, name="b", seed=8)]
    shop.keep(*before, *fell, *bad, alerts=alerts, pinned=(NOW - 16 * DAY, NOW - 9 * DAY), counters={"unusable": 3})
    runs = [run(30 - n, 4.2 + rng.uniform(-0.1, 0.1), cost=0.41) for n in range(20)]
    runs += [run(9, 3.6, verdict="fail", passed=31, findings=["regression", "new_failure"]), run(6, 3.7, verdict="fail", passed=32, findings=["regression"]), run(3, 4.2), run(0.5, 4.25)]
    for one in runs:
        one["cells"].append({"prompt": "prompts/support", "partition": "adversarial", "answers": 20, "passed": 17 + (len(one["at"]) + int(one["commit"][:2], 16)) % 3, "failed": 1, "unscored": 0, "metrics": {}})
    return shop.logs(*runs)
