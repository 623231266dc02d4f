"""Rows on the shelf: numbers in memory, words on disk, and nothing that tells them from whole ones but their size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalbot.adapters.journal import FileJournal
from evalbot.domain.errors import CouldNotRun, ErrorClass
from evalbot.domain.models import Outcome
from evalbot.domain.runs import Row
from evalbot.domain.scores import Score
from evalbot.engine.rows import to_line
from evalbot.engine.shelf import Shelf
from tests.builders import a_row

LONG = "The answer promises a refund that the policy forbids, and repeats it. " * 3
DETAIL = {
    "judge_id": "0123456789ab", "unstable": True, "grades": [4, 5], "per_model": {"openai/gpt-5": 4.0}, "explanation": LONG,
    "strengths": ["polite", LONG], "failed": [{"name": "no_rivals", "reason": LONG}],
}  # fmt: skip


def a_graded_row(**fields: object) -> Row:
    scores = {
        "judge": Score.scored(4.0, True, LONG, samples=(4.0, 4.0), detail=DETAIL),
        "rules": Score.scored(0.0, False, "too long", detail={"failed": ["length"], "applied": 2}),
        "facts": Score.unscored(ErrorClass.JUDGE, "the judge did not answer"),
    }
    whole = a_row("r-01", "head", output=f"Yes. {LONG}", scores=scores)
    return replace(whole, context=(LONG,), tool_calls=({"name": "refund", "arguments": {"days": 31}},), **fields)


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return FileJournal(tmp_path)


def shelved(journal: FileJournal, row: Row) -> Row:
    return Shelf(journal).put(row, journal.append(to_line(row)))


def test_a_shelved_row_says_the_same_as_the_whole_one(journal: FileJournal) -> None:
    row = a_graded_row()
    bare = shelved(journal, row)
    assert (bare.output, bare.context, bare.tool_calls) == (row.output, row.context, row.tool_calls)
    assert bare.whole == row
    assert to_line(bare.whole) == to_line(row)
    assert bare.answered


def test_words_are_not_in_memory(journal: FileJournal) -> None:
    bare = shelved(journal, a_graded_row())
    for name in ("output", "context", "tool_calls"):
        with pytest.raises(AttributeError):
            Row.__dict__[name].__get__(bare)  # the slot itself, past the reading from disk


def test_what_gates_and_reports_count_by_stays_in_memory(journal: FileJournal) -> None:
    scores = shelved(journal, a_graded_row()).scores
    assert scores["judge"] == Score.scored(4.0, True, samples=(4.0, 4.0), detail={
        "judge_id": "0123456789ab", "unstable": True, "grades": [4, 5], "per_model": {"openai/gpt-5": 4.0}, "failed": [{"name": "no_rivals"}],
    })  # fmt: skip
    assert scores["rules"].detail == {"failed": ["length"], "applied": 2}
    assert scores["facts"].reason == "the judge did not answer"  # the comment says why answers were not scored


def test_equal_scores_are_in_memory_once(journal: FileJournal) -> None:
    shelf = Shelf(journal)
    rows = [shelf.put(row, journal.append(to_line(row))) for row in (a_graded_row(), a_graded_row(example="r-02"))]
    assert rows[0].scores is rows[1].scores


def test_a_change_leaves_the_words_where_they_are(journal: FileJournal) -> None:
    row = a_graded_row()
    again = shelved(journal, row).but(cached=True, judge_calls=0)
    with pytest.raises(AttributeError):
        Row.__dict__["output"].__get__(again)
    assert again.whole == replace(row, cached=True, judge_calls=0)


def test_a_new_score_beside_shelved_ones_keeps_its_own_words(journal: FileJournal) -> None:
    row = a_graded_row()
    bare = shelved(journal, row)
    duel = Score.scored(1.0, None, LONG, detail={"judge_id": "abcdefabcdef"})
    again = bare.but(scores={**bare.scores, "duel": duel, "judge": Score.scored(5.0, True, "better")})
    assert again.whole.scores == {**row.scores, "duel": duel, "judge": Score.scored(5.0, True, "better")}


def test_a_row_without_an_answer_stays_as_it_is(journal: FileJournal) -> None:
    row = replace(a_row("r-01", "head", output=None, passed=None, error=ErrorClass.TARGET, reason="500"), scores={})
    assert shelved(journal, row) is row
    assert row.whole is row


def test_words_are_found_after_the_file_was_rewritten_and_closed(journal: FileJournal) -> None:
    rows = [a_graded_row(example=f"r-{n:02}", outcome=Outcome.OK) for n in range(3)]
    bare = [shelved(journal, row) for row in rows]
    journal.rewrite(to_line(row.whole) for row in reversed(bare))
    journal.close()
    journal.path.unlink()
    assert [row.whole for row in bare] == rows


def test_a_file_that_somebody_changed_is_no_answer(journal: FileJournal) -> None:
    bare = shelved(journal, a_graded_row())
    journal.path.write_text("{}\n")
    with pytest.raises(CouldNotRun, match=r"results\.jsonl was changed while evalbot was at work"):
        _ = bare.output


