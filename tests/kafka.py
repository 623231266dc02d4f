"""A Kafka cluster on loopback without Java: librdkafka's own mock, which speaks the real protocol to clients in any process."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka

from tests.needs import need

_PRODUCER, _BROKER = 0, 1
FOUND = sorted(Path(confluent_kafka.__file__).parent.parent.glob("confluent_kafka.libs/librdkafka*.so*"))


class MockKafka:
    """One broker. Topics that nobody made are made with four partitions when they are asked for."""

    def __init__(self, library: ctypes.CDLL, cluster: Any) -> None:
        self._library, self._cluster = library, cluster
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        self.servers = str(library.rd_kafka_mock_cluster_bootstraps(cluster).decode())

    def topic(self, name: str, partitions: int) -> str:
        """Make one."""
        assert self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1) == 0
        return name

    def away(self) -> None:
        """It refuses connections from now on."""
        assert self._library.rd_kafka_mock_broker_set_down(self._cluster, _BROKER) == 0

    def back(self) -> None:
        """It takes them again."""
        assert self._library.rd_kafka_mock_broker_set_up(self._cluster, _BROKER) == 0

    def committed(self, topic: str, group: str) -> int:
        """The offsets of all partitions that a group has committed, added up."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.servers, "group.id": group})
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        found = consumer.committed([confluent_kafka.TopicPartition(topic, at) for at in partitions], timeout=30)
        consumer.close()
        return sum(max(0, one.offset) for one in found)

    def sent(self, topic: str) -> list[Any]:
        """All messages of a topic's partitions."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.servers, "group.id": "reader of tests", "enable.partition.eof": True})
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([confluent_kafka.TopicPartition(topic, at, confluent_kafka.OFFSET_BEGINNING) for at in partitions])
        found, ended = [], 0
        while ended < len(partitions):
            message = consumer.poll(30)
            assert message is not None
            if message.error() is None:
                found.append(message)
            else:
                ended += 1
        consumer.close()
        return found


@contextmanager
def mock_kafka() -> Iterator[MockKafka]:
    """One that ends with the block."""
    need("kafka", FOUND, "confluent-kafka's wheel for this platform has no librdkafka to load")
    library = ctypes.CDLL(str(FOUND[0]))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    said = ctypes.create_string_buffer(512)
    settings = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(settings, b"log_level", b"0", said, len(said))
    client = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER, settings, said, len(said)))
    assert client, said.value
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(client, 1))
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    try:
        yield MockKafka(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(client)
