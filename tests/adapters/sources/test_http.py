"""The generic source: pages, rate limits, credentials that stay where they belong, and pages that would never end."""

from __future__ import annotations

from typing import Any

import pytest

from evalbot.adapters.sources import places
from evalbot.adapters.sources.http import Http
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.samples import From, Window
from tests.adapters.sources.api import Asked, JsonApi

WINDOW = Window(0.0, 60.0)


def fetched(source: Http, environment: dict[str, str] | None = None) -> list[Any]:
    return list(source.fetch(WINDOW, From(environment=environment or {})))


def test_cursors_are_followed_to_the_end_in_get_and_in_post() -> None:
    def answer(asked: Asked) -> Any:
        page = int((asked.query.get("page") or [None])[0] or (asked.body or {}).get("page") or 1)
        return {"rows": [{"n": page}], "more": page + 1 if page < 4 else None}

    with JsonApi(answer) as api:
        for method in ("GET", "POST"):
            source = Http(f"{api.url}/x", items="rows", cursor="more", cursor_to="page", method=method)  # type: ignore[arg-type]
            assert [row["n"] for row in fetched(source)] == [1, 2, 3, 4]


def test_a_cursor_that_comes_twice_is_no_loop() -> None:
    with JsonApi(lambda asked: {"rows": [], "more": "same"}) as api, pytest.raises(CouldNotRun, match="would never end"):
        fetched(Http(f"{api.url}/x", items="rows", cursor="more"))


def test_the_window_and_own_words_are_filled_in_with_their_types() -> None:
    with JsonApi(lambda asked: []) as api:
        fetched(Http(f"{api.url}/{{place}}", params={"from": "{since_ms}", "to": "{until}", "n": "{limit}"}, values={"place": "logs"}, method="GET"))
        fetched(Http(f"{api.url}/x", method="POST", body={"range": ["{since_s}", "{until_s}"], "tenant": "{TENANT}"}, env=("TENANT",)), {"TENANT": "acme"})
    first, second = api.asked
    assert (first.path, first.one("from"), first.one("to"), first.one("n")) == ("/logs", "0", "1970-01-01T00:01:00.000Z", "100")
    assert second.body == {"range": [0, 60], "tenant": "acme"}


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(places.call, "__kwdefaults__", {**(places.call.__kwdefaults__ or {}), "sleep": waited.append})
    answers: list[Any] = [(429, {}, {"retry-after": "7"}), (503, {}), [{"n": 1}]]
    with JsonApi(lambda asked: answers.pop(0)) as api:
        assert fetched(Http(f"{api.url}/x")) == [{"n": 1}]
    assert waited == [7.0, 2.0]


def test_a_server_that_asks_for_an_hour_or_never_answers_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.call, "__kwdefaults__", {**(places.call.__kwdefaults__ or {}), "sleep": lambda _: None})
    with JsonApi(lambda asked: (429, {}, {"retry-after": "3600"})) as api, pytest.raises(CouldNotRun, match="asks to wait 3600 s"):
        fetched(Http(f"{api.url}/x"))
    with JsonApi(lambda asked: (500, {})) as api, pytest.raises(CouldNotRun, match="HTTP 500, 5 tries"):
        fetched(Http(f"{api.url}/x"))
    assert len(api.asked) == 5


def test_a_key_is_not_sent_where_a_redirect_leads() -> None:
    with JsonApi(lambda asked: []) as elsewhere, JsonApi(lambda asked: (307, {}, {"location": f"{elsewhere.url}/x"})) as api:
        source = Http(f"{api.url}/x", auth={"type": "bearer", "env": "KEY"})
        with pytest.raises(CouldNotRun, match="redirects are not followed"):
            fetched(source, {"KEY": "secret"})
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://logs.example.com/x"}, "url must begin with https://"), ({"url": "ftp://x"}, "url has the scheme 'ftp'"),
        ({"url": "https://u:p@x.example"}, "url holds a user name"), ({"url": "https://x.example", "items": "a[["}, "items is no JMESPath"),
        ({"url": "https://x.example", "auth": {"type": "magic"}}, "auth needs a type: bearer, basic, header."),
        ({"url": "https://x.example", "auth": {"type": "bearer"}}, "auth of type 'bearer' needs 'env'."),
        ({"url": "https://x.example", "auth": {"type": "bearer", "env": "A", "key": "sk"}}, "auth of type 'bearer' has no 'key'."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_asked(options: dict[str, Any], said: str) -> None:
    assert any(problem.startswith(said) for problem in Http(**options).problems())
