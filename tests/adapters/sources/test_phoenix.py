"""Arize Phoenix itself, of a virtual environment beside the project (it weighs 850 MB): spans in by OTLP, people's annotations, samples out.

`python -m venv DIR && DIR/bin/pip install arize-phoenix`, then `EVALBOT_PHOENIX=DIR make campaign`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from evalbot.adapters.sources import SOURCES
from evalbot.adapters.sources.mapped import mapper
from evalbot.domain.samples import From, Sample, Window
from tests.adapters.sources.beside import beside, free_port, served, until

pytestmark = pytest.mark.campaign

AT = 1_790_002_800
WINDOW = Window(AT - 3600.0, AT + 3600.0)
EXPORT = """
import sys, urllib.request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

url, at = sys.argv[1], int(sys.argv[2]) * 10**9
sent = ExportTraceServiceRequest()
resource = sent.resource_spans.add()
def put(where, **values):
    where.extend(KeyValue(key=key.replace("__", "."), value=AnyValue(string_value=value)) for key, value in values.items())
put(resource.resource.attributes, openinference__project__name="shop")
spans = resource.scope_spans.add()
for number in range(253):
    kind = "CHAIN" if number == 252 else "LLM"
    start = at - 7200 * 10**9 if number == 251 else at + number * 10**6
    span = spans.spans.add(trace_id=number.to_bytes(16, "big", signed=False)[:15] + b"\\x07", span_id=(number + 1).to_bytes(8, "big"), name="chat", kind=1,
                           start_time_unix_nano=start, end_time_unix_nano=start + 1500 * 10**6)
    put(span.attributes, openinference__span__kind=kind, input__value=f"Question {number}?", output__value="TODO", user__id="u-1")
    span.status.code = 2 if number == 1 else 1
asked = urllib.request.Request(url + "/v1/traces", sent.SerializeToString(), {"content-type": "application/x-protobuf"})
assert urllib.request.urlopen(asked).status == 200
"""


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that holds 251 calls of a model in the window, one before it, and a chain."""
    programs = beside("phoenix", "phoenix")
    port, other = free_port(), free_port()
    url, work = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("phoenix")
    environment = {
        "PHOENIX_WORKING_DIR": str(work), "PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": str(port), "PHOENIX_GRPC_PORT": str(other),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }  # fmt: skip
    with served([programs / "phoenix", "serve"], environment, work, lambda: requests.get(f"{url}/healthz", timeout=5).ok):
        subprocess.run([programs / "python", "-c", EXPORT, url, str(AT)], check=True, timeout=60)
        until(lambda: len(requests.get(f"{url}/v1/projects/shop/spans", {"limit": 1000}, timeout=5).json()["data"]) == 253)
        annotations = [
            {"span_id": f"{1:016x}", "name": "thumbs", "annotator_kind": "HUMAN", "result": {"label": "down", "score": 0, "explanation": "wrong"}},
            {"span_id": f"{1:016x}", "name": "correction", "annotator_kind": "HUMAN", "result": {"explanation": "Within 30 days."}},
            {"span_id": f"{3:016x}", "name": "thumbs", "annotator_kind": "LLM", "result": {"label": "down", "score": 0}},
        ]
        requests.post(f"{url}/v1/span_annotations?sync=true", json={"data": annotations}, timeout=30).raise_for_status()
        yield url


def test_spans_and_peoples_words_come_out_of_phoenix_itself(phoenix: str) -> None:
    found = {sample.id: sample for sample in samples(phoenix)}

    assert len(found) == 251  # three pages; neither the chain nor the call before the window
    first, second, third = (found[f"{number:016x}"] for number in (1, 2, 3))
    assert (first.input, first.output, first.user, first.latency_ms) == ({"user_input": "Question 0?"}, "TODO", "u-1", 1500.0)
    assert (first.timestamp, first.had_error, first.expected) == (float(AT), False, "Within 30 days.")
    assert isinstance(first.feedback, dict)
    assert (first.feedback["label"], first.feedback["score"]) == ("down", 0.0)  # and not the correction, which was written later
    assert (second.had_error, second.feedback) == (True, None)
    assert third.feedback is None  # a model's word is no person's


def samples(url: str) -> list[Sample]:
    source: Any = SOURCES.get("phoenix")(values={"host": url, "project": "shop"})
    assert source.problems() == []
    mapped = mapper(source.map)
    return [mapped(record) for record in source.fetch(WINDOW, From())]
