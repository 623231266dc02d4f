"""Each vendor's preset against a loopback server that answers in the shapes of that vendor's present API.

The shapes were written down from the vendors' published references (field names, paging, errors), cut to what is read here.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from evalbot.adapters.sources import PRESETS, SOURCES
from evalbot.adapters.sources.mapped import mapper
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.samples import From, Sample, Window
from tests.adapters.sources.api import Asked, JsonApi

WINDOW = Window(1_790_000_000.0, 1_790_086_400.0)
SINCE, UNTIL = "2026-09-21T14:13:20.000Z", "2026-09-22T14:13:20.000Z"  # by `date -u -d @1790000000`


def samples(name: str, environment: dict[str, str], **options: Any) -> list[Sample]:
    source: Any = SOURCES.get(name)(**options)
    assert source.problems() == []
    mapped = mapper(source.map)
    return [mapped(record) for record in source.fetch(WINDOW, From(environment=environment))]


def langfuse(asked: Asked) -> Any:
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"pk-1:sk-2").decode()
    if asked.path == "/api/public/v3/scores":
        assert asked.one("fromTimestamp") == SINCE
        return {
            "data": [
                {"id": "s1", "traceId": "t1", "name": "thumbs", "value": 0, "dataType": "NUMERIC", "source": "ANNOTATION"},
                {"id": "s2", "traceId": "t1", "name": "fix", "stringValue": "Within 30 days.", "dataType": "CORRECTION", "source": "ANNOTATION"},
            ],
            "meta": {},
        }
    assert asked.path == "/api/public/v2/observations"
    assert (asked.one("type"), asked.one("fromStartTime"), asked.one("toStartTime"), asked.one("limit")) == ("GENERATION", SINCE, UNTIL, "500")
    second = asked.query.get("cursor") == ["c2"]
    found = {
        "id": "o2" if second else "o1", "traceId": "t2" if second else "t1", "startTime": "2026-09-21T15:00:00.000Z", "level": "ERROR" if second else "DEFAULT",
        "input": "How do returns work?", "output": "TODO", "userId": "u-7", "latency": 812,
    }
    return {"data": [found], "meta": {} if second else {"cursor": "c2"}}


def test_langfuse_pages_scores_and_corrections() -> None:
    with JsonApi(langfuse) as api:
        first, second = samples("langfuse", {"LANGFUSE_PUBLIC_KEY": "pk-1", "LANGFUSE_SECRET_KEY": "sk-2"}, values={"host": api.url})
    assert (first.id, first.input, first.output, first.expected) == ("o1", {"user_input": "How do returns work?"}, "TODO", "Within 30 days.")
    assert (first.had_error, first.user, first.latency_ms, first.timestamp) == (False, "u-7", 812.0, 1_790_002_800.0)
    assert (second.id, second.had_error, second.expected) == ("o2", True, None)
    assert [asked.path for asked in api.asked].count("/api/public/v3/scores") == 1  # once a window


def langsmith(asked: Asked) -> Any:
    assert asked.headers["x-api-key"] == "ls-1"
    assert (asked.method, asked.path) == ("POST", "/api/v2/runs/query")
    assert asked.body["project_ids"] == ["0b6f-uuid"]
    assert (asked.body["min_start_time"], asked.body["max_start_time"], asked.body["is_root"], asked.body["page_size"]) == (SINCE, UNTIL, True, 500)
    assert {"ID", "INPUTS", "OUTPUTS", "FEEDBACK_STATS"} <= set(asked.body["selects"])
    if asked.body.get("cursor") == "next":
        return {"runs": [], "next_cursor": None}
    run = {
        "id": "r1", "inputs": {"user_input": "Q?", "tone": "kind"}, "outputs": {"output": "A."}, "error": None, "start_time": "2026-09-21T15:00:00",
        "feedback_stats": {"user_score": {"n": 1, "avg": 0.0}},
    }
    return {"runs": [run], "next_cursor": "next"}


def test_langsmith_inputs_are_the_variables() -> None:
    with JsonApi(langsmith) as api:
        (only,) = samples("langsmith", {"LANGSMITH_API_KEY": "ls-1"}, values={"host": api.url, "project": "0b6f-uuid"})
    assert (only.input, only.output, only.had_error) == ({"user_input": "Q?", "tone": "kind"}, "A.", False)
    assert only.feedback == {"user_score": {"n": 1, "avg": 0.0}}


def phoenix(asked: Asked) -> Any:
    if asked.path.endswith("/span_annotations"):
        assert asked.query["span_ids"] == ["sp1", "sp2"]
        fix = {"span_id": "sp1", "name": "correction", "annotator_kind": "HUMAN", "result": {"label": None, "score": None, "explanation": "B."}}  # the newest comes first
        return {"data": [fix, {"span_id": "sp1", "name": "quality", "annotator_kind": "HUMAN", "result": {"label": "bad", "score": 0.1, "explanation": "wrong"}}], "next_cursor": None}
    assert asked.path == "/v1/projects/shop/spans"
    assert (asked.one("start_time"), asked.one("end_time"), asked.one("span_kind")) == (SINCE, UNTIL, "LLM")

    def span(name: str, code: str) -> dict[str, Any]:
        return {
            "name": "llm", "context": {"trace_id": "t", "span_id": name}, "span_kind": "LLM", "start_time": "2026-09-21T15:00:00+00:00",
            "end_time": "2026-09-21T15:00:01.500000+00:00", "status_code": code, "attributes": {"input.value": "Q?", "output.value": "A.", "user.id": "u"},
        }

    return {"data": [span("sp1", "OK"), span("sp2", "ERROR")], "next_cursor": None}


def test_phoenix_asks_for_the_annotations_of_each_page() -> None:
    with JsonApi(phoenix) as api:
        first, second = samples("phoenix", {}, values={"host": api.url, "project": "shop"})
    assert (first.id, first.latency_ms, first.feedback, first.user) == ("sp1", 1500.0, {"label": "bad", "score": 0.1, "explanation": "wrong"}, "u")
    assert first.expected == "B."
    assert (second.had_error, second.feedback) == (True, None)


def braintrust(asked: Asked) -> Any:
    assert asked.headers["authorization"] == "Bearer bt-1"
    assert asked.path == "/btql"
    assert f"created >= '{SINCE}'" in asked.body["query"]
    assert "project_logs('p-1')" in asked.body["query"]
    row = {"id": "b1", "input": "Q?", "output": "A.", "expected": "B.", "scores": {"thumbs": 0}, "error": None, "created": "2026-09-21T15:00:00Z"}
    return {"data": [] if asked.body.get("cursor") else [row], "cursor": None if asked.body.get("cursor") else "more"}


def test_braintrust_gives_the_expected_answer_as_a_correction() -> None:
    with JsonApi(braintrust) as api:
        (only,) = samples("braintrust", {"BRAINTRUST_API_KEY": "bt-1"}, values={"host": api.url, "project": "p-1"})
    assert (only.id, only.expected, only.feedback) == ("b1", "B.", {"thumbs": 0})


def mlflow(asked: Asked) -> Any:
    assert asked.path == "/api/3.0/mlflow/traces/search"
    assert asked.body["locations"] == [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}}]
    assert asked.body["filter"] == "trace.timestamp_ms >= 1790000000000 AND trace.timestamp_ms < 1790086400000"
    trace = {
        "trace_id": "tr-1", "request_preview": "Q?", "response_preview": "A.", "state": "ERROR", "request_time": "2026-09-21T15:00:00Z",
        "execution_duration": "1.2s", "trace_metadata": {"mlflow.trace.user": "u"},
        "assessments": [{"expectation": {"value": "B."}}, {"feedback": {"value": False}}],
    }
    return {"traces": [trace]} if not asked.body.get("page_token") else {"traces": []}


def test_mlflow_expectations_are_corrections() -> None:
    with JsonApi(mlflow) as api:
        (only,) = samples("mlflow", {}, values={"host": api.url, "experiment": "7"})
    assert (only.id, only.had_error, only.expected, only.feedback, only.user) == ("tr-1", True, "B.", {"value": False}, "u")


def test_every_preset_is_a_source_with_a_page_and_says_what_it_needs() -> None:
    assert set(PRESETS) == {"braintrust", "langfuse", "langsmith", "mlflow", "phoenix"}
    for name in PRESETS:
        of: Any = SOURCES.get(name)
        assert (of.__doc__ or "").strip()
    needs: Any = SOURCES.get("langsmith")()
    assert needs.problems() == ["values has no 'project', which this source needs."]


@pytest.mark.parametrize("name", ["langfuse", "langsmith", "braintrust"])
def test_a_missing_key_is_named_before_anything_is_asked(name: str) -> None:
    with JsonApi(lambda asked: {}) as api:
        with pytest.raises(ConfigError, match="which is not set"):
            samples(name, {}, values={"host": api.url, "project": "p"} if name != "langfuse" else {"host": api.url})
        assert api.asked == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"message": "no"}), "HTTP 401"), ((404, {}), "HTTP 404"), ((200, b"<html>"), "no JSON"), ((200, {"rows": []}), "no list of objects at 'data'"),
        ((302, {}, {"location": "http://127.0.0.1:1/"}), "redirects"), ((200, {"data": [1]}), "no list of objects"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_stops_the_harvest(answer: Any, said: str) -> None:
    with JsonApi(lambda asked: answer) as api, pytest.raises(CouldNotRun, match=said):
        samples("langfuse", {"LANGFUSE_PUBLIC_KEY": "a", "LANGFUSE_SECRET_KEY": "b"}, values={"host": api.url})
