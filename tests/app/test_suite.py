"""Suites at one commit: over all partitions, against the stored baseline, by the same gate."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from evalbot.adapters.git_history import GitHistory
from evalbot.app.baseline import baseline_file
from evalbot.app.publish import publish
from evalbot.app.run_log import log_file
from evalbot.app.suite import suites_of_clone
from evalbot.app.suite_plan import SuiteOptions
from evalbot.app.wiring import World
from evalbot.cli.app import app
from evalbot.domain.history import BRANCH
from tests.app.checking import CONFIG, PROMPT, House, Result, a_row, by_quality, files, golden, lines, regression
from tests.loopback import LoopbackModels, bad_request

DISTRIBUTION = lines([a_row(f"d-{number:02}", "distribution") for number in range(12)])
START = files(golden=lines(golden(6)), regression=lines(regression(24))) | {"evals/distribution.jsonl": DISTRIBUTION}


GOOD = lambda n: 5 if n % 3 else 4  # noqa: E731 - a table's entry
SCRIPT = by_quality({"good": GOOD, "same": GOOD, "bad": lambda n: 2 if n % 2 else 1})  # bad: 1.5 in the mean, and nothing passes


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, START)
    house.repo.switch("main")
    return house


def run(house, script=None, at="HEAD", report="report", **options):
    """Run the suites of a commit in a folder without earlier results, as a fresh job would."""
    folder = house.root / report / str(len(list(house.root.glob(f"{report}/*"))))
    with LoopbackModels(script or SCRIPT) as server:
        world = World.real(server.env(), folder, quiet=True)
        record = suites_of_clone(house.repo.root, at, SuiteOptions(**options), world, own_folders=("evalbot-report", ".evalbot-cache"))
        publish(record, folder, world.redact)
        return Result(record, folder, server)


def baseline_of(house, suite="support", key="default"):
    return GitHistory(house.repo.root).read(baseline_file(key, suite))


def push(house, quality):
    house.repo.write({"prompts/support.md": PROMPT.format(quality=quality)}).commit(quality)


def test_without_a_baseline_the_pass_fail_gates_decide_alone_over_every_partition(house):
    result = run(house)

    assert result.verdict == "pass"
    assert {row["partition"] for row in result.rows} == {"golden", "regression", "distribution"}
    assert {row["side"] for row in result.rows} == {"head"}
    assert result.summary["comparisons"] == []
    assert "suite 'support': no baseline is stored yet: pass/fail gates alone" in result.summary["warnings"]
    assert BRANCH not in house.repo.git("branch", "--list"), "nobody asked to store it"


def test_a_golden_failure_fails_also_without_a_baseline(house):
    push(house, "bad")
    result = run(house)

    assert result.verdict == "fail"
    assert {row["status"] for row in result.summary["golden"] if row["partition"] == "golden"} == {"new_failure"}
    assert result.summary["golden"][0]["base_failures"] is None


def test_a_drop_against_the_stored_baseline_is_a_regression_and_base_is_not_asked_again(house):
    run(house, set_baseline=True)
    push(house, "bad")

    result = run(house)

    assert result.verdict == "fail"
    row = result.comparison("regression")
    assert (row["conclusion"], row["n_base"], row["n_head"]) == ("regression", 24, 24)
    base = [row for row in result.rows if row["side"] == "base"]
    assert [row["cached"] for row in base] == [True] * 42
    asked = [call for call in result.server.calls if call.schema is None]
    assert {"quality=bad" in call.system for call in asked} == {True}
    statuses = {(row["example"], row["status"]) for row in result.summary["golden"] if row["partition"] == "golden"}
    assert statuses == {(f"g-0{number}", "new_failure") for number in range(6)}
    assert result.summary["changed_prompts"][0]["causes"] == ["template"]
    assert result.summary["base_sha"] == house.repo.sha("HEAD~1")
    assert "worse than the baseline" in result.comment


def test_a_row_that_the_baseline_does_not_know_counts_as_added(house):
    run(house, set_baseline=True)
    more = START["evals/regression.jsonl"] + lines([a_row("r-90", "regression"), a_row("r-91", "regression")])
    house.repo.write({"evals/regression.jsonl": more}).commit("more")

    result = run(house)

    assert result.verdict == "pass"
    assert result.comparison("regression")["n_head"] == 24
    parts = {(row["example"], row["part"]) for row in result.rows if row["example"] in ("r-90", "r-91")}
    assert parts == {("r-90", "added"), ("r-91", "added")}


def rename(house, quality="good", **more):
    """The prompt under another name; no file of the old name stays."""
    config = CONFIG.replace("prompts/support.md", "prompts/help.md")
    (house.repo.root / "prompts/support.md").unlink()
    house.repo.write({"prompts/help.md": PROMPT.format(quality=quality), "evalbot.yml": config} | more).commit("rename")


def test_a_prompt_that_was_only_renamed_keeps_its_baseline(house):
    run(house, set_baseline=True)
    rename(house)

    result = run(house, by_quality({"good": lambda n: 2 if n % 2 else 1}))  # the model got worse meanwhile

    assert result.verdict == "fail"
    assert {row["status"] for row in result.summary["golden"] if row["partition"] == "golden"} == {"new_failure"}
    assert {row["prompt"] for row in result.summary["comparisons"] if row["conclusion"] == "regression"} == {"prompts/help"}
    assert {row["n_pairs"] for row in result.summary["comparisons"] if row["partition"] == "regression"} == {24}


def test_a_prompt_that_was_renamed_and_edited_is_a_new_one(house):
    run(house, set_baseline=True)
    rename(house, "same")

    result = run(house)

    assert result.verdict == "pass"
    assert result.summary["comparisons"] == []
    assert [item["causes"] for item in result.summary["changed_prompts"]] == [["new"]]


def test_a_row_that_no_prompt_can_be_rendered_with_is_named_once(house):
    rows = [a_row("d-00", "distribution"), {**a_row("d-01", "distribution"), "input": {"question": "no user_input"}}]
    house.repo.write({"evals/distribution.jsonl": lines(rows), "prompts/support.md": PROMPT.format(quality="good") + "{{ user_input }}"}).commit("rows")

    result = run(house)

    assert result.verdict == "config_error"
    assert [(one["line"], "at base" in one["message"]) for one in result.summary["problems"]] == [(2, False)]


def test_a_failure_that_the_baseline_had_is_pre_existing(house):
    push(house, "bad")
    run(house, set_baseline=True)

    result = run(house)

    assert {row["status"] for row in result.summary["golden"]} == {"pre_existing"}
    assert result.verdict == "pass"
    golden = [row for row in result.summary["golden"] if row["partition"] == "golden"]
    assert {(row["head_failures"], row["base_failures"]) for row in golden} == {(5, 5)}


def test_nothing_is_asked_where_nothing_changed_and_only_then(house):
    run(house, set_baseline=True)
    house.repo.write({"README.md": "new"}).commit("a page")

    same = run(house, only_changed=True)
    drift = run(house, fresh=True)
    push(house, "same")
    changed = run(house, only_changed=True)

    assert (same.verdict, same.rows, same.server.calls) == ("not_applicable", [], [])
    assert same.summary["reason"] == "nothing has changed since the baseline"
    assert (drift.verdict, bool(drift.server.calls)) == ("pass", True)
    assert (changed.verdict, bool(changed.server.calls)) == ("pass", True)


def test_a_model_that_drifts_is_found_although_nothing_changed(house):
    run(house, set_baseline=True)

    def drifted(call):
        return "answer of quality=bad to " + call.user if call.schema is None else SCRIPT(call)

    result = run(house, drifted, fresh=True)

    assert result.verdict == "fail"
    assert result.comparison("regression")["conclusion"] == "regression"
    assert result.summary["changed_prompts"][0]["causes"] == []


def test_only_a_pass_is_stored_and_a_person_can_force_it(house):
    push(house, "bad")
    run(house, stores=True)
    assert baseline_of(house) == ""

    push(house, "good")
    run(house, stores=True)
    first = json.loads(baseline_of(house).splitlines()[0])
    assert (first["schema"], first["commit"]) == ("evalbot.baseline/1", house.repo.sha())

    push(house, "bad")
    run(house, stores=True)
    assert json.loads(baseline_of(house).splitlines()[0]) == first
    run(house, set_baseline=True)
    assert json.loads(baseline_of(house).splitlines()[0])["commit"] == house.repo.sha()


def test_what_was_not_measured_becomes_no_baseline_even_by_force(house):
    result = run(house, lambda _: bad_request(), set_baseline=True)

    assert result.verdict == "inconclusive"
    assert baseline_of(house) == ""
    assert "not stored as the baseline: the verdict is inconclusive, and nothing was proved" in result.summary["warnings"]


def test_a_part_of_a_suite_becomes_no_baseline(house):
    result = run(house, set_baseline=True, partitions=("golden",))

    assert {row["partition"] for row in result.rows} == {"golden"}
    assert baseline_of(house) == ""
    assert "suite 'support': not stored as the baseline, since only a part of it was run" in result.summary["warnings"]


def test_another_judge_s_baseline_is_not_compared(house):
    run(house, set_baseline=True)
    house.repo.write({"evalbot.yml": CONFIG.replace("claude-sonnet-5", "claude-opus-5")}).commit("judge")

    result = run(house)

    assert (result.verdict, result.summary["comparisons"]) == ("pass", [])
    assert any("its metrics or judges changed since the baseline" in warning for warning in result.summary["warnings"])


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "evalbot.baseline/9"}', "not json", '{"schema": "evalbot.baseline/1"}'])
def test_a_baseline_that_cannot_be_read_is_no_baseline_and_is_said(house, text):
    if text:
        GitHistory(house.repo.root).update({baseline_file("default", "support"): lambda _: text + "\n"}, "spoilt")
    result = run(house)

    said = "no baseline is stored yet" if not text else "the stored baseline cannot be read"
    assert result.verdict == "pass"
    assert any(said in warning for warning in result.summary["warnings"])


def test_answers_that_may_not_be_shown_are_not_stored(house):
    house.repo.write({"evalbot.yml": CONFIG + "report: {show_outputs: false}\n"}).commit("quiet")
    run(house, set_baseline=True)

    assert {json.loads(line)["output"] for line in baseline_of(house).splitlines()[1:]} == {None}


def test_every_run_that_is_remembered_adds_a_line_to_the_log(house):
    run(house, stores=True, logs=True, event="push")
    push(house, "bad")
    run(house, stores=True, logs=True, event="push")

    found = [json.loads(line) for line in GitHistory(house.repo.root).read(log_file("default", "support")).splitlines()]
    assert [(line["verdict"], line["event"], line["commit"]) for line in found] == [
        ("pass", "push", house.repo.sha("HEAD~1")), ("fail", "push", house.repo.sha())
    ]  # fmt: skip
    cell = next(cell for cell in found[1]["cells"] if cell["partition"] == "regression")
    assert (cell["answers"], cell["metrics"]["judge"]["n"]) == (24, 24)
    assert (cell["metrics"]["judge"]["mean"], cell["passed"], cell["failed"]) == (1.5, 0, 24)  # 12 × 2 and 12 × 1
    assert found[1]["findings"] == ["insufficient_data", "new_failure", "regression"]  # six golden rows are too few for a test


def test_the_work_tree_is_a_commit_like_any_other(house):
    run(house, set_baseline=True)
    house.repo.write({"prompts/support.md": PROMPT.format(quality="bad")})

    assert run(house, at=".").verdict == "fail"
    assert run(house).verdict == "pass"


def test_configuration_and_outage_are_verdicts(house):
    house.repo.write({"evalbot.yml": "version: 2\n"}).commit("wrong")
    assert run(house).verdict == "config_error"
    assert run(house, at="HEAD~1", suites=("nope",)).summary["reason"] == "--suites: there is no suite 'nope'. Known: support."
    assert run(house, at="HEAD~1", partitions=("gold",)).summary["reason"].startswith("--partitions: there is no partition 'gold'.")
    assert run(house, at="no-such").verdict == "config_error"


def test_the_command_line_runs_and_stores(house, monkeypatch):
    config = CONFIG.replace("openai/gpt-5-mini", "local/a").replace("anthropic/claude-sonnet-5", "local/a")
    house.repo.write({"evalbot.yml": config}).commit("local")
    monkeypatch.chdir(house.repo.root)

    done = CliRunner().invoke(app, ["suite", "--set-baseline", "--quiet"])
    again = CliRunner().invoke(app, ["suite", "--json", "--report-dir", "second"])

    assert done.exit_code == 1, "the embedded judge finds these answers poor"
    found = json.loads(again.stdout)
    assert found["suite"]["against"] == {"support": house.repo.sha()}
    assert baseline_of(house)
