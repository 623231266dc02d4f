"""The ports: what the core asks of the outside world, as protocols that adapters implement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.models import Message, Reply, Request, Vector
from evalbot.domain.scores import Answered, Decides, Pair, Score


class Tree(Protocol):
    """The files of one commit, or of the work tree; paths are relative to the repository's root, with slashes."""

    @property
    def name(self) -> str:
        """The commit's 40 hex digits, or "work tree"."""

    def paths(self) -> Sequence[str]:
        """Every tracked path, sorted, whatever its mode."""

    def exists(self, path: str) -> bool:
        """Whether there is such a path."""

    def read(self, path: str) -> bytes:
        """The bytes of a regular file.

        Raises:
            ConfigError: The path is missing, leaves the repository, is a symlink, a submodule or an LFS pointer, or is
                larger than the limit; the message says which and what to do.
        """


class Snapshot(Tree, Protocol):
    """A tree whose files can be told apart without reading them all."""

    def identity(self, path: str) -> str:
        """Mode and content of an entry, "100644 <hash>": equal for equal files, whatever commit they are in."""


class Prompt(Protocol):
    """A prompt file of one side, read and ready to render."""

    @property
    def id(self) -> str:
        """Its path without suffix."""

    @property
    def path(self) -> str:
        """Its path."""

    @property
    def model(self) -> str | None:
        """The model that its front matter names, if any."""

    @property
    def params(self) -> Mapping[str, Json]:
        """The params of its front matter."""

    @property
    def schema(self) -> Mapping[str, Json] | None:
        """The JSON Schema of its answers, if it asks for one."""

    @property
    def digests(self) -> Mapping[str, str]:
        """One hash each for `template`, `partial`, `model`, `params`, `schema`: what differs names the cause."""

    @property
    def text(self) -> str:
        """The prompt's own words, for leakage checks."""

    def render_all(self, examples: Sequence[Example]) -> Sequence[tuple[Message, ...] | str]:
        """The messages of each example, or the one-line reason why it cannot be rendered. Never raises for one row."""


class Provider(Protocol):
    """One endpoint of one provider."""

    async def complete(self, request: Request, seconds: float) -> Reply:
        """One call, no retries, within a hard deadline.

        Raises:
            ProviderError: Nothing that can be judged came back.
        """

    async def close(self) -> None:
        """Give connections back."""


@runtime_checkable
class Embedder(Protocol):
    """A provider that has embeddings as well.

    Its class may have a static `embedding_objection(model) -> str`: why that model cannot embed, for a person.
    """

    async def embed(self, request: Request, seconds: float) -> Reply:
        """The embeddings of `request.texts`, one vector each, in one call within a hard deadline.

        Raises:
            ProviderError: There is not one well-formed vector for each text.
        """


class Ask(Protocol):
    """How a metric asks a model, by the model's name in the configuration.

    Raises ProviderError or Stopped when no answer can be had; retries and deadlines are already behind it.
    """

    async def __call__(self, model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None, /) -> Reply:
        """The reply to messages, in the shape of a JSON Schema where there is one."""

    def samples(self, wanted: int) -> int:
        """How many of so many samples there is time for: all of them, or one where the run would not end in time."""

    def useless(self, reply: Reply) -> None:
        """Nothing can be made of this reply: where the score is lost by it, no later run hears it again. Without a word, none of the replies is."""

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Vector]:
        """The embedding of each text; equal texts are embedded once a run, and several in one call."""


class Metric(Protocol):
    """Scores one answer. A frozen dataclass whose fields are its YAML options and whose docstring is its page."""

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest value, or None where values are pass or fail only."""

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value is the better one."""

    @property
    def decides(self) -> Decides:
        """Whether it makes an example pass or fail."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that it asks; empty for deterministic metrics."""

    def applies(self, example: Example) -> bool:
        """Whether it can score this example at all, as far as the row alone tells."""

    def identity(self) -> Json:
        """Everything of its own that can move a score: template, rubric, schema, parser version, options."""

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The score. Never raises for a bad answer or a dead judge: that is `Score.unscored`."""


@runtime_checkable
class Comparing(Protocol):
    """A metric that looks at both sides' answers to an example, beside what every metric does.

    Its `measure` is `not_applicable`; `compare` is asked once both answers exist. It never decides whether an example passes.
    """

    async def compare(self, pair: Pair, ask: Ask) -> Score:
        """Above 0 where head's answer is preferred, below 0 where base's is, 0 for a tie.

        `detail` holds `asked` and `inconsistent`: pairs of calls, one for each order, and those of them that preferred the
        same place both times. Never raises for a dead judge: that is `Score.unscored`.
        """


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply that a cache holds: when it was given, in seconds since the epoch, and whether a trusted run kept it."""

    reply: Reply
    created: float
    trusted: bool = True


class Cache(Protocol):
    """Replies by the hash of all that made them what they are. Whatever goes wrong with it is a miss and never an error."""

    def has(self, key: bytes) -> bool:
        """Whether there is anything under this key, sound or not."""

    def get(self, key: bytes) -> Kept | None:
        """The reply, or None where there is none or it is not as it was written."""

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep a reply, in place of an older one."""

    def forget(self, key: bytes) -> None:
        """Hold the reply no longer."""

    @property
    def corrupt(self) -> int:
        """Entries that were not as they were written, so far."""

    @property
    def trouble(self) -> str:
        """Why it could not be used, or "" where it could."""

    def close(self) -> None:
        """Make room where there is too much, and let go."""


class Spend(Protocol):
    """What runs that share a cache have spent within a day."""

    def last_day(self) -> float:
        """US dollars; raises CouldNotRun where it cannot be told."""

    def add(self, usd: float) -> None:
        """So much more; raises OSError where it cannot be noted."""

    def close(self) -> None:
        """Note the rest."""


class Lines(Protocol):
    """Lines on disk, by place."""

    def read(self, place: int) -> str:
        """The line without its line end."""


class StoredLines(Lines, Protocol):
    """Lines that an earlier run left."""

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every line with its place."""


@runtime_checkable
class Judging(Protocol):
    """A metric whose models read the answer and grade it, so that an answer may try to talk to them."""

    @property
    def jury(self) -> tuple[str, ...]:
        """Names of several models in place of one; empty for one."""


class Journal(Lines, Protocol):
    """Where results go as they happen."""

    def append(self, line: str) -> int:
        """One line of JSON without its line end, written at once; raises CouldNotRun when it was not written whole.

        Returns its place, for `read`.
        """

    def holds_only(self, count: int) -> bool:
        """Whether there is nothing but the lines that were appended here, and they are so many."""

    def rewrite(self, lines: Iterable[str]) -> None:
        """Put these lines in place of everything, at once."""

    def close(self) -> None:
        """Everything that was appended is on disk after this."""


class Progress(Protocol):
    """What a person at a terminal sees of long work."""

    def note(self, line: str) -> None:
        """A line that stays."""

    def start(self, total: int, what: str) -> None:
        """`total` steps of `what` begin."""

    def advance(self, cost_usd: float | None = None) -> None:
        """One step is done."""

    def finish(self) -> None:
        """The work has ended, well or not."""
