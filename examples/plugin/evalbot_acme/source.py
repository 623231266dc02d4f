"""The source `csv_export`: recorded requests in a CSV file, as many tools export them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.samples import From, Window


@dataclass(frozen=True)
class CsvExport:
    """Records in a CSV file with a header.

    Args:
        file: The file, from the repository's root.
        map: Where each field of a sample stands, by column.
    """

    file: str
    map: Mapping[str, str] = field(
        default_factory=lambda: {"id": "id", "user_input": "question", "output": "answer", "timestamp": "time"}
    )

    def fetch(self, window: Window, here: From) -> Iterator[Json]:
        """Every row; whoever reads looks at the window."""
        try:
            with (here.root / self.file).open(encoding="utf-8", newline="") as lines:
                yield from csv.DictReader(lines)
        except (OSError, ValueError, csv.Error) as error:
            raise CouldNotRun(f"the source {self.file}: {error}") from error
