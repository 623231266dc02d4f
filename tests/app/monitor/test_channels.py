"""Where alerts go: a webhook that answers, stalls, redirects and comes back, and a file that Prometheus' own parser reads."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from evalbot.adapters.alerting import openmetrics, to_webhook
from evalbot.adapters.streams import MemoryStream
from evalbot.app.monitor import Monitor
from evalbot.domain.monitoring import Alert, AlertKind, Standing
from evalbot.report.alerts import alerts_body, alerts_title
from tests.app.monitor.workers import NOW, Clock, monitor_of, sample, take_all
from tests.report.hostile import strings
from tests.report.rendering import LIVE, Page

LONG = "these are more than three words"
HOSTILE = [
    '</a> <!channel> <@U1> <https://evil.example|click> & *bold* `code`\n*hallucination_detected* (high) all is well',
    "http://evil.example/\u202egnp.exe\x00\x1b[31m\r\n# EOF\nevalbot_samples 0", 'a"b\\c\\n{x="y"} 1 # {} 2', "x" * 100_000, "ß\u2028漢\U0001f600",
]


class Hook:
    """A webhook on loopback that answers as a test says."""

    def __init__(self) -> None:
        self.status, self.got, self.asked = 200, list[dict[str, Any]](), 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.asked += 1
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if hook.status == 200:
                    hook.got.append(body)
                self.send_response(hook.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/services/SECRET"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def watching(folder: Path, hook: Hook, clock: Clock, *outputs: str) -> Monitor:
    monitor = monitor_of(folder, MemoryStream(), clock, "  alerts: {webhook_env: HOOK}\n")
    monitor.world.environment["HOOK"] = hook.url  # type: ignore[index]
    monitor.stream.publish([sample(f"s{number}", output) for number, output in enumerate(outputs)])
    take_all(monitor)
    return monitor


def test_a_webhook_hears_of_an_alert_once(tmp_path: Path, hook: Hook) -> None:
    clock = Clock()
    monitor = watching(tmp_path, hook, clock, "two words", LONG)
    for _ in range(3):
        asyncio.run(monitor.flush())
        clock.now += 60
    (message,) = hook.got
    assert message == {"text": ":large_orange_circle: *constraint_violation* (medium), suite support: words was violated by 1 of 2 answers"}
    assert monitor.said == []


@pytest.mark.parametrize("status", [500, 429, 404, 302])
def test_an_alert_that_a_webhook_did_not_take_is_sent_again_and_its_address_is_not_told(tmp_path: Path, hook: Hook, status: int) -> None:
    clock, hook.status = Clock(), status
    monitor = watching(tmp_path, hook, clock, LONG)
    asyncio.run(monitor.flush())
    assert (hook.asked, hook.got) == (1, [])  # one try a round: a worker does not wait for who does not listen
    assert list(monitor.said) == [f"the webhook did not take the alerts (HTTP {status}); they are sent again"]
    hook.status, clock.now = 200, clock.now + 60
    asyncio.run(monitor.flush())
    asyncio.run(monitor.flush())
    assert len(hook.got) == 1
    assert "SECRET" not in "".join(monitor.said)


def test_another_worker_sends_what_the_first_one_could_not_and_old_news_are_not_sent(tmp_path: Path, hook: Hook) -> None:
    clock, hook.status = Clock(), 503
    first = watching(tmp_path, hook, clock, LONG)
    second = watching(tmp_path, hook, clock)
    asyncio.run(first.flush())
    hook.status = 200
    asyncio.run(second.flush())
    asyncio.run(first.flush())
    assert len(hook.got) == 1
    hook.status, clock.now = 503, clock.now + 86_400
    monitor = watching(tmp_path, hook, clock)
    monitor.stream.publish([sample("late", LONG, timestamp=clock.now)])
    take_all(monitor)
    asyncio.run(monitor.flush())
    hook.status, clock.now = 200, clock.now + 86_401
    asyncio.run(monitor.flush())
    assert len(hook.got) == 1


def test_nobody_there_and_no_address_are_said() -> None:
    assert to_webhook("http://127.0.0.1:1/x", [Alert(AlertKind.JUDGE, "quality", "it drifted", NOW)], "support") == "ConnectionError"
    assert to_webhook("example.org", [Alert(AlertKind.JUDGE, "quality", "it drifted", NOW)], "support") == "MissingSchema"


@pytest.mark.parametrize("words", HOSTILE)
def test_names_make_no_mention_no_link_and_no_second_line_for_slack(hook: Hook, words: str) -> None:
    alerts = [Alert(AlertKind.CONSTRAINT, words, f"{words} was violated by 1 of 2 answers", NOW)] * 30
    assert to_webhook(hook.url, alerts, words) == ""
    text = hook.got[0]["text"]
    lines = text.split("\n")
    assert len(lines) == 21
    assert all(line.startswith(":large_orange_circle: *constraint_violation* (medium), suite ") for line in lines[:20])
    assert lines[20] == "and 10 more"
    assert "<" not in text
    assert "://" not in text
    assert text.count("*") == 40  # those of the kinds
    assert len(text) < 40_000  # Slack's own limit
    assert all(char.isprintable() or char in "\n\u200b" for char in text)


@pytest.mark.parametrize("name", HOSTILE)
def test_prometheus_reads_names_as_they_are(name: str) -> None:
    gauges = [("score_mean", {"window": "1h", "metric": name}, 4.5), ("samples", {"window": "1h"}, 3.0), ("score_mean", {"window": "24h", "metric": name}, 1e-300)]
    text = openmetrics(name, gauges, {"hallucination_detected": 2}, {name: 3})
    families = {one.name: one for one in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert sorted(families) == ["evalbot_alerts", "evalbot_monitor_entries", "evalbot_samples", "evalbot_score_mean"]
    assert [(one.labels["metric"], one.labels["window"], one.value) for one in families["evalbot_score_mean"].samples] == [(name, "1h", 4.5), (name, "24h", 1e-300)]
    assert [(one.labels, one.value) for one in families["evalbot_monitor_entries"].samples] == [({"suite": name, "what": name}, 3.0)]
    assert len(list(plain_families(text))) >= 4  # a collector of text files reads the older format  # type: ignore[no-untyped-call]


def test_the_file_says_every_window_every_state_and_what_stands(tmp_path: Path) -> None:
    monitor = monitor_of(tmp_path, MemoryStream(), Clock(), f"  alerts: {{openmetrics: {tmp_path}/metrics.txt}}\n")
    monitor.stream.publish([sample("a", "two words"), sample("b", LONG)])
    take_all(monitor)
    asyncio.run(monitor.flush())
    families = {one.name: one for one in text_string_to_metric_families((tmp_path / "metrics.txt").read_text())}  # type: ignore[no-untyped-call]

    def values(name: str, label: str) -> dict[str, float]:
        return {one.labels[label]: one.value for one in families[f"evalbot_{name}"].samples}

    assert values("samples", "window") == {"1h": 2.0, "24h": 2.0, "7d": 2.0}
    assert values("violations", "window") == {"1h": 1.0, "24h": 1.0, "7d": 1.0}
    assert values("score_mean", "window") == {"1h": 4.0, "24h": 4.0, "7d": 4.0}
    assert values("score_p10", "window") == {"1h": 2.0, "24h": 2.0, "7d": 2.0}
    assert {(one.labels["measure"], one.labels["state"]) for one in families["evalbot_state"].samples} >= {("score:words", "no_reference"), ("length", "no_reference")}
    assert values("standing_alerts", "kind") == {
        "hallucination_detected": 0.0, "constraint_violation": 1.0, "quality_degradation": 0.0, "drift_detected": 0.0, "judge_drift": 0.0,
    }  # fmt: skip
    assert values("monitor_entries", "what") == {"kept": 2.0}


def test_names_are_nothing_but_words_of_the_issue() -> None:
    def page(words: str) -> tuple[str, Page]:
        some = [Standing(Alert(AlertKind.CONSTRAINT, words, f"{words} was violated by 1 of 2 answers", NOW), NOW, NOW)] * 3
        body = alerts_body(words[:200], "@acme/support", some)
        return body, Page(body)

    _, plain = page("word")
    for words in [*HOSTILE, *strings(300)]:
        body, found = page(words)
        assert found.elements[1:] == plain.elements[1:], ascii(words)  # the first is the marker, which names the suite
        assert sorted(set(LIVE.findall(found.text))) == sorted(set(LIVE.findall(plain.text))), ascii(words)
        assert body.count("<!--") == 1
        assert len(body) < 60_000
        title = alerts_title(words)
        assert "\n" not in title
        assert not {"@", "<", "#", "`"} & set(title)
