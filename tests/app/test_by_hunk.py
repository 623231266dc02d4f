"""Blame end to end: the guilty lines are named in comment, summary and report, and `--by-hunk` proves it with calls it counts."""

from __future__ import annotations

import pytest

from tests.app.checking import House, files, golden, lines
from tests.loopback import verdict

FACTS = ["Tea costs 3 euros.", "filler one", "Shops close at nine.", "filler two", "Returns take 30 days.", "filler three", "Staff are kind."]
BASE = "\n".join(FACTS) + "\n"
HEAD = BASE.replace("Tea costs", "A tea costs").replace("nine.", "nine sharp.").replace("Returns take 30 days.", "Returns vary.").replace("kind.", "very kind.")
GUILTY = 5  # the line about returns


def script(call):
    """The model quotes the line about returns to every second question and another to the rest; the judge wants to read 30."""
    if call.schema is None:
        number = int(call.user.split("-")[1][:2])
        told = call.system.splitlines()[GUILTY - 1 if number % 2 else 2]
        return f"{told} (question {number})"
    return verdict(call, score=1 if "Returns vary" in call.text else 5)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, files(prompt=BASE, golden=lines(golden(8)), regression=None))


def test_words_alone_name_the_guilty_lines_without_a_call_more(house):
    result = house.head({"prompts/support.md": HEAD}).check(script)

    first = result.summary["suspects"][0]
    assert (first["hunk"]["head"], first["replayed"]) == ([GUILTY - 1, GUILTY], None)
    assert first["examples"] == ["g-01", "g-03", "g-05", "g-07"]
    assert f"`prompts/support.md`, line {GUILTY}: most likely at fault" in result.comment
    assert f"prompts/support.md, line {GUILTY}" in (result.folder / "report.html").read_text()


def test_each_hunk_alone_settles_it(house):
    plain = house.head({"prompts/support.md": HEAD}).check(script)
    before = len(plain.server.calls)
    result = house.check(script, by_hunk=True)

    first, *others = result.summary["suspects"]
    assert (first["hunk"]["head"], first["replayed"], first["of"], first["share"]) == ([GUILTY - 1, GUILTY], 4, 4, 1.0)
    assert {other["replayed"] for other in others} == {0}
    assert f"line {GUILTY}: at fault, applied alone it makes 4 of 4 worse examples worse again" in result.comment
    # 4 worse examples × 4 hunks are answered; equal gradings are asked for once
    answers = [call for call in result.server.calls if call.schema is None]
    assert before > 0
    assert len(answers) == 16


def test_the_verdict_and_its_numbers_are_the_same_with_and_without(house):
    house.head({"prompts/support.md": HEAD})
    plain, tried = house.check(script).summary, house.check(script, by_hunk=True).summary
    for key in ("verdict", "reason", "comparisons", "golden", "findings", "coverage"):
        assert tried[key] == plain[key]


@pytest.mark.parametrize("head", [BASE.replace("Tea costs", "A tea costs"), BASE.replace("Returns take 30 days.", "Returns vary.")])
def test_where_nothing_got_worse_or_one_place_changed_no_hunk_is_replayed(house, head):
    result = house.head({"prompts/support.md": head}).check(script, by_hunk=True)
    assert not [row for row in result.rows if row["part"] == "hunk"]
    assert "Where to look" not in result.comment
