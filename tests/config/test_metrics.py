"""Metrics from their options: what their fields ask for is what may be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from evalbot.config import build_metrics, suite_decides
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.policy import MetricSpec, SuitePolicy
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Decides
from evalbot.metrics import METRICS


@dataclass(frozen=True)
class Stub:
    """A metric with an option of every kind."""

    needed: str
    count: int = 1
    share: float = 0.5
    on: bool = False
    kind: Literal["drop", "keep"] = "drop"
    words: tuple[str, ...] = ()
    pair: tuple[float, float] = (1, 5)
    anchors: Mapping[int, str] | None = None
    limit: float | Mapping[str, float] | None = None
    loose: Mapping[str, Json] | None = None
    file: str | None = None
    content: bytes = b""

    def __post_init__(self) -> None:
        if self.count == 13:
            raise ValueError("count must not be 13.")

    def problems(self) -> list[str]:
        return ["words holds nothing good."] if "bad" in self.words else []

    def with_files(self, read: Callable[[str], bytes]) -> Stub:
        return replace(self, content=read(self.file)) if self.file else self


@pytest.fixture(autouse=True)
def _stub_is_known() -> Iterator[None]:
    METRICS.register("stub")(Stub)  # type: ignore[arg-type]
    yield
    METRICS._parts.pop("stub")


def suite(**options: Any) -> SuitePolicy:
    return SuitePolicy("s", ("p",), "local/x", ("d",), (MetricSpec("m", "stub", options, 7),))


def no_files(path: str) -> bytes:
    raise ConfigError(Problem("there is no such file.", path))


def wrong(**options: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        build_metrics(suite(**options), "evalbot.yml", no_files)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("option", "written", "value"),
    [
        ("count", 3, 3), ("share", 1, 1.0), ("on", True, True), ("kind", "keep", "keep"), ("words", ["a"], ("a",)),
        ("pair", [0, 1], (0.0, 1.0)), ("anchors", {"1": "a"}, {1: "a"}), ("limit", 3, 3.0), ("limit", {"golden": 4}, {"golden": 4.0}),
        ("limit", None, None), ("loose", {"b": [1, {"x": None}], "a": 1}, {"b": [1, {"x": None}], "a": 1}),
    ],
    ids=repr,
)  # fmt: skip
def test_options_become_the_fields_of_the_metric(option: str, written: object, value: object) -> None:
    metric = build_metrics(suite(needed="x", **{option: written}), "evalbot.yml", no_files)["m"]
    assert getattr(metric, option) == value
    assert type(getattr(metric, option)) is type(value)


def test_a_mapping_keeps_the_order_it_was_written_in() -> None:
    metric: Any = build_metrics(suite(needed="x", loose={"b": 1, "a": 2}), "evalbot.yml", no_files)["m"]
    assert list(metric.loose) == ["b", "a"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": "3"}, "count must be a whole number, not '3'."),
        ({"count": True}, "count must be a whole number, not true."),
        ({"count": 1.5}, "count must be a whole number, not 1.5."),
        ({"share": "half"}, "share must be a number, not 'half'."),
        ({"on": "yes"}, "on must be true or false, not 'yes'."),
        ({"kind": "kep"}, "kind must be 'drop' or 'keep', not 'kep'. Did you mean 'keep'?"),
        ({"words": "a"}, "words must be a list, not 'a'."),
        ({"words": ["a", 1]}, "words[1] must be a string, not 1. Put it in quotes."),
        ({"anchors": {"one": "a"}}, "the key 'one' of anchors must be a whole number, not 'one'."),
        ({"limit": "high"}, "limit must be a number or a mapping, not 'high'."),
        ({"limit": {"golden": "high"}}, "limit must be a number or a mapping, not {\"golden\":\"high\"}."),
        ({"count": 13}, "count must not be 13."),
        ({"words": ["bad"]}, "words holds nothing good."),
    ],
    ids=repr,
)  # fmt: skip
def test_an_option_of_the_wrong_kind_is_refused(options: dict[str, Any], message: str) -> None:
    assert wrong(needed="x", **options) == [f"evalbot.yml:7: metric 'm': {message}"]


def test_unknown_and_missing_options_are_told_at_once() -> None:
    assert wrong(cont=1, kind=3) == [
        "evalbot.yml:7: metric 'm': type 'stub' has no option 'cont'. Did you mean 'count'?",
        "evalbot.yml:7: metric 'm': kind must be 'drop' or 'keep', not 3.",
        "evalbot.yml:7: metric 'm' has no 'needed'; type 'stub' needs it.",
    ]


def test_a_metrics_files_are_read_when_it_is_built() -> None:
    metric: Any = build_metrics(suite(needed="x", file="a.txt"), "evalbot.yml", lambda path: f"<{path}>".encode())["m"]
    assert metric.content == b"<a.txt>"
    assert wrong(needed="x", file="a.txt") == ["evalbot.yml:7: metric 'm': a.txt: there is no such file."]


def test_no_metrics_build_nothing() -> None:
    assert build_metrics(SuitePolicy("s", (), "", (), ()), "evalbot.yml", no_files) == {}


@dataclass(frozen=True)
class Rank:
    decides: Decides


@pytest.mark.parametrize(
    ("ranks", "names"),
    [
        ({}, set()),
        ({"a": Decides.NO}, set()),
        ({"a": Decides.ALONE}, {"a"}),
        ({"a": Decides.ALONE, "b": Decides.NO}, {"a"}),
        ({"a": Decides.ALONE, "b": Decides.YES, "c": Decides.YES}, {"b", "c"}),
    ],
    ids=["nothing", "a number", "alone", "beside a number", "beside rules"],
)
def test_exact_match_decides_only_where_nothing_else_does(ranks: dict[str, Decides], names: set[str]) -> None:
    metrics: dict[str, Metric] = {name: Rank(rank) for name, rank in ranks.items()}  # type: ignore[misc]
    assert suite_decides(metrics) == names
