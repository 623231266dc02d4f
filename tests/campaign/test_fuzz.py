"""Everything that reads what strangers write: any bytes, damaged seeds among them, are read or refused in the way that callers know."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzz import READERS, SEEDS
from tests.longer import sized

pytestmark = pytest.mark.campaign
PIECES = st.sampled_from([b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'"', b"'", b"\n", b"\r", b": ", b"- ", b"&a ", b"*a", b"!!python/name:os.system ", b"<<: ",
                          b"1e999", b"NaN", b"{{", b"}}", b"{%", b"---\n", b"...", b"%YAML 9\n", b"\\ud800", b"\\u0000", b"9" * 4400, b"[" * 1200, b"/evalbot ", b"null", b"../", b",", b"\t"])  # fmt: skip


def damaged(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """A seed with up to six pieces put in place of some of its bytes."""

    def apply(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
        for at, length, piece in cuts:
            at %= len(seed) + 1
            seed = seed[:at] + piece + seed[at + length :]
        return seed

    return st.builds(apply, st.sampled_from(seeds), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9), PIECES), max_size=6))


@pytest.mark.parametrize("name", READERS)
def test_any_bytes_are_read_or_refused(name):
    @settings(max_examples=sized(150, 20_000))
    @given(st.one_of(damaged(SEEDS[name]), damaged(SEEDS[name]), st.binary(max_size=80)))
    def read(data: bytes) -> None:
        READERS[name](data)

    read()


@pytest.mark.parametrize("name", READERS)
def test_the_seeds_themselves_are_read(name):
    for seed in SEEDS[name]:
        READERS[name](seed)
