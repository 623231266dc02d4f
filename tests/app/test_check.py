"""The main job, end to end: real git, real SDKs against a loopback server, the files that a user gets."""

from __future__ import annotations

import time

import pytest
from scipy import stats

from tests.app.checking import CONFIG, PROMPT, House, a_row, by_quality, files, golden, lines, regression
from tests.loopback import echo, html, nothing, server_error, unauthorized, verdict

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def scores(result, side, partition):
    return {
        row["example"]: row["scores"]["judge"]["value"]
        for row in result.rows
        if row["side"] == side and row["partition"] == partition and not row["confirmation"]
    }


def test_a_worse_head_fails_with_the_numbers_that_scipy_gives(house):
    result = house.head(WORSE).check()

    assert (result.verdict, result.exit_code) == ("fail", 1)
    assert "regression" in result.findings
    for partition, count in (("golden", 12), ("regression", 40)):
        base, head = (scores(result, side, partition) for side in ("base", "head"))
        row = result.comparison(partition)
        names = sorted(base)
        welch = stats.ttest_ind([base[n] for n in names], [head[n] for n in names], equal_var=False)
        paired = stats.ttest_rel([head[n] for n in names], [base[n] for n in names])
        assert (row["n_planned"], row["n_base"], row["n_head"], row["n_pairs"]) == (count,) * 4
        assert row["base_mean"] == pytest.approx(sum(base.values()) / count, abs=1e-9)
        assert row["head_mean"] == pytest.approx(sum(head.values()) / count, abs=1e-9)
        assert row["effect"] == pytest.approx(row["head_mean"] - row["base_mean"], abs=1e-9)
        assert [row["welch"][key] for key in ("t", "df", "p")] == pytest.approx([welch.statistic, welch.df, welch.pvalue], abs=1e-9)
        low, high = welch.confidence_interval()
        assert row["welch"]["ci"] == pytest.approx([-high, -low], abs=1e-9)
        assert [row["paired"][key] for key in ("t", "df", "p")] == pytest.approx([paired.statistic, 39 if count == 40 else 11, paired.pvalue], abs=1e-9)
        assert row["paired"]["ci"] == pytest.approx(list(paired.confidence_interval()), abs=1e-9)


def test_one_past_bug_that_is_broken_again_fails_though_the_means_hold(house):
    def answer(call):
        if call.schema is None:
            return echo(call)
        return verdict(call, score=1 if "quality=same" in call.text and "r-07" in call.text else 5)

    result = house.head(SAME).check(answer)

    assert result.verdict == "fail"
    assert result.comparison()["conclusion"] == "no_change"
    assert result.findings == {"new_failure": ["blocks"]}
    (row,) = result.summary["golden"]
    assert (row["example"], row["partition"], row["status"], row["head_failures"], row["base_failures"], row["runs"]) == (
        "r-07", "regression", "new_failure", 5, 0, 5,
    )  # fmt: skip


def test_outputs_that_are_identical_pass_and_are_paid_for_once(house):
    def answer(call):
        return "the same answer" if call.schema is None else verdict(call, score=5)

    result = house.head(SAME).check(answer)

    assert (result.verdict, result.exit_code) == ("pass", 0)
    assert {row["conclusion"] for row in result.summary["comparisons"]} == {"no_change"}
    assert result.summary["calls"]["model"] == 104
    assert result.summary["calls"]["judge"] == 52  # one grading for the same answer on both sides


def test_an_unchanged_prompt_is_not_applicable_without_a_model_call_and_within_two_seconds(house):
    house.head({"README.md": "hello"})
    started = time.process_time()

    result = house.check()

    assert (result.verdict, result.exit_code) == ("not_applicable", 0)
    assert result.server.calls == []
    assert time.process_time() - started < 2


@pytest.mark.parametrize("fault", [server_error, nothing, html, unauthorized], ids=lambda fault: fault.__name__)
def test_an_outage_of_head_alone_is_inconclusive_and_nothing_else(house, fault, no_waiting):
    def answer(call):
        return fault() if call.schema is None and "quality=bad" in call.system else by_quality()(call)

    result = house.head(WORSE).check(answer)

    assert (result.verdict, result.exit_code) == ("inconclusive", 3)
    assert set(result.findings) == {"coverage", "insufficient_data"}
    assert {row["conclusion"] for row in result.summary["comparisons"]} == {"insufficient_data"}
    assert result.summary["coverage"]["planned"] == 104
    assert result.summary["coverage"]["scored"] <= 52
    kept = [row for row in result.rows if row["side"] == "base" and row["output"]]
    assert len(kept) == 52 or fault is unauthorized  # a wrong key opens the circuit for both sides


@pytest.mark.parametrize("reply", ["", "{}", '{"score": 5}', '{"score": "5"}', "I give it a 5.", '{"reasoning": "", "strengths": [], "weaknesses": [], "score": 7}'])
def test_a_judge_that_talks_garbage_is_inconclusive_never_a_grade(house, reply):
    def answer(call):
        return echo(call) if call.schema is None else reply

    result = house.head(WORSE).check(answer)

    assert (result.verdict, result.exit_code) == ("inconclusive", 3)
    assert {row["scores"]["judge"]["status"] for row in result.rows} == {"unscored"}
    assert result.summary["coverage"]["errors"] == {"judge_error": 104}


def test_five_rows_that_head_adds_do_not_dilute_a_drop(house):
    plain = House(house.root / "plain").head(WORSE).check()
    added = [a_row(f"x-{number:02}", "regression") for number in range(91, 96)]

    result = house.head(WORSE | {"evals/regression.jsonl": lines(regression() + added)}).check()

    assert result.verdict == "fail"
    assert result.comparison() == plain.comparison()
    assert result.summary["coverage"] == plain.summary["coverage"]
    assert [row["added"] for row in result.summary["partitions"] if row["partition"] == "regression"] == [5, 5]


def test_rows_alone_run_at_head_only(house):
    added = [a_row("x-91", "regression"), a_row("x-92", "regression")]

    result = house.head({"evals/regression.jsonl": lines(regression() + added)}).check()

    assert result.verdict == "pass"
    assert {(row["side"], row["example"]) for row in result.rows} == {("head", "x-91"), ("head", "x-92")}
    assert [item["causes"] for item in result.summary["changed_prompts"]] == [["dataset"]]


@pytest.mark.parametrize(
    "added",
    [a_row("x-91", "regression", status="proposed"), a_row("x-91", "golden", status="quarantined"), a_row("x-91", "adversarial")],
    ids=["proposed", "quarantined", "of a partition that does not run"],
)
def test_rows_that_measure_nothing_leave_nothing_to_measure(house, added):
    result = house.head({"evals/more.jsonl": lines([added])}).check()

    assert (result.verdict, result.exit_code) == ("not_applicable", 0)
    assert not result.server.calls


def test_a_changed_prompt_that_only_a_proposal_meets_was_not_examined(tmp_path):
    house = House(tmp_path, files(golden=lines([a_row("g-00", "golden", prompts=["prompts/other"])]), regression=None) | {"prompts/other.md": PROMPT.format(quality="good")} | {"evalbot.yml": CONFIG.replace("prompt: prompts/support.md", "prompts: [prompts/*.md]")})

    result = house.head({"prompts/support.md": PROMPT.format(quality="bad"), "evals/more.jsonl": lines([a_row("x-91", "regression", status="proposed")])}).check()

    assert result.verdict == "inconclusive"
    assert result.findings == {"coverage": ["blocks"]}


def test_an_edited_golden_row_runs_in_both_versions_and_blocks(house):
    rows = golden()
    rows[3] = rows[3] | {"input": {"user_input": "Question g-99, easier?"}}

    result = house.head(SAME | {"evals/golden.jsonl": lines(rows)}).check()

    assert result.verdict == "fail"
    assert result.findings == {"example_edited": ["blocks"]}
    assert len({row["example_hash"] for row in result.rows if row["example"] == "g-03"}) == 2


def test_DAT_07_a_deleted_row_still_gates(house):
    result = house.head(WORSE | {"evals/golden.jsonl": lines(golden()[1:])}).check(
        by_quality({"good": lambda n: 5, "bad": lambda n: 1 if n == 0 else 5})
    )

    assert result.verdict == "fail"
    assert {"example_deleted", "new_failure"} <= set(result.findings)
    assert [row["example"] for row in result.summary["golden"] if row["partition"] == "golden"] == ["g-00"]


def test_CFG_07_a_pull_request_cannot_loosen_its_own_gate(house):
    loose = CONFIG + "    gates: {scores: {min_effect: 4.0}, golden: {confirm: 0}}\n"

    result = house.head(WORSE | {"evalbot.yml": loose}).check()

    assert result.verdict == "fail"
    assert {"policy_changed", "regression"} <= set(result.findings)
    assert "min_effect" in result.comment


def test_a_policy_change_alone_fails_without_a_model_call(house):
    result = house.head({"evalbot.yml": CONFIG + "    gates: {coverage: {min: 0.1}}\n"}).check()

    assert (result.verdict, result.server.calls) == ("fail", [])
    assert result.findings == {"policy_changed": ["blocks"]}


def test_CFG_01_head_cannot_choose_where_keys_go(house):
    elsewhere = "http://127.0.0.1:9/v1"
    config = CONFIG.replace("openai/gpt-5-mini", "app") + f'models:\n  app: {{provider: openai, model: gpt-5-mini, base_url: "{elsewhere}"}}\n'

    result = house.head(SAME | {"evalbot.yml": config}).check()

    assert "policy_changed" in result.findings
    assert len([call for call in result.server.calls if call.schema is None]) == 104


def test_a_model_moves_within_the_providers_that_policy_uses(house):
    result = house.head({"evalbot.yml": CONFIG.replace("gpt-5-mini", "gpt-5-nano")}).check()

    assert {call.model for call in result.server.calls if call.schema is None} == {"gpt-5-mini", "gpt-5-nano"}
    assert [item["causes"] for item in result.summary["changed_prompts"]] == [["model"]]
    assert "policy_changed" not in result.findings


def test_a_new_prompt_is_asked_at_head_only_and_has_no_score_test(tmp_path):
    start = files(config=CONFIG.replace("prompt: prompts/support.md", 'prompts: ["prompts/*.md"]'))
    result = House(tmp_path, start).head({"prompts/sales.md": PROMPT.format(quality="good")}).check()

    assert result.verdict == "pass"
    assert result.summary["comparisons"] == []
    assert {row["side"] for row in result.rows} == {"head"}
    assert result.findings["prompt_new"] == ["notes"]


def test_PATH_10_a_deleted_prompt_blocks(tmp_path):
    start = files(config=CONFIG.replace("prompt: prompts/support.md", 'prompts: ["prompts/*.md"]')) | {"prompts/sales.md": "Sell. quality=good"}
    result = House(tmp_path, start).head({"prompts/sales.md": None}).check()

    assert (result.verdict, result.server.calls) == ("fail", [])
    assert result.findings == {"prompt_deleted": ["blocks"]}


def test_a_renamed_prompt_is_no_change(tmp_path):
    house = House(tmp_path, files(config=CONFIG.replace("prompt: prompts/support.md", 'prompts: ["prompts/*.md"]')))
    house.repo.move("prompts/support.md", "prompts/help.md").commit("rename")

    assert house.check().verdict == "not_applicable"


def test_the_first_pull_request_bootstraps(tmp_path):
    house = House(tmp_path, {"README.md": "hello"})

    result = house.head(files()).check()

    assert result.verdict == "pass"
    assert result.findings["bootstrap"] == ["notes"]
    assert "policy_changed" not in result.findings
    assert "bootstrap" in result.comment.splitlines()[1].lower()


@pytest.mark.parametrize("key", ['base_url: "http://127.0.0.1:9/v1"', "api_key_env: OTHER_KEY", "auth: {type: oidc, identity_provider_id: a, service_account_id: b}"])
def test_a_bootstrap_may_not_say_where_calls_go_or_who_pays(key, tmp_path):
    config = CONFIG + f"models:\n  app:\n    provider: openai\n    model: x\n    {key}\n"

    result = House(tmp_path, {"README.md": "hello"}).head(files(config=config)).check()

    assert (result.verdict, result.exit_code, result.server.calls) == ("config_error", 2, [])
    assert "evalbot.yml:12" in str(result.record.problems[0])


def test_main_that_moved_on_rules_while_the_merge_base_is_compared(house):
    house.on_main({"evalbot.yml": CONFIG + "    gates: {scores: {alpha: 0.01}}\n", "prompts/other.md": "unrelated"})

    result = house.head(SAME).check()

    assert result.verdict == "pass"
    assert result.summary["policy_sha"] == house.repo.sha("main")
    assert result.summary["base_sha"] == house.repo.git("merge-base", "main", "change")
    assert "policy_changed" not in result.findings


def test_the_work_tree_can_be_head(house):
    house.repo.write(WORSE)

    result = house.check(head=".")

    assert result.verdict == "fail"


def test_golden_rows_that_already_fail_at_base_are_not_blamed_on_head(house):
    always = by_quality({"good": lambda n: 1 if n == 3 else 5, "same": lambda n: 1 if n == 3 else 5})

    result = house.head(SAME).check(always)

    assert result.verdict == "pass"
    assert {row["status"] for row in result.summary["golden"]} == {"pre_existing"}


def test_the_files_say_the_same(house):
    result = house.head(WORSE).check()

    assert result.comment.startswith("<!-- evalbot:v1 key=default -->\n")
    assert {path.name for path in result.folder.iterdir()} == {
        "comment.md", "summary.json", "results.jsonl", "junit.xml", "report.html", "examples.jsonl",
    }  # fmt: skip
    assert result.summary["schema"] == "evalbot.summary/1"
    assert result.summary["verdict"] == "fail"
    assert len([row for row in result.rows if not row["confirmation"]]) == 104
    confirmations = [row for row in result.rows if row["confirmation"]]
    assert len(confirmations) == 8 * len(result.summary["golden"])


def test_only_the_asked_for_partitions_run(house):
    result = house.head(SAME).check(partitions=("golden",))

    assert {row["partition"] for row in result.rows} == {"golden"}


def test_epochs_are_averaged_per_example(house):
    result = house.head(SAME).check(epochs=2)

    assert len(result.rows) == 208
    assert result.comparison()["n_head"] == 40


def test_a_bootstrap_examines_prompts_that_were_there_before(tmp_path):
    start = files()
    house = House(tmp_path, {"prompts/support.md": start["prompts/support.md"]})

    result = house.head(start).check()

    assert (result.verdict, result.findings["bootstrap"]) == ("pass", ["notes"])
    assert {row["side"] for row in result.rows} == {"base", "head"}
    assert all(row["shared"] for row in result.rows if row["side"] == "base") or result.summary["calls"]["model"] == 52


def test_a_suite_that_only_head_has_is_run_as_a_bootstrap_beside_policys_own(house):
    more = CONFIG + "  second:\n    prompt: prompts/second.md\n    model: writer\n    dataset: more/*.jsonl\n    judge: anthropic/claude-sonnet-5\n"
    more += "models:\n  writer: {provider: openai, model: gpt-5-nano}\n"

    result = house.head({"evalbot.yml": more, "prompts/second.md": "Write. quality=good", "more/golden.jsonl": lines(golden(2))}).check()

    assert result.verdict == "pass", result.record.decision.reason
    assert {row["suite"] for row in result.rows} == {"second"}
    assert {call.model for call in result.server.calls if call.schema is None} == {"gpt-5-nano"}
    assert result.findings["bootstrap"] == ["notes"]


def test_a_suite_that_only_head_has_may_not_name_an_endpoint(house):
    more = CONFIG + "  second:\n    prompt: prompts/second.md\n    model: writer\n    dataset: more/*.jsonl\n    judge: anthropic/claude-sonnet-5\n"
    more += 'models:\n  writer: {provider: openai, model: gpt-5-nano, base_url: "http://127.0.0.1:9/v1"}\n'

    result = house.head({"evalbot.yml": more, "prompts/second.md": "Write.", "more/golden.jsonl": lines(golden(2))}).check()

    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert "evalbot.yml:14" in result.record.decision.reason


def test_a_model_and_a_judge_that_end_soon_are_said_in_the_comment(tmp_path):
    models = CONFIG.replace("anthropic/claude-sonnet-5", "openai/gpt-4o").replace("gpt-5-mini", "gpt-4.1")
    result = House(tmp_path, files(config=models)).head(SAME).check()

    assert result.verdict == "pass"
    assert any(line.startswith("openai/gpt-4.1 end") and "2027-01-14" in line for line in result.record.warnings)
    assert any("openai/gpt-4o" in one.message and "2027-01-14" in one.message for one in result.record.decision.findings)
    assert result.comment.count("2027-01-14") >= 2


def test_a_constant_of_a_python_file_is_compared_like_any_prompt(tmp_path):
    config = CONFIG.replace("prompts/support.md", "app/prompts.py:SUPPORT")
    source = 'import os\n\nMODEL = "x"\nSUPPORT = """\\\nYou are the support assistant. quality={quality}\n"""\n'
    start = files(config=config) | {"app/prompts.py": source.format(quality="good")}
    del start["prompts/support.md"]

    result = House(tmp_path, start).head({"app/prompts.py": source.format(quality="bad") + "other = 1\n"}).check()

    assert (result.verdict, result.exit_code) == ("fail", 1)
    assert [(one["prompt"], one["path"], one["causes"]) for one in result.summary["changed_prompts"]] == [("app/prompts:SUPPORT", "app/prompts.py:SUPPORT", ["template"])]
    same = House(tmp_path / "same", start).head({"app/prompts.py": source.format(quality="good") + "other = 1\n"}).check()
    assert same.verdict == "not_applicable"
