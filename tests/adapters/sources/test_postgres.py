"""The source `sql` on a real PostgreSQL: types that SQLite does not have, and a window that the server applies."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalbot.adapters.sources.sql import Sql
from evalbot.domain.samples import From, Window
from tests.needs import need

WINDOW = Window(1_790_000_000.0, 1_790_086_400.0)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A cluster of our own on a free port of loopback, ended with the module."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    need("postgres", found[-1].is_file(), "apt-get install postgresql")
    binaries = found[-1].parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="evalbot-postgres-"))
    data = folder / "data"
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd=folder, timeout=60)

    run(str(binaries / "initdb"), "-D", str(data), "-U", "evalbot", "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://evalbot@127.0.0.1:{port}/postgres"
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_times_json_and_decimals_come_as_plain_values(database: str) -> None:
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("create table log (id text, asked jsonb, answered text, at timestamptz, score numeric, tags text[])"))
        row = "insert into log values (:id, cast(:asked as jsonb), 'A.', cast(:at as timestamptz), 0.25, array['a', 'b'])"
        asked = '{"user_input": "Q?", "deep": {"n": 1}}'
        connection.execute(text(row), [{"id": "in", "asked": asked, "at": "2026-09-21 15:00:00+00"}, {"id": "out", "asked": asked, "at": "2026-09-25 15:00:00+00"}])
    source = Sql("LOG_DB", "select * from log where at >= :since and at < :until order by at limit :limit")
    (row_found,) = source.fetch(WINDOW, From(environment={"LOG_DB": database}))
    assert row_found == {
        "id": "in", "asked": {"user_input": "Q?", "deep": {"n": 1}}, "answered": "A.", "at": "2026-09-21T15:00:00+00:00", "score": 0.25, "tags": ["a", "b"],
    }  # fmt: skip
