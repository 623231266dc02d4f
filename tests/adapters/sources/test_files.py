"""Files, addresses, trace files and databases as sources, and the map from a record to a sample."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest

from evalbot.adapters.sources.jsonl import JsonLines
from evalbot.adapters.sources.mapped import Unusable, mapper
from evalbot.adapters.sources.otlp import Otlp
from evalbot.adapters.sources.sql import Sql
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.samples import From, Window
from tests.adapters.sources.api import JsonApi

WINDOW = Window(1_790_000_000.0, 1_790_086_400.0)
NEEDED = {"id": "id", "user_input": "q", "output": "a", "timestamp": "t"}


def test_lines_of_all_files_of_a_glob_gzipped_ones_too(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"n": 2}\n\n{"n": 3}\n')
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"n": 1}\n'))
    assert [row["n"] for row in JsonLines("*.jsonl*").fetch(WINDOW, From(tmp_path))] == [1, 2, 3]  # type: ignore[index]


def test_an_address_is_read_line_by_line() -> None:
    with JsonApi(lambda asked: b'{"n": 1}\n{"n": 2}') as api:
        assert [row["n"] for row in JsonLines(f"{api.url}/prod.jsonl").fetch(WINDOW, From())] == [1, 2]  # type: ignore[index]


@pytest.mark.parametrize(("content", "line"), [('{"n": 1}\n{"n', 2), ("[1]\n", 1), ('{"n": 1}\n\nnull\n', 3)])
def test_a_line_that_is_no_record_stops_everything(tmp_path: Path, content: str, line: int) -> None:
    (tmp_path / "x.jsonl").write_text(content)
    with pytest.raises(CouldNotRun, match=f"line {line}: "):
        list(JsonLines("x.jsonl").fetch(WINDOW, From(tmp_path)))


def test_object_stores_are_read_through_an_s3_compatible_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wire of S3: one answer to the listing, one to each object."""
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())  # the client loads some even for http, and a bare Debian has none
    listing = (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys>'
        "<IsTruncated>false</IsTruncated>"
        + "".join(
            f"<Contents><Key>prod/{name}</Key><LastModified>2026-09-21T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>9</Size></Contents>"
            for name in ("b.jsonl", "a.jsonl", "notes.txt")
        )
        + "</ListBucketResult>"
    )
    body = {"/logs/prod/a.jsonl": b'{"n": 1}\n', "/logs/prod/b.jsonl": b'{"n": 2}\n'}

    def answer(asked: Any) -> Any:
        if "list-type" in asked.query:
            return 200, listing.encode(), {"content-type": "application/xml"}
        return 200, body[asked.path], {"last-modified": "Mon, 21 Sep 2026 00:00:00 GMT", "etag": '"x"'}

    with JsonApi(answer) as api:
        environment = {"AWS_ENDPOINT_URL": api.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
        found = list(JsonLines("s3://logs/prod/*.jsonl").fetch(WINDOW, From(environment=environment)))
    assert found == [{"n": 1}, {"n": 2}]


def test_rows_of_a_query_with_the_window_bound(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "log.db")
    database.execute("create table log (id text, asked text, answered text, at text, extra text)")
    database.executemany("insert into log values (?, ?, ?, ?, ?)", [("in", "Q?", "A.", "2026-09-21 15:00:00", '{"segment": "pro"}'), ("out", "Q?", "A.", "2026-09-25 15:00:00", "{}")])
    database.commit()
    database.close()
    source = Sql("LOG_DB", "select * from log where at >= :since and at < :until limit :limit", json=("extra",))
    assert source.problems() == []
    (row,) = source.fetch(WINDOW, From(environment={"LOG_DB": f"sqlite:///{tmp_path / 'log.db'}"}))
    assert row == {"id": "in", "asked": "Q?", "answered": "A.", "at": "2026-09-21 15:00:00", "extra": {"segment": "pro"}}


@pytest.mark.parametrize(
    ("query", "said"),
    [("select 1", "query has no :since"), ("delete from log where at < :since or at > :until", "query must begin with SELECT")],
)  # fmt: skip
def test_a_query_that_reads_everything_or_changes_something_is_refused(query: str, said: str) -> None:
    assert any(problem.startswith(said) for problem in Sql("DB", query).problems())


def test_a_database_that_does_not_answer_says_so_without_its_address(tmp_path: Path) -> None:
    source = Sql("DB", "select * from nothing where a > :since and a < :until")
    with pytest.raises(ConfigError, match="DB, which is not set"):
        list(source.fetch(WINDOW, From()))
    with pytest.raises(CouldNotRun) as error:
        list(source.fetch(WINDOW, From(environment={"DB": f"sqlite:///{tmp_path}/secret-name.db"})))
    assert "secret-name" not in str(error.value)


def span(attributes: dict[str, Any], **more: Any) -> str:
    listed = [{"key": key, "value": {"stringValue": value} if isinstance(value, str) else value} for key, value in attributes.items()]
    found = {
        "traceId": "t", "spanId": "s", "name": "chat", "startTimeUnixNano": "1790002800000000000", "endTimeUnixNano": "1790002801500000000",
        "attributes": listed, "status": {}, **more,
    }  # fmt: skip
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [found]}]}]}) + "\n"


MESSAGES = json.dumps([{"role": "system", "parts": [{"type": "text", "content": "Be kind."}]}, {"role": "user", "parts": [{"type": "text", "content": "Q?"}]}])
ANSWERED = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "A."}], "finish_reason": "stop"}])


@pytest.mark.parametrize(
    "line",
    [
        span({"input.value": "Q?", "output.value": "A."}),
        span({"gen_ai.input.messages": MESSAGES, "gen_ai.output.messages": ANSWERED}),
        span({}, events=[
            {"name": "gen_ai.user.message", "attributes": [{"key": "content", "value": {"stringValue": "Q?"}}]},
            {"name": "gen_ai.choice", "attributes": [{"key": "message", "value": {"stringValue": '{"role": "assistant", "content": "A."}'}}]},
        ]),
        span({"traceloop.entity.input": "Q?", "traceloop.entity.output": "A."}),
    ],
    ids=["OpenInference", "GenAI", "GenAI before 1.37, as events", "OpenLLMetry"],
)  # fmt: skip
def test_traces_by_every_convention_give_the_same_sample(tmp_path: Path, line: str) -> None:
    (tmp_path / "traces.jsonl").write_text(line + span({"http.method": "GET"}))
    source = Otlp("traces.jsonl")
    (only,) = [mapper(source.map)(record) for record in source.fetch(WINDOW, From(tmp_path))]
    assert (only.input, only.output, only.timestamp, only.latency_ms) == ({"user_input": "Q?"}, "A.", 1_790_002_800.0, 1500.0)


def test_template_variables_errors_and_feedback_of_a_trace(tmp_path: Path) -> None:
    variables = span(
        {"input.value": "rendered", "output.value": "A.", "llm.prompt_template.variables": '{"topic": "tea"}', "user.id": "u"}, status={"code": 2},
        events=[{"name": "gen_ai.evaluation.result", "attributes": [
            {"key": "gen_ai.evaluation.name", "value": {"stringValue": "thumbs"}}, {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.0}}]}],
    )  # fmt: skip
    (tmp_path / "traces.jsonl").write_text(variables)
    (only,) = [mapper(Otlp("x").map)(record) for record in Otlp("traces.jsonl").fetch(WINDOW, From(tmp_path))]
    assert (only.input, only.had_error, only.user, only.feedback) == ({"topic": "tea", "user_input": "rendered"}, True, "u", {"thumbs": 0.0})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (1_790_002_800, 1_790_002_800.0), (1_790_002_800_000, 1_790_002_800.0), ("1790002800000000", 1_790_002_800.0), (1_790_002_800_000_000_000, 1_790_002_800.0),
        ("2026-09-21T15:00:00Z", 1_790_002_800.0), ("2026-09-21T17:00:00+02:00", 1_790_002_800.0), ("2026-09-21 15:00:00", 1_790_002_800.0),
    ],
)  # fmt: skip
def test_times_in_every_usual_form(written: Any, seconds: float) -> None:
    assert mapper(NEEDED)({"id": "1", "q": "Q?", "a": "A.", "t": written}).timestamp == seconds


@pytest.mark.parametrize(
    ("record", "why"),
    [({"q": "Q?", "t": 1}, "no id"), ({"id": "1", "q": "Q?", "t": "yesterday"}, "no time"), ({"id": "1", "t": 1}, "no input"), ({"id": "1", "q": "Q?", "t": True}, "no time")],
)  # fmt: skip
def test_a_record_that_is_no_sample_says_why(record: Any, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        mapper(NEEDED)(record)


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "evil.example"])
@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("s3://logs/x.jsonl", lambda at: {"AWS_ENDPOINT_URL": at, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}),
        ("gs://logs/x.jsonl", lambda at: {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({"gcs_base_url": at, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""})}),
        ("az://logs/x.jsonl", lambda at: {"AZURE_ENDPOINT": at, "AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_ACCOUNT_KEY": "Yg=="}),
    ],
    ids=["s3", "gs", "az"],
)  # fmt: skip
def test_a_store_is_asked_over_plain_http_on_this_machine_only(url: str, environment: Callable[[str], dict[str, str]], host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    asked: list[Any] = []
    monkeypatch.setattr("obstore.list", lambda store, **_: asked.append(store.client_options["allow_http"]) or iter(()))
    for at, allowed in ((f"http://{host}", False), ("http://127.0.0.1:9", True), ("http://localhost:9", True)):
        with pytest.raises(CouldNotRun, match="no such object"):
            list(JsonLines(url).fetch(WINDOW, From(environment=environment(at))))
        assert asked.pop() in ((allowed, str(allowed).lower()) if allowed else (False, "false", None)), at
