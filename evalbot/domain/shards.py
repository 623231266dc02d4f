"""Shards: a run divided by examples, so that several machines measure it and one decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `count`, counted from 1."""

    index: int
    count: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """The shard that "i/n" names.

        Raises:
            ValueError: It is no such pair, or i is not 1 to n; says what to write.
        """
        found = _WRITTEN.fullmatch(text.strip())
        shard = cls(int(found[1]), int(found[2])) if found else None
        if shard is None or not 1 <= shard.index <= shard.count:
            raise ValueError(f"{text!r} is no shard. Write i/n, from 1/n to n/n: 2/4 is the second of four")
        return shard

    @classmethod
    def of(cls, example: str, count: int) -> Shard:
        """The one of `count` shards that holds an example: the same on every machine, whatever else is in the dataset."""
        number = int.from_bytes(sha256(example.encode("utf-8", "surrogatepass")).digest()[:8], "big")
        return cls(number % count + 1, count)

    def holds(self, example: str) -> bool:
        """Whether the example with this id is measured here."""
        return Shard.of(example, self.count) == self

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"
