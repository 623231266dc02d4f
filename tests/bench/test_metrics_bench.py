"""The benchmark of deterministic metrics measures all of them, and fails where one says nothing."""

from __future__ import annotations

import pytest

from bench import metrics
from evalbot.metrics import METRICS

ASKING = {
    "answer_relevance", "checklist", "context_precision", "context_recall", "factuality", "hallucination", "judge", "pairwise",
    "semantic_similarity",
}  # fmt: skip


def test_every_metric_that_asks_no_model_is_measured() -> None:
    assert set(metrics.deterministic()) == set(METRICS.names()) - ASKING


def test_it_prints_a_row_for_each_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        metrics.main(["--n", "20"])
    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert printed.count("| 20 |") == len(metrics.deterministic())
    assert "| **all** |" in printed


def test_a_metric_that_says_nothing_is_no_measurement(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "measured", lambda metric, answered: (0.0, 0))
    with pytest.raises(SystemExit) as ended:
        metrics.main(["--n", "5"])
    assert ended.value.code == 1
