"""The monitor inside a service of one process."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from evalbot import InProcessMonitor
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.domain.errors import ConfigError
from tests.app.monitor.workers import CONFIG, sample
from tests.redis_server import wait_until
from tests.repository import Repo


def test_a_service_watches_itself_and_what_it_handed_over_is_scored_before_it_ends(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": CONFIG})
    made = logging.getLogRecordFactory()
    monitor, begun = InProcessMonitor(root=repo.root, environment={}), time.time()
    with monitor as handover:
        for number in range(500):
            assert handover.give(sample(f"s{number}", "these are more than three words" if number == 7 else "two words", timestamp=begun))
        assert handover.give(sample("s7", "handed over twice", timestamp=begun))
    assert (handover.published, handover.dropped) == (501, 0)
    assert not handover.give(sample("late"))
    assert logging.getLogRecordFactory() is made, "the service's log is its own"
    assert monitor.watched is not None
    assert (monitor.watched.kept, monitor.watched.alerts) == (500, 1)
    store = MonitorStore(repo.root / "monitor/results.sqlite")
    assert [one.id for one in store.between(0.0, begun + 1) if one.violations] == ["s7"]
    store.close()


def test_a_worker_that_breaks_is_logged_and_the_service_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": CONFIG, "monitor": "a file where the store's folder would be"})
    with InProcessMonitor(root=repo.root, environment={}) as handover, caplog.at_level(logging.ERROR, "evalbot"):
        wait_until(lambda: "the monitor has ended" in caplog.text)
        handover.give(sample("a"))
    assert "the monitor's store cannot be used" in caplog.text
    assert (handover.published, handover.dropped) == (0, 1)


def test_a_configuration_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": CONFIG.replace("memory", "redis")})
    with pytest.raises(ConfigError, match=r"evalbot\.yml:\d+: a monitor in the service's own process has no other stream"):
        InProcessMonitor(root=repo.root)
    with pytest.raises(ConfigError):
        InProcessMonitor("nothing.yml", repo.root)
