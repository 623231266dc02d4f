from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalbot.domain.shards import Shard


@given(st.text(), st.integers(1, 50))
def test_every_example_is_in_exactly_one_shard(example: str, count: int) -> None:
    assert [Shard(index, count).holds(example) for index in range(1, count + 1)].count(True) == 1


def test_shards_are_about_as_large_as_each_other() -> None:
    counts = Counter(Shard.of(f"r-{number:04}", 4).index for number in range(4000))
    assert set(counts) == {1, 2, 3, 4}
    assert all(900 < count < 1100 for count in counts.values())  # a binomial with sd 27


def test_an_example_stays_where_it_is() -> None:
    # `printf g-01 | sha256sum` begins with 2130efe95485e303, and `echo "ibase=16; 2130EFE95485E303 % 7" | bc` prints 2
    assert Shard.of("g-01", 7) == Shard(3, 7)


@pytest.mark.parametrize("text", ["", "2", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1.0/4", "٢/٤"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write i/n"):
        Shard.read(text)


def test_one_shard_is_the_whole() -> None:
    assert Shard.read(" 1/1 ") == Shard(1, 1)
    assert Shard(1, 1).holds("anything")
    assert str(Shard(2, 4)) == "2/4"
