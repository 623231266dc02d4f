"""A run that is asked to end: its task is cancelled, so that journal and connections are closed before the process goes."""

from __future__ import annotations

import asyncio
import signal

from evalbot.app.cancelling import SIGNALS, listening, note


class in_order:  # noqa: N801 - reads as words in `with`
    """Within it, a signal cancels the run instead of breaking into it: journal and connections are closed first."""

    def __enter__(self) -> None:
        self._loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - entered from a coroutine
        self._previous = {number: signal.getsignal(number) for number in SIGNALS} if listening() else {}

        def cancel() -> None:
            note()
            task.cancel()

        for number in self._previous:
            self._loop.add_signal_handler(number, cancel)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            self._loop.remove_signal_handler(number)
            signal.signal(number, handler)
