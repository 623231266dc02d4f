"""evalbot calibrate --similarity: a threshold from labelled pairs, with an embedding model that has none of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evalbot.app.calibrate_similarity import as_json, calibrate_similarity, read_pairs, words
from evalbot.app.wiring import World
from evalbot.cli import app
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.models import Model
from evalbot.domain.policy import Limits
from tests.loopback import LoopbackModels, default_answer, server_error

LOCAL = Model("local", "words")
REFERENCE = "Refunds take five days after we have received the parcel."
GOOD = [f"Refunds take {word} five days after the parcel is received." for word in ["about", "up", "to", "at", "most", "nearly", "roughly", "just", "only", "around", "exactly"]]
BAD = [f"We open at {hour} on weekdays." for hour in range(1, 12)]


def pairs(good: list[str] = GOOD, bad: list[str] = BAD, **more: Any) -> bytes:
    rows = [{"answer": text, "reference": REFERENCE, "good": text in good, **more} for text in (*good, *bad)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def measured(content: bytes, tmp_path: Path, model: Model = LOCAL, env: dict[str, str] | None = None, **limits: Any):
    return calibrate_similarity(model, read_pairs(content, "pairs.jsonl"), World.real(env or {}, tmp_path, quiet=True), Limits(**limits))


def test_it_proposes_a_threshold_between_good_and_bad(tmp_path: Path) -> None:
    found = measured(pairs(), tmp_path)
    cutoff = found.cutoffs["default"]
    assert (cutoff.good, cutoff.bad, cutoff.auc) == ((11, 11), (11, 11), 1.0)
    assert 0.1 < found.threshold["default"] < 0.9
    assert f"threshold: {{default: {found.threshold['default']:g}}}" in words(found)
    assert as_json(found)["cutoffs"]["default"]["good_that_pass"]["value"] == 1.0


def test_a_model_that_does_not_tell_them_apart_gets_no_threshold(tmp_path: Path) -> None:
    """The bad ones deny what the good ones say: no word tells them apart, as the local model sees words."""
    denied = [text.replace("take", "do not take") for text in GOOD]
    found = measured(pairs(GOOD, denied), tmp_path)
    assert (found.cutoffs["default"].auc, found.threshold) == (0.5, {})
    assert "does not tell them apart" in words(found)


def test_a_partition_with_enough_pairs_gets_its_own(tmp_path: Path) -> None:
    found = measured(pairs(partition="golden") + pairs()[: pairs().index(b"\n") + 1].replace(b"}", b', "partition": "regression"}'), tmp_path)
    assert set(found.threshold) == {"default", "golden"}
    assert found.silent == ("regression: 1 good and 0 bad pairs are too few for a threshold of its own.",)


def test_the_model_s_server_is_asked_once_for_each_text(tmp_path: Path) -> None:
    with LoopbackModels(default_answer) as server:
        measured(pairs(), tmp_path, Model("openai", "text-embedding-3-small"), server.env())
    assert sorted(text for call in server.calls for text in call.body["input"]) == sorted({REFERENCE, *GOOD, *BAD})


def test_without_embeddings_nothing_is_measured(tmp_path: Path, no_waiting: None) -> None:
    with LoopbackModels(lambda call: server_error()) as server, pytest.raises(CouldNotRun, match="could not be measured"):
        measured(pairs(), tmp_path, Model("openai", "text-embedding-3-small"), server.env())
    with pytest.raises(CouldNotRun, match="zeros"):
        measured(pairs(bad=["?" * n for n in range(1, 12)]), tmp_path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("[]", "pairs.jsonl:23: this is no labelled pair: it is no JSON object"),
        ('{"answer": "a", "reference": "b"}', "it lacks good"),
        ('{"answer": "a", "reference": "b", "good": 1}', "good must be true or false"),
        ('{"answer": " ", "reference": "b", "good": true}', "texts that are not empty"),
        ('{"answer": "a", "refrence": "b", "good": true}', "Did you mean 'reference'"),
        ('{"answer": "a", "reference": "b", "good": true, "partition": "gold"}', "Did you mean 'golden'"),
        ('{"answer": ', "pairs.jsonl:23: this is no labelled pair"),
    ],
)
def test_a_line_that_is_no_pair_is_named(row: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        read_pairs(pairs() + row.encode(), "pairs.jsonl")


@pytest.mark.parametrize("content", [b"", pairs(GOOD, BAD[:9]), pairs([], BAD)])
def test_too_few_pairs_are_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match="too few"):
        read_pairs(content, "pairs.jsonl")


def test_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_bytes(pairs())
    asked = ["calibrate", "--similarity", "pairs.jsonl", "--judge", "local/words", "-C", str(tmp_path)]
    done = CliRunner().invoke(app.app, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)["threshold"]) == {"default"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.jsonl"]  # nothing is left behind
