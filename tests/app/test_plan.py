"""`evalbot plan`: from the spread of a run to the size of the next one."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from evalbot.app.plan import as_json, plan, words
from evalbot.cli.app import app
from evalbot.domain.errors import CouldNotRun
from evalbot.report.summary import summary, to_json
from evalbot.stats.power import pairs_needed
from tests.app.checking import PROMPT, House, by_quality
from tests.builders import a_comparison, a_decision, a_record

MIXED = {"good": lambda n: (5, 4, 3)[n % 3], "bad": lambda n: (4, 5, 3, 4)[n % 4]}


def a_run(folder, *rows, **fields):
    folder.mkdir(parents=True, exist_ok=True)
    record = a_record(a_decision(comparisons=rows), **fields)
    (folder / "summary.json").write_text(to_json(summary(record)))
    return folder


def a_row(**changed):
    known = {"sd_base": 0.92, "sd_head": 0.95, "sd_difference": 0.8, "correlation": 0.63, "n_repeats": 1.0}
    return a_comparison(**(known | changed))


def test_a_check_records_what_a_plan_needs(tmp_path):
    house = House(tmp_path).head({"prompts/support.md": PROMPT.format(quality="bad")})
    result = house.check(by_quality(MIXED))

    row = result.comparison()
    scores = {side: [r["scores"]["judge"]["value"] for r in result.rows if r["side"] == side and r["partition"] == "regression"
                     and not r["confirmation"]] for side in ("base", "head")}  # fmt: skip
    import statistics

    assert row["sd_base"] == pytest.approx(statistics.stdev(scores["base"]))
    assert row["sd_head"] == pytest.approx(statistics.stdev(scores["head"]))
    (planned,) = [r for r in plan(result.folder).rows if r.partition == "regression"]
    assert planned.needed[0].to_see == pairs_needed(row["sd_difference"], 0.3)


def test_seeing_a_drop_takes_rs_number_of_pairs(tmp_path):
    """R: power.t.test(delta = 0.3, sd = 0.8, power = 0.8, type = "paired") gives 57.8."""
    (row,) = plan(a_run(tmp_path, a_row()), drop=0.3).rows

    assert [(needed.repeats, needed.to_see, needed.to_block) for needed in row.needed] == [(1, 58, None)]
    assert row.larger_needs is not None
    text = words(plan(tmp_path, drop=0.3))
    assert "58 examples to see it (paired test), no number blocks it" in text
    assert "a true drop of 0.45 needs" in text
    assert "add 18 examples" in text


def test_a_larger_drop_can_be_blocked_and_enough_is_enough(tmp_path):
    text = words(plan(a_run(tmp_path, a_row(n_pairs=400)), drop=0.5))

    assert "to block it (welch)" in text
    assert "half of the time" not in text
    assert "the examples there are will do" in text


def test_the_gates_own_effect_is_the_default_drop(tmp_path):
    (row,) = plan(a_run(tmp_path, a_row(min_effect=0.075, sd_base=0.2, sd_head=0.2, sd_difference=0.2))).rows

    assert row.drop == 0.075


def test_known_repeats_are_planned_with(tmp_path):
    folder = a_run(tmp_path, a_row(repeats="epochs", n_repeats=2.0, intra_example_correlation=0.5))

    (row,) = plan(folder).rows

    sizes = {needed.repeats: needed.to_see for needed in row.needed}
    assert sizes[2] == 58
    assert sizes[1] > sizes[2] > sizes[3] > sizes[5]
    assert f"with 3 answers an example: {sizes[3]} examples" in words(plan(folder))


def test_epochs_are_offered_where_the_examples_would_then_do(tmp_path):
    folder = a_run(tmp_path, a_row(repeats="epochs", n_repeats=2.0, intra_example_correlation=0.3, n_pairs=50))

    assert "or set `epochs: 3`" in words(plan(folder))


def test_grades_are_not_mistaken_for_answers(tmp_path):
    folder = a_run(tmp_path, a_row(repeats="samples", n_repeats=3.0, intra_example_correlation=0.9))

    assert "3 grades of each answer" in words(plan(folder))
    assert "epochs:" not in words(plan(folder))


def test_no_fewer_examples_than_the_gate_asks_for(tmp_path):
    (row,) = plan(a_run(tmp_path, a_row(sd_difference=0.05, sd_base=0.05, sd_head=0.05)), drop=2.0).rows

    assert [(needed.to_see, needed.to_block) for needed in row.needed] == [(10, 10)]


def test_scores_that_never_differed_say_nothing(tmp_path):
    found = plan(a_run(tmp_path, a_row(sd_difference=0.0), a_row(partition="golden", sd_difference=None)))

    assert found.rows == ()
    assert "scored alike on every example" in words(found)
    assert "too few scores" in words(found)


def test_only_gated_rows_of_the_suites_asked_for(tmp_path):
    folder = a_run(tmp_path, a_row(), a_row(suite="other"), a_row(partition="all", gated=False))

    assert [(row.suite, row.partition) for row in plan(folder, suites=("other",)).rows] == [("other", "regression")]
    assert len(plan(folder).rows) == 2
    assert json.loads(json.dumps(as_json(plan(folder))))["rows"][0]["needed"][0]["to_see"] == 58


@pytest.mark.parametrize(
    ("content", "words_"),
    [(None, "there is no run in"), ("", "cannot be read"), ("[]", "no summary"), ('{"comparisons": []}', "compared no scores"), ("{}", "compared no scores")],
)
def test_without_a_run_there_is_one_clear_line(tmp_path, content, words_):
    if content is not None:
        (tmp_path / "summary.json").write_text(content)

    with pytest.raises(CouldNotRun, match=words_) as error:
        plan(tmp_path)
    assert "\n" not in str(error.value)

    done = CliRunner().invoke(app, ["plan", "--report-dir", str(tmp_path)])
    assert done.exit_code == 3
    assert words_ in " ".join(done.output.split())


def test_the_command_prints_the_plan(tmp_path):
    a_run(tmp_path, a_row())

    shown = CliRunner().invoke(app, ["plan", "--drop", "0.3", "--power", "0.8", "--report-dir", str(tmp_path)])
    asked = CliRunner().invoke(app, ["plan", "--json", "--report-dir", str(tmp_path)])

    assert (shown.exit_code, asked.exit_code) == (0, 0)
    assert "58 examples to see it" in shown.output
    assert json.loads(asked.output)["rows"][0]["drop"] == 0.3
