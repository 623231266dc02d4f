"""The monitor on Kafka's real protocol: offsets that follow what is kept, counted tries, and a cluster that is away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalbot.adapters.handover import Handover
from evalbot.adapters.streams import KafkaStream, open_stream
from evalbot.config import load_policy
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.streams import Entry
from tests.app.monitor.killing import fork_while_handing_over, lose_nothing, set_aside_what_kills
from tests.app.monitor.workers import CONFIG, sample
from tests.kafka import MockKafka, mock_kafka
from tests.kafka_sign_in import sign_in
from tests.longer import sized
from tests.repository import Repo


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as cluster:
        yield cluster


def read(stream: KafkaStream) -> list[Entry]:
    """The next entries; nothing once the stream says that nothing waits."""
    ended = time.monotonic() + 60
    while time.monotonic() < ended:
        if found := stream.read(10, 0.1):
            return list(found)
        if stream.drained():
            return []
    raise AssertionError("nothing was said for a minute")


def ids(entries: list[Entry]) -> list[object]:
    return [entry.value["id"] for entry in entries]  # type: ignore[call-overload,index]


def test_the_command_scores_what_waits_in_the_topic_and_acknowledges_what_it_kept(kafka: MockKafka, tmp_path: Path) -> None:
    rules = CONFIG.replace("{type: memory}", f'{{type: kafka, servers: "{kafka.servers}", topic: answers}}')
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": rules})
    service = open_stream({"type": "kafka", "servers": kafka.servers, "topic": "answers"}, {})
    service.publish([sample("a"), sample("b", "these are more than three words"), sample("a")])
    service.close()
    command = [sys.executable, "-m", "evalbot", "monitor", "--drain", "-C", str(repo.root)]
    done = subprocess.run(command, env={**os.environ}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 new samples kept, 0 unusable, 0 set aside, 1 alerts told.\n"
    assert kafka.committed("answers", "evalbot") == 3


def test_what_is_no_json_is_an_entry_without_a_value_and_an_open_entry_holds_the_offset(kafka: MockKafka) -> None:
    stream = KafkaStream(kafka.servers, kafka.topic("one", 1), idle_seconds=1.5)
    stream._produce("one", [(b"{no json", None), (b'{"id": "x"}', None), (None, None)])
    found = read(stream)
    assert [entry.value for entry in found] == [None, {"id": "x"}, None]
    stream.done([found[0].id, found[2].id])
    stream.close()
    again = KafkaStream(kafka.servers, "one", idle_seconds=1.5)
    assert [entry.id for entry in read(again)] == [found[1].id]
    again.close()


def test_what_kills_every_worker_is_set_aside_as_it_came_and_its_neighbours_are_kept(kafka: MockKafka, tmp_path: Path) -> None:
    kafka.topic("poison", 1)
    set_aside_what_kills("kafka", kafka.servers, tmp_path / "store.sqlite")
    (letter,) = kafka.sent("poison.dead")
    assert b'"poison"' in letter.value()
    assert letter.headers() == [("evalbot-from", b"poison/0/2")]


@pytest.mark.campaign
def test_two_workers_that_are_killed_again_and_again_lose_nothing_count_nothing_twice_and_tell_once(kafka: MockKafka, tmp_path: Path) -> None:
    kafka.topic("kills", 4)
    lose_nothing("kafka", kafka.servers, tmp_path / "store.sqlite", sized(2, 100))


def test_a_service_feels_nothing_of_a_cluster_that_is_away_and_hands_over_once_it_is_back(kafka: MockKafka) -> None:
    kafka.topic("late", 1)
    kafka.away()
    handover = Handover(open_stream({"type": "kafka", "servers": kafka.servers, "topic": "late"}, {}))
    assert handover.give(sample("a"))
    kafka.back()
    handover.stop(60)
    assert (handover.published, handover.dropped) == (1, 0)
    assert len(kafka.sent("late")) == 1


def test_a_service_that_forks_hands_over_in_parent_and_child_and_nothing_twice(kafka: MockKafka) -> None:
    fork_while_handing_over({"type": "kafka", "servers": kafka.servers, "topic": kafka.topic("forked", 1)}, {})
    assert sorted(json.loads(message.value())["id"] for message in kafka.sent("forked")) == ["before", "child", "parent"]


def test_a_cluster_that_is_away_is_one_line_for_service_and_worker(kafka: MockKafka) -> None:
    kafka.away()
    stream = KafkaStream(kafka.servers, "gone", answer_seconds=1.0)
    with pytest.raises(CouldNotRun, match=r"the topic gone did not take 1 of 1 entries: .*Connection refused"):
        stream.publish([sample("a")])
    with pytest.raises(CouldNotRun, match=r"the topic gone cannot be reached: .*Connection refused"):
        stream.read(10, 0.1)
    stream.close()


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ("{type: kafka}", r"evalbot\.yml:\d+: monitor\.stream has no 'servers'\. Write host:port"),
        ("{type: kafka, servers: 'a:1', name: x}", r"evalbot\.yml:\d+: monitor\.stream\.name has no meaning for a stream of type kafka"),
        ("{type: redis, servers: 'a:1'}", r"evalbot\.yml:\d+: monitor\.stream\.servers has no meaning for a stream of type redis"),
        ("{type: kafka, servers: 'a:1', client: {plugin.library.paths: x.so}}", r"evalbot\.yml:\d+: .*plugin\.library\.paths"),
        ("{type: kafka, servers: 'a:1', client: {ssl.engine.location: x.so}}", r"evalbot\.yml:\d+: .*ssl\.engine\.location"),
        ("{type: kafka, servers: 'a:1', client: {group.id: mine}}", r"evalbot\.yml:\d+: .*group\.id"),
    ],
)
def test_a_key_that_another_type_has_or_that_would_break_the_promises_is_refused_where_it_stands(stream: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_policy(CONFIG.replace("{type: memory}", stream).encode(), "evalbot.yml")


def test_a_service_hears_at_once_of_a_stream_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"type": "kafka", "servers": "127.0.0.1:1"}
    with pytest.raises(ConfigError, match=r"a stream of type kafka knows no 'topics'\. Did you mean 'topic'"):
        open_stream({**given, "topics": "x"}, {})
    with pytest.raises(ConfigError, match=r"needs the environment variable KAFKA_PASSWORD, which is not set\. It holds sasl\.password"):
        open_stream({**given, "client_env": {"sasl.password": "KAFKA_PASSWORD"}}, {})
    with pytest.raises(ConfigError, match=r'the stream\'s client: Invalid value "none" for configuration property "security.protocol"'):
        open_stream({**given, "client": {"security.protocol": "none"}}, {}).publish([1])
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ConfigError, match=r'pip install "evalbot\[kafka\]"'):
        open_stream(given, {})


def test_nobody_loads_a_client_who_has_no_such_stream() -> None:
    script = "import sys, evalbot.app.watching, evalbot.cli, evalbot.adapters.streams as s; s.open_stream({}, {}); print({'confluent_kafka', 'redis'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_password_comes_from_the_environment_and_goes_only_to_who_is_trusted(tmp_path: Path) -> None:
    with sign_in(tmp_path) as server:
        given = {
            "servers": server.servers, "client_env": {"sasl.password": "KAFKA_PASSWORD"},
            "client": {"security.protocol": "SASL_SSL", "sasl.mechanisms": "PLAIN", "sasl.username": "ada"},
        }  # fmt: skip
        rules = CONFIG.replace("{type: memory}", json.dumps({"type": "kafka", **given}))
        assert load_policy(rules.encode(), "evalbot.yml").monitor is not None

        def line(client: dict[str, str], expected: str) -> str:
            """What is said in the end: a slow machine may have no answer at first."""
            options: dict[str, Any] = {**given, "type": "kafka", "client": {**given["client"], **client}}  # type: ignore[dict-item]
            stream = open_stream(options, {"KAFKA_PASSWORD": "s3cret"})
            stream._answer, ended, said = 1.0, time.monotonic() + 60, ""  # type: ignore[attr-defined]
            while expected not in said and time.monotonic() < ended:
                with pytest.raises(CouldNotRun) as found:
                    stream.read(1, 0.1)
                said = str(found.value)
            return said

        assert "certificate verify failed" in line({}, "certificate verify failed")
        assert server.heard == []
        refused = "SASL authentication error: no such person"
        said = line({"ssl.ca.location": str(server.certificate)}, refused)
        assert refused in said
        assert "s3cret" not in said
        assert set(server.heard) == {b"\0ada\0s3cret"}
