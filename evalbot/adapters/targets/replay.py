"""The target `replay`: recorded answers, played back; nothing is called and nothing is paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evalbot.adapters.datasets.strict_json import NotJsonError, parse
from evalbot.adapters.datasets.text import decode
from evalbot.adapters.targets import TARGETS
from evalbot.adapters.targets.answers import amount, failed, read_answer
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example
from evalbot.domain.models import Reply, Request
from evalbot.domain.ports import Provider
from evalbot.domain.targets import Place, Target

Records = Mapping[str, Sequence[Mapping[str, Json]]]


@TARGETS.register("replay")
@dataclass(frozen=True)
class Replay:
    """Recorded answers: whatever made them, they are scored as they are and nothing is called.

    Each line of the file is an object with the `id` of an example and the answer as a command gives it: `output`, and
    beside it `context`, `tool_calls`, `usage`, `latency_ms`, or `error` in its place. Several lines with one `id` are its
    answers of several epochs, in their order. An example without a line is a `target_error`. The file is the subject: a
    pull request that changes it is compared, base's file with head's. A `results.jsonl` of evalbot's is such a file too: head's
    first answers in it are graded anew.

    Args:
        file: The recorded answers, JSON Lines, from the repository's root.
    """

    file: str
    code = None

    @property
    def label(self) -> str:
        """The file."""
        return self.file

    @property
    def recorded(self) -> str:
        """The file: each side has its own."""
        return self.file

    def with_files(self, read: Callable[[str], bytes]) -> Target:
        """The same with the answers of the file.

        Raises:
            ConfigError: The file cannot be read, or a line of it is no record.
        """
        return Played(self.file, _records(read(self.file), self.file))

    def identity(self) -> Json:
        """The file's name; its answers are in the requests."""
        return self.file

    def payload(self, example: Example) -> Json:  # noqa: ARG002 - the port's signature
        """Known once the file was read."""
        raise TypeError("with_files must be called before payload")

    def open(self, place: Place) -> Provider:  # noqa: ARG002 - the port's signature
        """A provider that answers with what the request holds."""
        return Player()


@dataclass(frozen=True)
class Played(Replay):
    """`replay` with its answers at hand."""

    records: Records

    def payload(self, example: Example) -> Json:
        """The recorded answers of the example, none where there is no line of it."""
        return list(self.records.get(example.id, ()))


class Player:
    """Gives the recorded answers that a request holds, one after the other, and begins again after the last."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()

    async def complete(self, request: Request, seconds: float) -> Reply:  # noqa: ARG002 - the port's signature
        """The next recorded answer of the request; it costs nothing, whatever it cost when it was made."""
        answers = parse_json(request.messages[-1].content)
        if not isinstance(answers, list) or not answers:
            raise failed(f"{request.model.model} has no answer to this example")
        number = self._asked[request.hash]
        self._asked[request.hash] += 1
        answer = answers[number % len(answers)]
        latency = amount(answer, "latency_ms") if isinstance(answer, Mapping) else None
        return replace(read_answer(answer), cost_usd=0.0, recorded_ms=latency or 0.0)

    async def close(self) -> None:
        """Nothing is open."""


def _records(data: bytes, path: str) -> Records:
    found: dict[str, list[Mapping[str, Json]]] = {}
    problems: list[Problem] = []
    for item in _lines(decode(data, path), path):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            name, answer = item
            found.setdefault(name, []).append(answer)
    if problems:
        raise ConfigError(problems)
    return found


def _lines(text: str, path: str) -> Iterator[tuple[str, Mapping[str, Json]] | Problem]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = parse(line)
        except NotJsonError as error:
            yield Problem(f"not valid JSON: {error}.", path, number, "Each line is one recorded answer.")
            continue
        name = record.get("id", record.get("example")) if isinstance(record, Mapping) else None
        if not isinstance(record, Mapping) or not isinstance(name, str) or not name:
            yield Problem("a recorded answer is an object with the `id` of its example.", path, number)
        elif "output" not in record and "error" not in record:
            yield Problem(f"the recorded answer to {name!r} has neither 'output' nor 'error'.", path, number)
        elif record.get("side", "head") == "head" and not record.get("confirmation", False):
            yield name, {key: value for key, value in record.items() if key not in ("id", "example")}
