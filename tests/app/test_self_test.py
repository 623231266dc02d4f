"""A/A runs: base against base, everything asked twice, and what the comment makes of their record."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from typer.testing import CliRunner

from evalbot.app.aa_record import SelfTest, append, with_noise
from evalbot.app.self_test import SelfTestOptions, self_test, words
from evalbot.app.wiring import World
from evalbot.cli.app import app
from evalbot.domain.errors import ConfigError
from tests.app.checking import CONFIG, PROMPT, House, by_quality
from tests.builders import a_record
from tests.loopback import LoopbackModels, echo, server_error, verdict

SAME = {"prompts/support.md": PROMPT.format(quality="same")}


def measured(house, script, **options):
    with LoopbackModels(script) as server:
        world = World.real(server.env(), house.root / "report" / "aa", quiet=True)
        found = self_test(house.repo.root, SelfTestOptions(at="main", report_dir=str(house.root / "report"), **options), world)
        return found, server


def lines(house):
    path = house.root / "report" / "aa.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_nothing_is_shared_and_nothing_is_cached(house):
    found, server = measured(house, by_quality())

    answers = [call for call in server.calls if call.schema is None]
    assert (len(answers), len(server.calls) - len(answers)) == (104, 104)  # 52 examples, two sides, equal requests and answers
    assert {(row.shared, row.cached) for row in found.record.rows} == {(False, False)}
    again, server = measured(house, by_quality())
    assert len(server.calls) == 208
    assert len(again.record.rows) == 104


def test_a_steady_suite_has_no_false_alarm_and_no_noise(house):
    found, _ = measured(house, by_quality())

    (test,) = found.tests
    assert (test.suite, test.rows, test.false_alarms, test.noise_floor) == ("support", 2, 0, 0.0)
    assert found.silent == ()
    assert lines(house) == [{"schema": "evalbot.aa/1", "judges": list(test.judges)} | {
        key: getattr(test, key) for key in ("date", "suite", "commit", "rows", "false_alarms", "noise_floor")
    }]  # fmt: skip
    assert "0 false alarms in 2 rows; noise floor 0.00 points" in words(found)


def wavering():
    """A judge that contradicts itself: every second grade of the same answer is three points lower."""
    graded: Counter[str] = Counter()

    def answer(call):
        if call.schema is None:
            return echo(call)
        question = call.text.split("Question ")[1][:4]
        graded[question] += 1
        return verdict(call, score=5 if graded[question] % 2 else 2)

    return answer


def test_noise_is_measured_as_half_an_interval_and_a_row_that_blocks_is_a_false_alarm(tmp_path):
    house = House(tmp_path, {**House(tmp_path / "x").start, "evalbot.yml": CONFIG + "    gates: {golden: {confirm: 0}}\n"})

    found, _ = measured(house, wavering())

    (test,) = found.tests
    rows = {row.partition: row for row in found.record.decision.comparisons}
    halves = sorted((row.paired.ci[1] - row.paired.ci[0]) / 2 for name, row in rows.items() if name != "all")
    assert test.noise_floor == pytest.approx(sum(halves) / 2)
    assert test.noise_floor > 0.5
    assert test.false_alarms >= 1  # some golden example got its low grade at head
    assert any(finding.rule == "new_failure" for finding in found.record.decision.findings)
    assert "golden example" in words(found)


def test_an_outage_is_not_recorded(house, no_waiting):
    found, _ = measured(house, lambda call: server_error())

    assert found.tests == ()
    assert "not recorded" in words(found)
    assert lines(house) == []


def test_what_is_wrong_is_said_before_anything_is_asked(house):
    for options, words_ in (({"suites": ("suport",)}, "support"), ({"partitions": ("gold",)}, "golden"), ({"config": "no.yml"}, "no.yml")):
        with pytest.raises(ConfigError) as error:
            measured(house, by_quality(), **options)
        assert words_ in str(error.value)


def test_a_check_keeps_its_own_results_and_shows_the_noise_floor(house):
    folder = str(house.root / "report")
    result = house.head(SAME).check(report_dir=folder)
    before = (result.folder / "results.jsonl").read_text()
    assert "noise floor" not in result.comment

    measured(house, wavering())
    again = house.check(report_dir=folder)

    assert (result.folder / "results.jsonl").read_text().count("\n") == before.count("\n")
    (noise,) = again.summary["noise"]
    assert (noise["suite"], noise["runs"], noise["rows"]) == ("support", 1, 2)
    assert "noise floor" in again.comment.splitlines()[-1]
    assert "(A/A, 2 rows, " in again.comment.splitlines()[-1]


def test_a_record_elsewhere_can_be_named_and_one_that_is_not_there_is_told(house, tmp_path):
    append(tmp_path / "kept" / "aa.jsonl", (SelfTest("2026-11-20", "support", "a" * 40, ("j",), 4, 1, 0.11),))

    result = house.head(SAME).check(aa_record=str(tmp_path / "kept" / "aa.jsonl"))
    assert result.comment.splitlines()[-1].endswith("noise floor 0.11 (A/A, 4 rows, 1 false alarm)")

    missing = house.check(aa_record=str(tmp_path / "nowhere.jsonl"))
    assert missing.verdict == "pass"
    assert any("cannot be read" in warning for warning in missing.record.warnings)


# The record


def a_test(**changed):
    known = {"date": "2026-11-20", "suite": "support", "commit": "a" * 40, "judges": ("j1",), "rows": 4, "false_alarms": 0, "noise_floor": 0.2}
    return SelfTest(**(known | changed))


def test_runs_with_the_same_judges_are_summed_and_the_latest_noise_floor_stands(tmp_path):
    path = tmp_path / "aa.jsonl"
    append(path, (a_test(judges=("old",), rows=100, false_alarms=50), a_test(false_alarms=1), a_test(suite="other", rows=9)))
    append(path, (a_test(noise_floor=0.11),))

    (noise,) = with_noise(a_record(), path).noise

    assert (noise.suite, noise.runs, noise.rows, noise.false_alarms, noise.points) == ("support", 2, 8, 1, 0.11)


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", "null", '{"schema": "evalbot.aa/2"}', json.dumps({"schema": "evalbot.aa/1"}),
        *(json.dumps({"schema": "evalbot.aa/1", "date": "d", "suite": "support", "commit": "c", "judges": [], "rows": 4, "false_alarms": 0,
                      "noise_floor": 0.1} | bad) for bad in (
            {"rows": -1}, {"rows": True}, {"false_alarms": 5}, {"noise_floor": "0.1"}, {"noise_floor": -0.1}, {"judges": "j"}, {"suite": 3})),
        '{"schema": "evalbot.aa/1", "date": "d", "suite": "support", "commit": "c", "judges": [], "rows": 4, "false_alarms": 0, "noise_floor": NaN}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_a_warning_and_no_number(tmp_path, line):
    path = tmp_path / "aa.jsonl"
    append(path, (a_test(),))
    path.write_text(path.read_text() + line + "\n")

    record = with_noise(a_record(), path)

    assert [noise.rows for noise in record.noise] == [4]
    assert record.warnings == ("aa.jsonl:2 is no line of `evalbot suite --aa`",)


def test_no_record_no_suite_no_noise(tmp_path):
    assert with_noise(a_record(), tmp_path / "aa.jsonl") == a_record()
    (tmp_path / "aa.jsonl").write_text("")
    assert with_noise(a_record(), tmp_path / "aa.jsonl").noise == ()
    append(tmp_path / "aa.jsonl", (a_test(),))
    assert with_noise(a_record(changed=()), tmp_path / "aa.jsonl").noise == ()


# The command


def test_the_command_measures_and_exits_zero(house):
    with LoopbackModels(by_quality()) as server:
        done = CliRunner().invoke(app, ["suite", "--aa", "--at", "main", "-q", "--json", "-C", str(house.repo.root)], env=server.env())

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["tests"][0]["rows"] == 2
    assert (house.repo.root / "evalbot-report" / "aa.jsonl").exists()


def test_the_command_says_what_is_wrong_in_a_line(house):
    done = CliRunner().invoke(app, ["suite", "--aa", "--suites", "suport", "-C", str(house.repo.root)])

    assert done.exit_code == 2
    assert "Did you mean 'support'?" in done.output
