"""The file of a pull request is anything at all: it is read or refused, never more."""

from __future__ import annotations

import copy
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.config import compare_policies, load_policy
from evalbot.domain.errors import ConfigError
from evalbot.domain.policy import Policy
from tests.config.documents import FULL, loaded

DOCUMENT: dict[str, Any] = yaml.safe_load(FULL)
STRANGE: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 3, 1.5, 10**300, "", "x", "golden", "openai/x", "/", "a/", "judge", [], {}, [None], [[]], [1, "x", "x"], {"": 1},
     {"type": "judge"}, {"type": "checks", "checks": [1]}, {"type": "command"}, {"type": []}, {"model": {}}, "\u2028", "../x", "**/**/**/**/x"]
)  # fmt: skip


def _paths(value: Any, keys: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [keys] * bool(keys) + [path for key, each in inner for path in _paths(each, (*keys, key))]


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(_paths(DOCUMENT)), STRANGE, st.sampled_from(["replace", "delete", "add"])),
        min_size=1,
        max_size=4,
    )
)
def test_a_mutated_configuration_is_read_or_refused(changes: list[tuple[tuple[Any, ...], Any, str]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for keys, value, action in changes:
        _change(document, keys, value, action)
    policy = _read(yaml.safe_dump(document))
    if isinstance(policy, ConfigError):
        assert all(problem.line for problem in policy.problems[:50])
    else:
        assert isinstance(compare_policies(loaded(FULL), policy), tuple)
        assert isinstance(compare_policies(policy, loaded(FULL)), tuple)


def _read(text: str) -> Policy | ConfigError:
    try:
        return load_policy(text.encode(), "evalbot.yml")
    except ConfigError as error:
        return error


def _change(document: Any, keys: tuple[Any, ...], value: Any, action: str) -> None:
    *parents, last = keys
    try:
        for key in parents:
            document = document[key]
        if action == "delete":
            del document[last]
        elif action == "add" and isinstance(document, dict):
            document[f"{last}s"] = value
        else:
            document[last] = value
    except (KeyError, IndexError, TypeError):
        return  # an earlier change took the place away


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_text_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(FULL)))
    length = data.draw(st.integers(0, 30))
    text = (
        FULL[:start]
        + data.draw(st.text(st.sampled_from("ab1:-,[]{}&*!|>'\"# \n\t~."), max_size=6))
        + FULL[start + length :]
    )
    found = _read(text)
    assert isinstance(found, Policy) or str(found).startswith("evalbot.yml")
