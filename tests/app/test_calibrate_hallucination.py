"""evalbot calibrate --hallucination: figures of judges whose verdicts are known, counted by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evalbot.app.calibrate_hallucination import as_json, calibrate_hallucination, judge_of, words
from evalbot.app.wiring import World
from evalbot.cli import app
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.models import Model
from evalbot.domain.policy import Limits
from evalbot.metrics.hallucination import FORM, GROUNDED, UNGROUNDED
from evalbot.metrics.hallucination.labelled import labelled_claims
from tests.loopback import Call, LoopbackModels
from tests.metrics.judging import verdict, verdicts

CLAUDE = Model("anthropic", "claude-sonnet-5")
LABELS = {claim.claim: claim.verdict for row in labelled_claims() for claim in row.claims}


def judge(say: Callable[[str], str]) -> Callable[[Call], str]:
    """A judge that says a word of each claim, and quotes the first words of the context where the word needs a quote."""

    def answer(call: Call) -> str:
        quote = " ".join(re.findall(r"<context-\w+>\n(.*)", call.user)[0].split()[:3])
        items = re.findall(r"<item-(\d+)-\w+>\n(.*)\n</item", call.user)
        return verdicts(
            *(verdict(int(number), word := say(claim), *([quote] if word in FORM.quoted else [])) for number, claim in items)
        )

    return answer


def measured(script: Callable[[Call], Any], tmp_path: Path, model: Model = CLAUDE, **limits: Any):
    with LoopbackModels(script) as server:
        return calibrate_hallucination(model, World.real(server.env(), tmp_path, quiet=True), Limits(**limits))


def test_the_set_holds_fifty_claims_of_all_kinds_each_once() -> None:
    claims = [claim for row in labelled_claims() for claim in row.claims]
    assert len(claims) == len({claim.id for claim in claims}) == len(LABELS) == 50
    counts = Counter(claim.verdict for claim in claims)
    assert set(counts) == set(FORM.words)
    assert min(counts.values()) >= 5
    assert sum(counts[word] for word in UNGROUNDED) == 23
    assert all(row.context and all(row.context) and row.input for row in labelled_claims())


def test_a_judge_that_is_always_right(tmp_path: Path) -> None:
    found = measured(judge(LABELS.__getitem__), tmp_path)
    assert (found.precision, found.recall, found.exact) == ((23, 23), (23, 23), (50, 50))
    assert (found.missed, found.accused, found.unjudged, found.calls) == ((), (), 0, 10)
    assert as_json(found)["recall"]["value"] == 1.0
    assert as_json(found)["recall"]["ci"] == pytest.approx([0.857, 1.0], abs=5e-4)  # Wilson by hand: 23 / (23 + 1.96²)


def test_a_judge_that_believes_everything_finds_nothing(tmp_path: Path) -> None:
    found = measured(judge(lambda claim: "supported"), tmp_path)
    assert (found.precision, found.recall) == ((0, 0), (0, 23))
    assert len(found.missed) == 23
    assert as_json(found)["precision"]["value"] is None
    assert "precision unknown: none" in words(found)


def test_a_judge_that_doubts_everything_finds_all_and_accuses_all(tmp_path: Path) -> None:
    found = measured(judge(lambda claim: "unsupported"), tmp_path)
    assert (found.precision, found.recall, found.exact) == ((23, 50), (23, 23), (11, 50))
    assert len(found.accused) == 27
    assert "0.46 (95 % interval 0.33 to 0.60): 23 of 50" in words(found)  # Wilson by hand: (24.92 ± 1.96 · 3.66) / 53.84


def test_a_judge_that_takes_contradictions_for_inferences(tmp_path: Path) -> None:
    found = measured(judge(lambda claim: "reasonable_inference" if LABELS[claim] == "contradicted" else LABELS[claim]), tmp_path)
    assert (found.precision, found.recall) == ((11, 11), (11, 23))
    assert found.verdicts["contradicted", "reasonable_inference"] == 12


def test_replies_that_cannot_be_read_are_counted_and_are_no_verdicts(tmp_path: Path) -> None:
    right = judge(LABELS.__getitem__)
    found = measured(lambda call: "I believe it." if "comet" in call.user else right(call), tmp_path)
    assert (found.unjudged, found.judged, found.recall) == (5, 45, (21, 21))
    assert "5 claims have no verdict" in words(found)


def test_no_verdict_at_all_measures_nothing(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="gave no verdict on any"):
        measured(lambda call: "no", tmp_path)


def test_without_money_nothing_is_measured(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="budget"):
        measured(judge(LABELS.__getitem__), tmp_path, budget_usd=0.0)


def test_the_text_that_speaks_to_the_checker_changes_nothing_for_the_local_judge(tmp_path: Path) -> None:
    found = calibrate_hallucination(Model("local", "words"), World.real({}, tmp_path, quiet=True), Limits())
    assert (found.judged, found.unjudged, found.cost_usd) == (50, 0, 0.0)
    assert "say nothing about any model" in words(found)
    assert "The comet shines in green." not in found.missed


CONFIG = """\
version: 1
models:
  grader: {provider: local, model: words}
metrics:
  grounded: {type: hallucination, model: grader}
  strict:   {type: hallucination, model: anthropic/claude-sonnet-5}
suites:
  support: {prompt: prompts/support.md, model: local/extractive, dataset: evals/*.jsonl, metrics: [grounded]}
"""


def test_the_judge_is_the_metric_s_or_the_one_that_is_named() -> None:
    assert judge_of(CONFIG.encode(), "evalbot.yml")[0] == Model("local", "words")
    assert judge_of(CONFIG.encode(), "evalbot.yml", judge="openai/gpt-5-mini")[0] == Model("openai", "gpt-5-mini")
    assert judge_of(None, "evalbot.yml", judge="openai/gpt-5-mini")[0] == Model("openai", "gpt-5-mini")
    both = CONFIG.replace("[grounded]", "[grounded, strict]").encode()
    assert judge_of(both, "evalbot.yml", "strict")[0] == CLAUDE


@pytest.mark.parametrize(
    ("text", "metric", "named", "said"),
    [
        (CONFIG, "grunded", "", "Did you mean 'grounded'"),
        (CONFIG.replace("[grounded]", "[grounded, strict]"), "", "", "--metric: grounded, strict"),
        (CONFIG, "", "gradr", "Did you mean 'grader'"),
        (None, "", "", "--judge provider/model"),
        (None, "", "claude", "Write `provider/model`"),
    ],
)
def test_what_is_not_clear_is_said(text: str | None, metric: str, named: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        judge_of(text.encode() if text else None, "evalbot.yml", metric, named)


def test_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "evalbot.yml").write_text(CONFIG)
    done = CliRunner().invoke(app.app, ["calibrate", "--hallucination", "-C", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["judge"], found["claims"]) == ("local/words", 50)
    assert sum(sum(row.values()) for row in found["verdicts"].values()) == 50
    assert GROUNDED[0] in found["verdicts"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evalbot.yml"]  # nothing is left behind


