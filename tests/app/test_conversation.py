"""A row with a conversation, from the dataset to the judge and the results."""

from __future__ import annotations

import json

from tests.app.checking import CONFIG, PROMPT, House, a_row, files, lines
from tests.loopback import Call, verdict

ROW = a_row(
    "g-1", "golden", input={"user_input": "And opened?"},
    messages=[
        {"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello Ada!"},
        {"role": "user", "content": "May I return a book?"},
    ],
)  # fmt: skip


def test_the_model_answers_each_open_turn_and_the_judge_sees_the_talk_as_it_went(tmp_path):
    seen: list[str] = []

    def script(call: Call):
        if call.schema is None:
            return f"{len(call.messages)} messages, {'opened' if 'opened' in call.user else 'book'}"
        seen.append(call.user)
        return verdict(call, score=5)

    house = House(tmp_path, files(config=CONFIG.replace("evals/*.jsonl", "evals/golden.jsonl"), golden=lines([ROW]), regression=None))
    result = house.head({"prompts/support.md": PROMPT.format(quality="better")}).check(script)

    assert result.verdict == "pass", result.record.decision.reason
    (row,) = [row for row in result.rows if row["side"] == "head"]
    assert row["earlier"] == ["4 messages, book"]
    assert row["output"] == "6 messages, opened"
    talk = "user: I am Ada.\nassistant: Hello Ada!\nuser: May I return a book?\nassistant: 4 messages, book\nAnd opened?"
    assert any(talk in text for text in seen), seen
    assert result.summary["calls"]["model"] == 4  # two turns on each of two sides
    answers = [call for call in result.server.calls if call.schema is None]
    assert [role for role, _ in answers[-1].messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert json.loads((tmp_path / "report" / "results.jsonl").read_text().splitlines()[0])["usage"]["input"] == 40  # 20 a turn
