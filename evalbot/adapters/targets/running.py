"""Programs as providers: started for each answer, or serving answers line by line, a few at a time."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, replace

from evalbot.adapters.targets import supervisor
from evalbot.adapters.targets.answers import failed, read_answer, without
from evalbot.adapters.targets.child import Child, Command
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ProviderError
from evalbot.domain.models import Reply, Request
from evalbot.domain.redaction import Redactor
from evalbot.domain.targets import Place

MOST_BYTES = 4 * 1024 * 1024
_SHOWN = 300


@dataclass(frozen=True)
class Program:
    """A command with its limits.

    Args:
        serves: It answers line after line until its input ends; else it is started for each answer.
        seconds: For one answer, its start included.
        processes: How many of it run at once.
    """

    command: Command
    serves: bool
    seconds: float
    processes: int


class ProgramProvider:
    """Gives each request to a process of the program; one that fails or takes too long is killed with all that it started."""

    def __init__(self, program: Program, place: Place) -> None:
        self._program, self._place = program, place
        self._free = asyncio.Semaphore(program.processes)
        self._idle: list[Child] = []
        self._redactor = Redactor(place.environment.get(name, "") for name in program.command.names)

    async def complete(self, request: Request, seconds: float) -> Reply:
        """The answer; its latency counts from when a process could take it.

        Raises:
            ProviderError: Of the kind TARGET: crashed, too late, too long, or not an answer.
        """
        async with self._free:
            started = time.monotonic()
            limit = min(self._program.seconds, seconds)
            try:
                async with asyncio.timeout(limit):
                    answer = await self._ask(request.messages[-1].content)
                reply = read_answer(_parsed(answer))
            except TimeoutError:
                raise failed(f"no answer within {limit:g} s; it was killed") from None
            except ProviderError as error:
                raise ProviderError(error.fault, self._redactor.redact(str(error))) from None
            return replace(without(reply, self._redactor), recorded_ms=round((time.monotonic() - started) * 1000, 3))

    async def close(self) -> None:
        """End all processes."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(child.end() for child in idle))

    async def _ask(self, question: str) -> bytes:
        child = self._idle.pop() if self._idle else await Child.start(self._program.command, self._place)
        keep = False
        try:
            answer = await (self._line(child, question) if self._program.serves else self._once(child, question))
            keep = self._program.serves
        finally:
            if keep:
                self._idle.append(child)
            else:
                await asyncio.shield(child.end())
        return answer

    async def _line(self, child: Child, question: str) -> bytes:
        await child.send(question)
        answer = await child.line(MOST_BYTES)
        if answer is None:
            raise await _ended(await child.status(), child)
        return answer

    async def _once(self, child: Child, question: str) -> bytes:
        await child.send(question, last=True)
        answer = await child.everything(MOST_BYTES)
        status = await child.status()
        if status:
            raise await _ended(status, child)
        return answer


async def _ended(status: int, child: Child) -> ProviderError:
    why = {0: "it ended without an answer", supervisor.TOO_MUCH: "it took too much memory and was killed"}.get(status)
    if why is None and status > 128 and status - 128 in set(signal.Signals):
        why = f"it was ended by {signal.Signals(status - 128).name}"
    said = (await child.errors())[-_SHOWN:]
    return failed((why or f"it exited with status {status}") + (f": {said}" if said else ""))


def _parsed(answer: bytes) -> Json:
    try:
        text = answer.decode("utf-8")
    except UnicodeDecodeError as error:
        raise failed(f"its answer is not UTF-8 (byte 0x{answer[error.start]:02x} at {error.start})") from None
    if not text.strip():
        raise failed("it gave no answer")
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        start = " ".join(text[:60].split())
        raise failed(f"its answer is no JSON ({error}): {start!r}") from None
