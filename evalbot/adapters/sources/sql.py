"""The source `sql`: rows of a query of yours, through SQLAlchemy (the extra `sql`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from evalbot.adapters.sources import SOURCES
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.samples import From, Window

_BOUND = (":since", ":until", ":limit")


@SOURCES.register("sql")
@dataclass(frozen=True)
class Sql:
    """Rows of a database, by a query of yours.

    The query has the window's ends bound as `:since` and `:until` (UTC) and may have `:limit`. It should only read: give it a user who can do
    nothing else. Columns that hold JSON as text may be taken apart in `map` after `json: [column]` has named them. Needs the extra
    `evalbot[sql]` and the database's driver.

    Args:
        url_env: The environment variable that holds the database's SQLAlchemy address, such as `postgresql+psycopg://user:…@host/db`.
        query: One SELECT.
        map: Where each field of a sample stands in a row: a column's name, or JMESPath.
        json: Columns whose text is JSON.
        limit: What `:limit` is.
    """

    url_env: str
    query: str
    map: Mapping[str, str] = field(default_factory=dict)
    json: tuple[str, ...] = ()
    limit: int = 100_000

    def problems(self) -> list[str]:
        """What is wrong with the query."""
        missing = [name for name in _BOUND[:2] if name not in self.query]
        found = [f"query has no {name}: without the window's ends every run would read everything." for name in missing]
        if self.query.split(maxsplit=1)[:1] and self.query.split(maxsplit=1)[0].lower() not in ("select", "with"):
            found.append("query must begin with SELECT or WITH: a source only reads.")
        return found

    def fetch(self, window: Window, here: From) -> Iterator[Json]:
        """Every row as an object; times are ISO 8601, decimals numbers."""
        try:
            from sqlalchemy import create_engine, text
            from sqlalchemy.exc import SQLAlchemyError
            from sqlalchemy.pool import NullPool
        except ImportError as error:
            raise ConfigError(Problem("the source sql needs SQLAlchemy.", hint='Install it: pip install "evalbot[sql]".')) from error
        url = here.environment.get(self.url_env, "").strip()
        if not url:
            raise ConfigError(Problem(f"the source needs the environment variable {self.url_env}, which is not set.", hint="Set it in the workflow's `env:`, from a secret."))
        try:
            engine = create_engine(url, poolclass=NullPool)
            ends = (_utc(window.since), _utc(window.until))
            since, until = (str(end) for end in ends) if engine.dialect.name == "sqlite" else ends  # it has no type for times; text sorts as they do
            bound = {"since": since, "until": until, "limit": self.limit}
            with engine.connect() as connection:
                rows = connection.execution_options(stream_results=True, yield_per=1000).execute(text(self.query), _used(bound, self.query))
                for row in rows.mappings():
                    yield {str(name): self._value(str(name), value) for name, value in row.items()}
        except (SQLAlchemyError, ImportError, ValueError) as error:  # the driver's own message may hold the address: only its kind is told
            raise CouldNotRun(f"the source sql ({self.url_env}): {type(error).__name__}. Nothing of it was used.") from error

    def _value(self, name: str, value: object) -> Json:
        if isinstance(value, str) and name in self.json:
            parsed: Json = json.loads(value)
            return parsed
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return float(value)
        if value is None or isinstance(value, str | int | float | list | dict):
            return value
        return str(value)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _used(bound: Mapping[str, object], query: str) -> dict[str, object]:
    return {name: value for name, value in bound.items() if f":{name}" in query}
