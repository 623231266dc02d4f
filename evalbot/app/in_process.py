"""The monitor inside a service of one process: its hand-over, a queue, and a worker in a thread."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evalbot.adapters.handover import Handover
from evalbot.adapters.streams import MemoryStream
from evalbot.app.monitor import monitor_policy, rules_in
from evalbot.app.watching import Beside, Watched, in_words, watch
from evalbot.app.wiring import World
from evalbot.config import policy_in
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem

_log = logging.getLogger("evalbot")


class InProcessMonitor:
    """For a service of one process and few samples: no server, and no process beside it.

    Scoring takes its time from the service, and what waits when the process is killed is lost. A worker that breaks is logged, and what is
    handed over afterwards is dropped and counted; the service goes on.

    Args:
        config: The configuration's path under `root`, its `monitor.stream` of type memory.
        root: The folder of the repository, or a copy of its files.
        environment: Variables, by default the process'.

    Raises:
        ConfigError: The configuration is wrong.

    Example:
        >>> with InProcessMonitor("evalbot.yml") as handover:
        ...     handover.give({"id": request_id, "user_input": question, "output": answer})
    """

    def __init__(self, config: str = "evalbot.yml", root: Path | str = ".", environment: Mapping[str, str] | None = None) -> None:
        self._config, self._root = config, Path(root).resolve()
        self._environment = os.environ if environment is None else environment
        ours = monitor_policy(policy_in(rules_in(self._root), config))
        if ours.stream.get("type") != "memory":
            hint = "Take `type: memory`, or evalbot.Handover and `evalbot monitor`."
            raise ConfigError(Problem("a monitor in the service's own process has no other stream.", config, ours.line or None, hint))
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._handover: Handover | None = None
        self.watched: Watched | None = None  # what the worker did, once it has ended in order

    def start(self) -> Handover:
        """Begin to score what is handed over."""
        stream = MemoryStream()
        self._thread = threading.Thread(target=self._work, args=(stream,), name="evalbot-monitor", daemon=True)
        self._thread.start()
        self._handover = Handover(stream)
        return self._handover

    def stop(self, seconds: float = 30.0) -> None:
        """Score what waits, for so long at most, and end."""
        if self._handover is not None and self._thread is not None:
            self._handover.stop(seconds)
            self._ending.set()
            self._thread.join(seconds)

    def __enter__(self) -> Handover:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _work(self, stream: MemoryStream) -> None:
        world = replace(World.real(self._environment, self._root / "evalbot-report", quiet=True), guards_logs=False)
        try:
            self.watched = watch(self._root, self._config, world, drain=False, beside=Beside(stream, self._ending.is_set))
            _log.info("evalbot: %s", in_words(self.watched))
        except (ConfigError, CouldNotRun) as error:
            stream.close()
            _log.error("evalbot: the monitor has ended: %s", world.redact(str(error)))
