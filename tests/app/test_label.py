"""evalbot label: a sheet drawn evenly over the judge's grades, filled in by people, and read back without a word changed."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evalbot.app.label import LabelOptions, draw, take
from evalbot.app.label_sheet import Line, read_sheet, sheet
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from evalbot.cli.app import app
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.examples import Example, Partition
from tests.app.test_calibrate import LABELS, by_quality, config, house, row
from tests.loopback import LoopbackModels
from tests.repository import Repo

SHEET = "evalbot-labels.csv"
LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)
WORLD = World.real({}, Path("/nowhere"), quiet=True)


@pytest.fixture
def after_a_run(tmp_path: Path) -> Path:
    """A repository with the results of a run whose answers are worth 5, but for a few."""
    root = house(tmp_path, None, count=12)
    Repo(root).branch("change").write({"prompts/support.md": "quality=bad\n"}).commit("head")

    def answer(call: Any) -> Any:
        if call.schema is not None:
            return by_quality()(call)
        number = int(call.user.split("g-")[1][:2])
        return f"=answer {number} of {call.system.strip()[-4:]} quality={5 if number > 3 else number + 1}"

    with LoopbackModels(answer) as server:
        review(root, CheckOptions("main", "change"), World.real(server.env(), root / "evalbot-report", quiet=True))
    return root


def rows_of(root: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((root / SHEET).read_text(encoding="utf-8-sig"), newline="")))


def fill(root: Path, change: Callable[[int, dict[str, str]], None]) -> None:
    """What a person does in a spreadsheet."""
    rows = rows_of(root)
    for number, one in enumerate(rows):
        change(number, one)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (root / SHEET).write_text(file.getvalue(), newline="")


def graded(score: str) -> Callable[[int, dict[str, str]], None]:
    return lambda _, one: one.update(score=score)


def test_answers_are_drawn_evenly_over_the_judge_s_grades_and_nobody_sees_them(after_a_run: Path) -> None:
    drawn = draw(after_a_run, LabelOptions(n=10), WORLD, time.time())
    assert drawn.lines == 10
    assert drawn.strata == {"1": 2, "2": 2, "3": 2, "4": 2, "5": 2}  # of 24 answers, 16 are worth 5
    assert set(rows_of(after_a_run)[0]) == {"key", "suite", "id", "input", "context", "reference", "output", "score", "note"}
    assert all(one["score"] == "" for one in rows_of(after_a_run))


def test_there_are_no_more_answers_than_there_are(after_a_run: Path) -> None:
    assert draw(after_a_run, LabelOptions(n=500), WORLD, time.time()).lines == 24


def test_what_is_filled_in_becomes_labels_and_is_not_drawn_again(after_a_run: Path) -> None:
    draw(after_a_run, LabelOptions(n=10), WORLD, time.time())
    fill(after_a_run, lambda number, one: one.update(score="4", note="fine") if number < 7 else None)
    taken = take(after_a_run, LabelOptions(rater="ada"), WORLD)
    assert (taken.path, taken.labels, taken.empty) == (LABELS, 7, 3)
    written = [json.loads(line) for line in (after_a_run / LABELS).read_text().splitlines()]
    assert {(one["score"], one["rater"], one["note"]) for one in written} == {(4, "ada", "fine")}
    assert all(one["output"].startswith("=answer") for one in written)  # as the model said it
    left = draw(after_a_run, LabelOptions(n=500), WORLD, time.time())
    assert left.lines == 24 - 7


def test_texts_of_a_sheet_cannot_run_in_a_spreadsheet_and_come_back_as_they_were() -> None:
    texts = ["=1+1", "+1", "-1", "@x", "'=1", "'", "''", "plain", 'two\n"lines", and more', "\t=x", "é 是 👍", "line\r\nend"]
    example = Example("=id", Partition.GOLDEN, {"user_input": "=HYPERLINK(1)"})
    text = sheet([Line("support", example, one) for one in texts], graded=True)
    for cells in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert [line.output for line in read_sheet(text.encode(), SHEET, LEVELS)] == texts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (graded("9"), "no grade of the scale 1 to 5"), (graded("good"), "score must be a number"),
        (lambda _, one: one.update(output="another answer", score="4"), "not the one that was drawn"),
        (lambda _, one: one.update(id="g-11", score="4"), "not the one that was drawn"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_sheet_is_named_with_its_line_and_nothing_is_added(after_a_run: Path, change: Any, said: str) -> None:
    draw(after_a_run, LabelOptions(n=3), WORLD, time.time())
    fill(after_a_run, lambda number, one: change(number, one) if number == 1 else None)
    with pytest.raises(ConfigError, match=said) as caught:
        take(after_a_run, LabelOptions(rater="ada"), WORLD)
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [(SHEET, 3)]
    assert not (after_a_run / LABELS).exists()


def test_nobody_labels_an_answer_twice_and_two_people_may(after_a_run: Path) -> None:
    draw(after_a_run, LabelOptions(n=3), WORLD, time.time())
    fill(after_a_run, graded("4"))
    take(after_a_run, LabelOptions(rater="ada"), WORLD)
    with pytest.raises(ConfigError, match="ada has labelled this answer"):
        take(after_a_run, LabelOptions(rater="ada"), WORLD)
    assert take(after_a_run, LabelOptions(rater="bob"), WORLD).labels == 3
    assert Counter(json.loads(line)["rater"] for line in (after_a_run / LABELS).read_text().splitlines()) == {"ada": 3, "bob": 3}


def test_labels_are_added_after_a_last_line_without_an_end(after_a_run: Path) -> None:
    (after_a_run / LABELS).parent.mkdir(parents=True)
    (after_a_run / LABELS).write_text(json.dumps(row(0, 1)))
    draw(after_a_run, LabelOptions(n=2), WORLD, time.time())
    fill(after_a_run, graded("4"))
    take(after_a_run, LabelOptions(rater="ada"), WORLD)
    assert len((after_a_run / LABELS).read_text().splitlines()) == 3


def test_without_a_run_a_judge_or_a_rater_it_says_what_to_do(tmp_path: Path) -> None:
    root = house(tmp_path, None)
    with pytest.raises(CouldNotRun, match="evalbot check"):
        draw(root, LabelOptions(), WORLD, time.time())
    with pytest.raises(ConfigError, match="--rater"):
        take(root, LabelOptions(), WORLD)
    with pytest.raises(CouldNotRun, match="could not read"):
        take(root, LabelOptions(rater="ada"), WORLD)
    with pytest.raises(ConfigError, match="'qualiti' says where its labels are"):
        draw(root, LabelOptions(metric="qualiti"), WORLD, time.time())
    (root / "evalbot.yml").write_text(config().replace(f", calibration: {{labels: {LABELS}}}", ""))
    with pytest.raises(ConfigError, match="no metric says where its labels are"):
        draw(root, LabelOptions(), WORLD, time.time())


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe", b'key,suite,id,output\n"x'])
def test_what_is_no_sheet_is_named(tmp_path: Path, content: bytes) -> None:
    root = house(tmp_path, None)
    (root / SHEET).write_bytes(content)
    with pytest.raises(ConfigError, match=SHEET):
        take(root, LabelOptions(rater="ada"), WORLD)


def test_from_the_command_line(after_a_run: Path) -> None:
    done = CliRunner().invoke(app, ["label", "--n", "5", "-C", str(after_a_run)])
    assert done.exit_code == 0, done.output
    assert "5 answers in evalbot-labels.csv (by the judge: 1 of grade 1, 1 of grade 2" in done.output
    fill(after_a_run, graded("3"))
    done = CliRunner().invoke(app, ["label", "--read", "--rater", "ada", "-C", str(after_a_run)])
    assert "5 labels added to evals/human/labels.jsonl; 0 lines of the sheet are empty." in done.output
