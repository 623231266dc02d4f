"""The source `http`: a JSON API with pages, asked as its description says; vendors are such descriptions, in `presets/`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from evalbot.adapters.sources import SOURCES
from evalbot.adapters.sources.paths import finder
from evalbot.adapters.sources.places import call, place_of
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.samples import From, Window

MOST_PAGES = 10_000
LIMIT = 100

AuthType = Literal["bearer", "basic", "header"]


@SOURCES.register("http")
@dataclass(frozen=True)
class Http:
    """A JSON API with paging: any service that gives records as JSON.

    In `url`, `params`, `body` and `headers`, `{since}` and `{until}` stand for the window's ends (ISO 8601, UTC), `{since_s}`, `{since_ms}`,
    `{since_ns}` and the same of `until` for numbers, `{limit}` for the number of records a page. `{NAME}` stands for the environment variable
    NAME where `env` lists it. Redirects are not followed. An answer that is no JSON, or an error on any page, stops the
    harvest, and the watermark stays.

    Args:
        url: The address of the first page; https, or http on this machine.
        map: Where each field of a sample stands in a record, as JMESPath.
        items: Where the records stand in an answer, as JMESPath.
        method: `GET` or `POST`.
        params: Of the query.
        body: Of a POST, as JSON.
        headers: Beside `auth`.
        auth: `{type: bearer, env: NAME}`, `{type: basic, user_env: A, password_env: B}` or `{type: header, name: x-api-key, env: NAME}`.
        cursor: Where the next page's cursor stands in an answer, as JMESPath; without it there is one page.
        cursor_to: The parameter (GET) or the key of the body (POST) that takes it.
        limit: Records a page.
        values: Words of your own, used as `{NAME}`: a host, a project.
        env: Variables that may be used as `{NAME}`; never for credentials, which `auth` holds.
        joins: Further lists that belong to the records, such as feedback: each with `url`, `items`, `params` and `cursor` as here,
            `key` (where the record's id stands in an entry), `on` (where it stands in a record) and `to` (the record's key that takes the
            list). With `{ids}` among its params it is asked for each page's ids, else once for the window.
    """

    url: str
    map: Mapping[str, str] = field(default_factory=dict)
    items: str = "@"
    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, Json] = field(default_factory=dict)
    body: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""
    cursor_to: str = "cursor"
    limit: int = LIMIT
    values: Mapping[str, str] = field(default_factory=dict)
    env: Sequence[str] = ()
    joins: Sequence[Mapping[str, Json]] = ()

    preset: ClassVar[Mapping[str, str | None]] = {}  # a vendor's `values`; None where the user has to give one

    @property
    def words(self) -> Mapping[str, str | None]:
        """The vendor's values with the user's over them."""
        return {**self.preset, **self.values}

    def problems(self) -> list[str]:
        """What is wrong with address, paths and authentication."""
        found = [f"values has no {name!r}, which this source needs." for name, value in self.words.items() if not value]
        wrong = place_of(str(_filled(self.url, {name: value or "" for name, value in self.words.items()})))
        found += [f"url {wrong}"] if isinstance(wrong, str) and not found else []
        found += [f"auth {text}" for text in _auth_problems(self.auth)]
        for option, path in (("items", self.items), ("cursor", self.cursor)):
            if path and (reason := finder(path).reason):
                found.append(f"{option} is no JMESPath: {reason}.")
        return found

    def fetch(self, window: Window, here: From) -> Iterator[Json]:
        """Every record of every page, with what was joined to it."""
        asked = _Asked(self, window, here.environment)
        joined = [_Join(asked, dict(join)) for join in self.joins]
        for page in asked.pages(self):
            for join in joined:
                join.add_to(page)
            yield from page


class _Asked:
    """One window of one description: its words filled in, its credentials at hand."""

    def __init__(self, source: Http, window: Window, environment: Mapping[str, str]) -> None:
        self._source = source
        self._words = {**source.words, **_words(window, source.limit)} | {name: _needed(name, environment) for name in source.env}
        self._auth = _credentials(source.auth, environment)

    def pages(self, part: Http, extra: Mapping[str, Json] | None = None) -> Iterator[list[dict[str, Json]]]:
        """The records of each page; raises CouldNotRun where a page is missing or is no such page."""
        items, cursor = finder(part.items), finder(part.cursor or "`null`")
        following: Json = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            answer = self._ask(part, extra or {}, following)
            found = items.of(answer)
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise CouldNotRun(f"the source {part.url}: its answer has no list of objects at {part.items!r}.")
            yield found
            following = cursor.of(answer) if part.cursor else None
            if following in (None, "", False):
                return
            if str(following) in seen:
                raise CouldNotRun(f"the source {part.url} gives the same cursor twice; its pages would never end.")
            seen.add(str(following))
        raise CouldNotRun(f"the source {part.url} has more than {MOST_PAGES:,} pages; shorten the window (`since`).")

    def _ask(self, part: Http, extra: Mapping[str, Json], cursor: Json) -> Json:
        params, body = _filled({**part.params, **extra}, self._words), _filled(part.body, self._words)
        if cursor is not None:
            (params if part.method == "GET" else body)[part.cursor_to] = cursor
        url = str(_filled(part.url, self._words))
        if isinstance(wrong := place_of(url), str):  # a word of the environment may stand in it
            raise ConfigError(Problem(f"the source's url {part.url!r:.80}, filled in, {wrong}"))
        answer = call(
            part.method, url, params=params, json=body if part.method == "POST" else None,
            headers={**_filled(part.headers, self._words), **self._auth[0]}, auth=self._auth[1],
        )  # fmt: skip
        try:
            found: Json = answer.json()
        except ValueError:
            raise CouldNotRun(f"the source {part.url} answered with something that is no JSON.") from None
        return found


class _Join:
    """Entries of another list, by the record that they belong to."""

    def __init__(self, asked: _Asked, written: dict[str, Any]) -> None:
        self._asked = asked
        self._key, self._on, self._to = finder(written.pop("key")), finder(written.pop("on")), str(written.pop("to"))
        self._part = Http(**written)
        self._by_page = any("{ids}" in str(value) for value in self._part.params.values())
        self._once: dict[str, list[Json]] | None = None

    def add_to(self, page: list[dict[str, Json]]) -> None:
        """Give each record its entries; an empty list where it has none."""
        if self._by_page:
            ids = [str(name) for record in page if (name := self._on.of(record)) is not None]
            entries = self._entries(ids) if ids else {}
        else:
            self._once = self._entries(None) if self._once is None else self._once
            entries = self._once
        for record in page:
            record[self._to] = entries.get(str(self._on.of(record)), [])

    def _entries(self, ids: list[str] | None) -> dict[str, list[Json]]:
        extra: dict[str, Json] = {name: list(ids or ()) for name, value in self._part.params.items() if value == "{ids}"}
        found: dict[str, list[Json]] = {}
        for page in self._asked.pages(self._part, extra):
            for entry in page:
                found.setdefault(str(self._key.of(entry)), []).append(entry)
        return found


def _words(window: Window, limit: int) -> dict[str, Json]:
    words: dict[str, Json] = {"limit": limit}
    for name, seconds in (("since", window.since), ("until", window.until)):
        words[name] = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        words |= {f"{name}_s": int(seconds), f"{name}_ms": int(seconds * 1000), f"{name}_ns": int(seconds * 1_000_000_000)}
    return words


def _filled(value: Any, words: Mapping[str, Json]) -> Any:
    """A value with its `{words}` filled in; one that is a word alone takes that word's type."""
    if isinstance(value, str):
        for word, meaning in words.items():
            if value == f"{{{word}}}":
                return meaning
            value = value.replace(f"{{{word}}}", str(meaning))
        return value
    if isinstance(value, Mapping):
        return {key: _filled(inner, words) for key, inner in value.items()}
    return [_filled(inner, words) for inner in value] if isinstance(value, list | tuple) else value


_AUTH: Mapping[str, Sequence[str]] = {"bearer": ("env",), "basic": ("user_env", "password_env"), "header": ("name", "env")}


def _auth_problems(auth: Mapping[str, str]) -> Iterator[str]:
    if not auth:
        return
    needed = _AUTH.get(auth.get("type", ""))
    if needed is None:
        yield f"needs a type: {', '.join(_AUTH)}."
        return
    for name in needed:
        if not auth.get(name):
            yield f"of type {auth['type']!r} needs {name!r}."
    for name in sorted(set(auth) - {"type", *needed}):
        yield f"of type {auth['type']!r} has no {name!r}."


def _credentials(auth: Mapping[str, str], environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Headers, and user and password of basic authentication."""
    make: Mapping[str, Callable[[], tuple[dict[str, str], tuple[str, str] | None]]] = {
        "": lambda: ({}, None),
        "bearer": lambda: ({"Authorization": f"Bearer {_needed(auth['env'], environment)}"}, None),
        "header": lambda: ({auth["name"]: _needed(auth["env"], environment)}, None),
        "basic": lambda: ({}, (_needed(auth["user_env"], environment), _needed(auth["password_env"], environment))),
    }
    return make[auth.get("type", "")]()


def _needed(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "").strip()
    if not value:
        hint = "Set it in the workflow's `env:`, from a secret."
        raise ConfigError(Problem(f"the source needs the environment variable {name}, which is not set.", hint=hint))
    return value
