"""The source `jsonl`: records as JSON lines, in a file, under a glob, at an address, or in an object store."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from glob import glob
from typing import Any, BinaryIO, cast

from evalbot.adapters.sources import SOURCES
from evalbot.adapters.sources.places import Place, opened, place_of
from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.samples import From, Window

STORES = ("s3", "gs", "az", "abfs")


@SOURCES.register("jsonl")
@dataclass(frozen=True)
class JsonLines:
    """Records as JSON lines: a path or a glob on this machine, an https address, or an s3, gs or az address with a glob.

    Files that end in `.gz` are unpacked. Object stores need the extra `evalbot[stores]`; their credentials are those of the
    environment, as each cloud's own tools find them. A line that is no JSON object stops the harvest, and the watermark stays.

    Args:
        url: Where they lie: `logs/*.jsonl`, `https://…`, `s3://bucket/prod/*.jsonl`.
        map: Where each field of a sample stands in a record, as JMESPath.
    """

    url: str
    map: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What is wrong with the address."""
        wrong = place_of(self.url, STORES)
        return [f"url {wrong}"] if isinstance(wrong, str) else []

    def fetch(self, window: Window, here: From) -> Iterator[Json]:  # noqa: ARG002 - whoever reads looks at the window
        """Every record of every file, in the order of the files' names."""
        for name, lines in _files(self.url, here):
            yield from _records(name, lines)


def _files(url: str, here: From) -> Iterator[tuple[str, Iterable[bytes]]]:
    place = cast(Place, place_of(url, STORES))
    if place.kind == "file":
        paths = sorted(glob(place.path, root_dir=here.root, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not paths:
            raise CouldNotRun(f"the source {url}: there is no such file.")
        for path in paths:
            try:
                with (here.root / path).open("rb") as file:
                    yield path, _unpacked(path, file)
            except OSError as error:
                raise CouldNotRun(f"the source {path}: {error.strerror or error}.") from error
    elif place.kind == "http":
        with opened(url) as answer:
            yield url, _unpacked(url.partition("?")[0], cast(BinaryIO, answer))
    else:
        from evalbot.adapters.sources.stores import objects

        yield from objects(place, here.environment)


def _unpacked(name: str, file: BinaryIO) -> Iterable[bytes]:
    return gzip.open(file) if name.endswith(".gz") else file


def _records(name: str, lines: Iterable[bytes]) -> Iterator[Json]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):  # noqa: B007 - named in the message
            if line.strip():
                record: Any = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("it is no JSON object")
                yield record
    except (ValueError, EOFError, OSError) as error:
        raise CouldNotRun(f"the source {name}, line {number}: {error}. Nothing of it was used.") from error

