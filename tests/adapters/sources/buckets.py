"""What a bucket of the tests of object stores holds, and what has to come out of it, whatever cloud it is in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

from evalbot.adapters.sources.jsonl import JsonLines
from evalbot.domain.samples import From, Window

MANY = 1_050  # a listing of S3 and of Google has 1,000 names a page
TORN = b'{"n": 1}\n{"n'


def files(many: int) -> dict[str, bytes]:
    """Many small files, a packed one, one of another kind, and a torn one."""
    found = {f"prod/{number:05}.jsonl": json.dumps({"n": number}).encode() for number in range(many)}
    return found | {"packed/a.jsonl.gz": gzip.compress(b'{"n": 1}\n{"n": 2}\n'), "prod/notes.txt": b"no record", "torn/a.jsonl": TORN}


def read(url: str, environment: Mapping[str, str]) -> list[object]:
    """The numbers of the records at an address."""
    return [record["n"] for record in JsonLines(url).fetch(Window(0.0, 1.0), From(environment=environment)) if isinstance(record, dict)]
