"""A Kafka topic as the stream: a consumer group whose offsets follow what is kept, with counted tries."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.streams import Entry

IDLE_SECONDS = 45.0
BUSY_SECONDS = 900.0
"""A worker that takes longer than this over one batch has lost its partitions to another."""
ANSWER_SECONDS = 10.0
_GONE_ON = frozenset({"ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS", "_ASSIGNMENT_LOST"})
_INHERITED: list[Any] = []  # clients of a parent process: ending one here would wait for threads that are not here
_log = logging.getLogger("evalbot")


@dataclass(frozen=True, slots=True)
class Tried:
    """What the group remembers of a partition beside its offset, as the text that Kafka keeps with a commit.

    Entries from that offset to before `until` were handed out and not acknowledged; the first of them `times` times.
    """

    until: int = 0
    times: int = 0

    @classmethod
    def read(cls, text: str | None) -> Tried:
        """Of a commit's text; that of another program says nothing."""
        until, _, times = (text or "").partition(" ")
        return cls(int(until), int(times)) if until.isdecimal() and times.isdecimal() else cls()

    def __str__(self) -> str:
        return f"{self.until} {self.times}"


class KafkaStream:
    """A topic with a consumer group: workers share its partitions, and those of a dead one go to the others.

    An offset is committed once its entries are kept. Before a batch is handed out, the commit of its beginning notes that and how often:
    Kafka counts no deliveries. What was handed out in vain comes again alone, so that an entry which kills workers takes no other with it.

    Args:
        servers: `host:port`, several with commas.
        topic: `<topic>.dead` takes what was tried `deliveries` times in vain.
        group: The consumer group.
        deliveries: How often an entry is tried.
        idle_seconds: How long a worker may be silent before others get its partitions.
        answer_seconds: How long the servers may take to answer.
        client: More settings of librdkafka, for TLS and passwords.
    """

    def __init__(
        self, servers: str, topic: str = "evalbot-samples", group: str = "evalbot", deliveries: int = 5, idle_seconds: float = IDLE_SECONDS,
        answer_seconds: float = ANSWER_SECONDS, client: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        try:
            import confluent_kafka
        except ImportError as error:
            hint = 'Install it: pip install "evalbot[kafka]". The action\'s image has none: run `evalbot monitor --drain` as a step instead.'
            raise ConfigError(Problem("a Kafka stream needs confluent-kafka.", hint=hint)) from error
        self._kafka: Any = confluent_kafka
        self._topic, self._deliveries, self._answer = topic, deliveries, answer_seconds
        ours = {**(client or {}), "bootstrap.servers": servers, "log_level": 2, "error_cb": self._hear}
        self._producing = {**ours, "enable.idempotence": True, "message.timeout.ms": int(1000 * answer_seconds)}
        self._consuming = {
            **ours, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False, "enable.auto.offset.store": False,
            "enable.partition.eof": True, "allow.auto.create.topics": True, "partition.assignment.strategy": "range,roundrobin",
            "session.timeout.ms": int(1000 * idle_seconds), "heartbeat.interval.ms": max(1, int(1000 * idle_seconds / 10)),
            "max.poll.interval.ms": int(1000 * max(BUSY_SECONDS, idle_seconds)),
        }  # fmt: skip
        self._heard = ""  # what the client said last of its connections
        self._producer: Any = None
        self._process = 0  # the producer's threads are in
        self._consumer: Any = None
        self._member = False  # of the group, with partitions shared out
        self._tried: dict[int, Tried] = {}  # by partition of ours
        self._ended: set[int] = set()  # partitions whose end was seen
        self._ahead: list[Any] = []  # messages that were fetched and not handed out
        self._open: dict[int, list[int]] = {}  # offsets that were handed out and not acknowledged

    def publish(self, values: Sequence[Json]) -> None:
        """Hand these over; all were taken by the topic, or CouldNotRun."""
        self._produce(self._topic, [(json.dumps(value), None) for value in values])

    def read(self, most: int, seconds: float) -> Sequence[Entry]:
        """What was fetched already or comes in so many seconds; what was tried before comes alone."""
        consumer = self._joined()
        if not self._ahead:
            first = consumer.poll(seconds)  # consume() alone would wait until there are so many
            for message in () if first is None else (first, *consumer.consume(most - 1, 0)):
                self._take(message)
        while self._ahead:
            count = next((at for at, message in enumerate(self._ahead) if self._times(message)), most)
            batch, self._ahead = self._ahead[: count or 1], self._ahead[count or 1 :]
            if self._times(batch[0]) >= self._deliveries:
                self._set_aside(batch[0])
            elif self._noted(batch):
                return [Entry(f"{message.partition()}:{message.offset()}", _value(message)) for message in batch]
        return []

    def drained(self) -> bool:
        """Whether the group has let us in, and the end of each partition of ours was seen."""
        return not self._ahead and self._member and self._ended >= self._tried.keys()

    def hold(self, ids: Sequence[str]) -> None:
        """The client says so by itself, for `BUSY_SECONDS`."""

    def done(self, ids: Sequence[str]) -> None:
        """Commit up to the first entry that is still open; where the group has gone on without us, they come again to somebody."""
        found: dict[int, list[int]] = {}
        for name in ids:
            where, _, offset = name.partition(":")
            found.setdefault(int(where), []).append(int(offset))
        commits = []
        for partition in found.keys() & self._tried.keys():
            left = self._open[partition] = [offset for offset in self._open[partition] if offset not in found[partition]]
            commits.append((partition, left[0] if left else max(found[partition]) + 1))
            self._tried[partition] = Tried(self._tried[partition].until, 1)
        self._commit(commits)

    def dead(self) -> int:
        """How many entries the topic of dead letters holds."""
        consumer, name = self._joined(), f"{self._topic}.dead"
        try:
            found = consumer.list_topics(timeout=self._answer).topics.get(name)
            ends = [consumer.get_watermark_offsets(self._kafka.TopicPartition(name, at), self._answer) for at in (found.partitions if found else ())]
        except self._kafka.KafkaException as error:
            raise self._lost(error) from error
        return sum(high - low for low, high in ends)

    def close(self) -> None:
        """Leave the group, so that others go on at once."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._given_back()

    def _joined(self) -> Any:
        """The consumer, which asks the group to let it in when it is first needed: a service that only publishes has none."""
        if self._consumer is None:
            consumer = self._made(self._kafka.Consumer, self._consuming)
            try:
                self._find(consumer)
            except BaseException:
                consumer.close()
                raise
            consumer.subscribe([self._topic], on_assign=self._assigned, on_revoke=self._given_back, on_lost=self._given_back)
            self._consumer = consumer
        return self._consumer

    def _find(self, consumer: Any) -> None:
        """The topic; a broker that makes topics when they are asked for needs a moment for it."""
        until = time.monotonic() + self._answer
        while True:
            try:
                error = consumer.list_topics(self._topic, timeout=self._answer).topics[self._topic].error
            except self._kafka.KafkaException as lost:
                consumer.poll(0)  # says why
                raise self._lost(lost) from lost
            if error is None:
                return
            if time.monotonic() > until:
                raise CouldNotRun(f"the topic {self._topic}: {error.str()}. Make it, with as many partitions as there may be workers.")
            time.sleep(0.2)

    def _made(self, kind: Any, settings: Mapping[str, Any]) -> Any:
        try:
            return kind(settings, logger=_log)
        except self._kafka.KafkaException as error:  # librdkafka names the setting, and never its value
            raise ConfigError(Problem(f"the stream's client: {error.args[0].str()}", hint="Its settings are librdkafka's.")) from error

    def _assigned(self, consumer: Any, partitions: Sequence[Any]) -> None:
        """These are ours now: what does the group remember of them?"""
        try:
            known = consumer.committed(partitions, timeout=self._answer) if partitions else []
        except self._kafka.KafkaException as error:
            raise self._lost(error) from error
        self._tried = {one.partition: Tried.read(one.metadata) for one in known}
        self._ended.clear()
        self._member = True
        consumer.assign(partitions)

    def _given_back(self, *_: Any) -> None:
        """Partitions are shared out anew: what was fetched of them comes again, to whoever gets them."""
        self._member = False
        self._tried.clear()
        self._ahead.clear()
        self._open.clear()

    def _take(self, message: Any) -> None:
        error = message.error()
        if error is None:
            self._ended.discard(message.partition())
            self._ahead.append(message)
        elif error.code() == self._kafka.KafkaError._PARTITION_EOF:
            self._ended.add(message.partition())
        elif error.code() != self._kafka.KafkaError._MAX_POLL_EXCEEDED:  # then they are given back, and asked for anew
            raise self._lost(self._kafka.KafkaException(error))

    def _times(self, message: Any) -> int:
        """How often it was handed out before."""
        tried = self._tried[message.partition()]
        return tried.times if message.offset() < tried.until else 0

    def _noted(self, batch: Sequence[Any]) -> bool:
        """Have the group remember that these are handed out; False where it has gone on without us."""
        times, commits = self._times(batch[0]) + 1, []
        for partition in {message.partition() for message in batch}:
            offsets = self._open[partition] = [message.offset() for message in batch if message.partition() == partition]
            self._tried[partition] = Tried(max(self._tried[partition].until, offsets[-1] + 1), times)
            commits.append((partition, offsets[0]))
        return self._commit(commits)

    def _commit(self, commits: Sequence[tuple[int, int]]) -> bool:
        """Commit these offsets, with what was tried of what follows; where the group has gone on without us, join it anew and return False."""
        if not commits:
            return False
        given = []
        for partition, offset in commits:
            tried = self._tried[partition]
            given.append(self._kafka.TopicPartition(self._topic, partition, offset, str(tried) if tried.until > offset else ""))
        try:
            self._consumer.commit(offsets=given, asynchronous=False)
        except self._kafka.KafkaException as error:
            if error.args[0].name() not in _GONE_ON:
                raise self._lost(error) from error
            self.close()
            return False
        return True

    def _set_aside(self, message: Any) -> None:
        """To the dead letters as it came, with where it came from; then past it."""
        headers = [*(message.headers() or ()), ("evalbot-from", f"{self._topic}/{message.partition()}/{message.offset()}".encode())]
        self._produce(f"{self._topic}.dead", [(message.value(), headers)])
        self._tried[message.partition()] = Tried(self._tried[message.partition()].until, 1)
        self._commit([(message.partition(), message.offset() + 1)])

    def _produce(self, topic: str, values: Sequence[tuple[str | bytes | None, Any]]) -> None:
        if self._producer is None or self._process != os.getpid():
            _INHERITED.append(self._producer)
            self._producer, self._process = self._made(self._kafka.Producer, self._producing), os.getpid()
        failed: list[str] = []
        try:
            for value, headers in values:
                self._producer.produce(topic, value, headers=headers, on_delivery=lambda error, _: failed.append(error.str()) if error else None)
            left = self._producer.flush(2 * self._answer)
        except (self._kafka.KafkaException, BufferError) as error:
            raise self._lost(error) from error
        if failed or left:
            raise CouldNotRun(f"the topic {topic} did not take {max(len(failed), left)} of {len(values)} entries: {self._heard or (failed or ['no answer'])[0]}")

    def _hear(self, error: Any) -> None:
        self._heard = error.str()

    def _lost(self, error: Exception) -> CouldNotRun:
        said = error.args[0].str() if isinstance(error, self._kafka.KafkaException) else type(error).__name__
        return CouldNotRun(f"the topic {self._topic} cannot be reached: {self._heard or said}")


def _value(message: Any) -> Json:
    try:
        found: Json = json.loads(message.value() or b"null")
    except ValueError:
        return None
    return found
