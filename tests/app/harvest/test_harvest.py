"""The harvest end to end: a real repository, real PyGithub on a loopback GitHub, the embedded model, and a log of production."""

from __future__ import annotations

import json

import pytest

from evalbot.adapters.datasets import read_datasets
from evalbot.adapters.git import Repository
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.pulls import Refused
from tests.app.harvest.production import CONFIG, NOW, PROMPT, Shop, record

DAY = 86_400.0
OTHER = "How do gift cards work?"


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    with shop.server:
        yield shop


def test_a_failure_becomes_a_proposed_row_in_one_labelled_pull_request(shop):
    done = shop.log(record("r-1"), record("r-2", "When do you open?", "At nine.")).harvest()

    assert (done.verdict, done.catch.counts.proposed) == ("pass", 1)
    (row,) = shop.rows()
    assert (row["id"], row["status"], row["partition"]) == ("prod-r-1", "proposed", "regression")
    assert row["input"] == {"user_input": "How do returns work?"}
    assert "expected_output" not in row
    assert row["source"]["root_cause"] == ""
    assert shop.pull.labels == ["evalbot", "regression-proposal"]
    assert shop.pull.title == "evalbot: 1 regression example from production for suite support"
    assert "- [ ] `prod-r-1`: failed by the metrics (`rules: said`); the present prompt fails it 3 of 3 times" in shop.pull.body
    assert done.standing.url.endswith(f"/pull/{shop.pull.number}")
    (example,) = read_datasets(Repository(shop.repo.root).tree(shop.pull.head_sha), ["evals/regression.jsonl"])
    assert not example.gates


def test_what_was_proposed_is_not_proposed_again_and_the_pull_request_stays_one(shop):
    shop.log(record("r-1")).harvest()
    first = shop.pull.head_sha
    again = shop.log(record("r-1"), record("r-9", "How do RETURNS work"), record("r-3", OTHER)).harvest(now=NOW + 300)

    assert [row["id"] for row in shop.rows()] == ["prod-r-1", "prod-r-3"]
    assert len(shop.server.pulls) == 1
    assert shop.pull.head_sha != first
    assert (again.catch.counts.known, again.catch.counts.proposed) == (2, 1)
    assert "`prod-r-1` (from an earlier run)" in shop.pull.body
    assert shop.repo.git("rev-list", "--count", f"main..{shop.pull.head_sha}") == "1"


def test_nothing_new_leaves_the_branch_as_it_is(shop):
    shop.log(record("r-1")).harvest()
    first = shop.pull.head_sha
    shop.harvest(now=NOW + 300)
    assert shop.pull.head_sha == first
    assert shop.watermark == NOW + 300


def test_closing_the_pull_request_rejects_its_rows_for_good(shop):
    shop.log(record("r-1")).harvest()
    shop.pull.state = "closed"
    done = shop.log(record("r-1"), record("r-1b", "How do returns work?")).harvest(now=NOW + 300)

    assert done.draft is not None  # the same question under another id was never decided on
    assert [row["id"] for row in shop.rows()] == ["prod-r-1b"]
    assert done.catch.counts.decided == 1
    assert len([pull for pull in shop.server.pulls.values() if pull.state == "open"]) == 1


def test_what_reviewers_take_out_stays_out_and_what_they_write_stays(shop):
    shop.log(record("r-1"), record("r-3", OTHER)).harvest()
    mine = next(row for row in shop.rows() if row["id"] == "prod-r-1")
    kept = {**mine, "expected_output": "Within 30 days.", "source": {"root_cause": "the prompt says TODO"}}
    shop.repo.switch("evalbot/harvest-default-support").write({"evals/regression.jsonl": json.dumps(kept) + "\n"})
    shop.pull.head_sha = shop.repo.commit("a reviewer's edit")
    shop.repo.switch("main")
    shop.log(record("r-1"), record("r-3", OTHER), record("r-4", "What are the Sunday hours?")).harvest(now=NOW + 300)

    first, second = shop.rows()
    assert (first["id"], first["expected_output"], first["source"]["root_cause"]) == ("prod-r-1", "Within 30 days.", "the prompt says TODO")
    assert second["id"] == "prod-r-4"
    states = {line["state"] for line in shop.ledger() if "state" in line}
    assert states == {"open", "rejected"}


def test_what_somebody_put_on_the_branch_beside_the_rows_is_not_lost_and_no_failure_is_either(shop):
    shop.log(record("r-1")).harvest()
    shop.repo.switch("evalbot/harvest-default-support").write({"prompts/support.md": PROMPT + "- Returns take 30 days.\n"})
    theirs = shop.pull.head_sha = shop.repo.commit("mend the prompt as well")
    shop.repo.switch("main")
    shop.log(record("r-3", OTHER), name="two")
    done = shop.harvest(now=NOW + 300)
    assert done.verdict == "inconclusive"
    assert "somebody has changed prompts/support.md on the branch evalbot/harvest-default-support" in done.reason
    assert (shop.repo.sha("evalbot/harvest-default-support"), shop.watermark) == (theirs, NOW)

    shop.repo.git("branch", "--force", "evalbot/harvest-default-support", f"{theirs}~1")
    shop.pull.head_sha = shop.repo.sha(f"{theirs}~1")
    shop.repo.write({"docs.md": "main moves on"}).commit("another")
    shop.harvest(now=NOW + 600)
    assert [row["id"] for row in shop.rows()] == ["prod-r-1", "prod-r-3"]


def test_when_every_row_was_taken_out_the_pull_request_is_closed(shop):
    shop.log(record("r-1")).harvest()
    number = shop.pull.number
    shop.repo.switch("evalbot/harvest-default-support").write({"evals/regression.jsonl": ""})
    shop.pull.head_sha = shop.repo.commit("no, thank you")
    shop.repo.switch("main")
    shop.harvest(now=NOW + 300)
    assert shop.server.pulls[number].state == "closed"
    assert "nothing left to propose" in shop.server.comments(number)[-1].body


def test_a_merged_failure_that_production_shows_again_is_reported_as_recurrence(shop):
    shop.log(record("r-1")).harvest()
    merged = {key: value for key, value in shop.rows()[0].items() if key != "status"} | {"source": {"root_cause": "TODO in the prompt"}}
    pull = shop.pull
    pull.state, pull.merged_at = "closed", "2026-11-24T00:00:00Z"
    shop.repo.write({"evals/regression.jsonl": json.dumps(merged) + "\n"}).commit("merged")
    done = shop.log(record("r-8", "How do RETURNS work??"), record("r-3", OTHER)).harvest(now=NOW + 300)

    assert done.catch.recurred == {"prod-r-1": 1}
    assert "**Seen again.**" in shop.pull.body
    assert [row["id"] for row in shop.rows()] == ["prod-r-1", "prod-r-3"]
    assert {line["state"] for line in shop.ledger() if "state" in line} == {"merged", "open"}


def test_errors_and_bad_feedback_count_only_while_the_present_prompt_fails_too(shop):
    done = shop.log(
        record("e-1", "Returns after errors?", "", error=True), record("f-1", OTHER, "Fine.", thumbs="down"),
        record("f-2", "When do you open on Monday?", "At nine.", thumbs="down"), record("u-1", "Delivery, how long?", "Two days.", thumbs="up"),
    ).harvest()  # fmt: skip
    assert {row["id"] for row in shop.rows()} == {"prod-e-1", "prod-f-1"}
    assert done.catch.counts.repaired == 1


def test_personal_data_is_in_no_git_object_and_in_no_request(tmp_path):
    told = "How do returns work? I am jane.doe@example.com, +49 170 1234567, card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00"
    secret = "ghs_" + "A1b2C3d4E5f6G7h8I9j0K1l2"
    shop = Shop(tmp_path, CONFIG.replace("per_cluster: 5", "per_cluster: 5, reproduce: 0"))
    with shop.server:
        shop.log(record("jane.doe@example.com", told + f" {secret}", "TODO, jane.doe@example.com")).harvest()

        everything = shop.everything()
        for found in ("jane.doe", "1234567", "4111", "DE89", secret, "user of"):
            assert found not in everything
        (row,) = shop.rows()
    assert row["id"].startswith("prod-")
    assert row["input"]["user_input"].count("<email-") == 1


def test_a_sample_that_cannot_be_redacted_is_dropped_and_counted(shop):
    done = shop.log(record("r-1"), record("long", "returns? " * 40_000)).harvest()
    assert (done.catch.counts.not_redacted, done.catch.counts.proposed) == (1, 1)
    assert "1 dropped because redaction failed" in shop.pull.body


def test_a_public_repository_needs_permission_and_nothing_is_fetched_without_it(shop):
    shop.server.private = False
    shop.log(record("r-1")).repo.write({"logs/one.jsonl": "not even JSON"})
    with pytest.raises(ConfigError, match="this repository is public"):
        shop.harvest()
    assert not shop.server.writes


def test_a_source_that_breaks_half_way_proposes_nothing_and_keeps_the_watermark(shop):
    shop.log(record("r-1")).harvest()
    before = shop.watermark
    shop.log(record("r-3", OTHER), name="two")
    with (shop.repo.root / "logs/two.jsonl").open("a") as log:
        log.write('{"id": "torn", "as')
    done = shop.harvest(now=NOW + 300)

    assert done.verdict == "inconclusive"
    assert "logs/two.jsonl, line 2" in done.reason
    assert shop.watermark == before
    assert [row["id"] for row in shop.rows()] == ["prod-r-1"]


def test_a_default_branch_that_github_does_not_know_is_one_line_and_nothing_else_is_asked_for(shop):
    shop.server.fail("GET", "/git/ref/heads/main", 404)
    with pytest.raises(CouldNotRun, match="GitHub knows no branch 'main' here"):
        shop.log(record("r-1")).harvest()


def test_a_window_with_nothing_in_it_passes_and_moves_on(shop):
    done = shop.log(record("old", ago=3 * DAY)).harvest()
    assert (done.verdict, done.draft, done.catch.counts.fetched) == ("pass", None, 0)
    assert shop.watermark == NOW
    assert shop.server.pulls == {}


def test_an_unusable_record_in_a_window_with_nothing_else_in_it_is_no_wrong_map(shop):
    done = shop.log(record("old", ago=3 * DAY), {"id": "no-time"}).harvest()
    assert (done.verdict, done.catch.counts.unusable) == ("pass", 1)


def test_records_that_the_map_does_not_fit_are_a_configuration_error(shop):
    shop.log({"other": 1}, {"other": 2})
    with pytest.raises(ConfigError, match="none of 2 records is a sample: it has no id"):
        shop.harvest()


def test_a_missing_log_is_no_pass(shop):
    done = shop.harvest()
    assert done.verdict == "inconclusive"
    assert "there is no such file" in done.reason


def test_a_dry_run_writes_nothing(shop):
    done = shop.log(record("r-1")).harvest(dry_run=True)
    assert done.draft is not None
    assert "prod-r-1" in done.draft.text
    assert shop.server.pulls == {}
    assert shop.repo.git("branch", "--list", "evalbot*") == ""


@pytest.mark.parametrize("ago", [800.0, -600.0], ids=["written late", "a clock that is ahead"])
def test_a_record_that_is_late_or_whose_clock_is_ahead_is_not_lost(shop, ago):
    shop.log(record("r-1")).harvest()
    shop.log(record("r-3", OTHER, ago=ago), name="two")
    shop.harvest(now=NOW + 300)
    shop.harvest(now=NOW + 3_600)
    assert [row["id"] for row in shop.rows()] == ["prod-r-1", "prod-r-3"]


def test_a_runner_whose_clock_was_set_back_proposes_nothing_twice_and_loses_nothing(shop):
    shop.log(record("r-1")).harvest(now=NOW + 7_200)
    assert shop.harvest(now=NOW).verdict == "pass"
    shop.log(record("r-3", OTHER, ago=-60.0), name="two")
    done = shop.harvest(now=NOW + 7_500)
    assert [row["id"] for row in shop.rows()] == ["prod-r-1", "prod-r-3"]
    assert (len(shop.server.pulls), done.catch.counts.proposed) == (1, 1)


def test_windows_that_overlap_in_any_way_propose_nothing_twice(shop):
    shop.log(*(record(f"r-{n}", f"{OTHER} Case {'abcdefgh'[n]}.", ago=60.0 * n) for n in range(8)))
    proposed = [failure.example for now in (-300.0, -200.0, 0.0, 100.0, 100.0, 50.0, 900.0) for failure in shop.harvest(now=NOW + now).catch.failures]
    assert sorted(proposed) == sorted(set(proposed))
    shop.pull.state = "closed"
    assert [failure.example for now in (950.0, 1_000.0) for failure in shop.harvest(now=NOW + now).catch.failures] == []


def test_an_earlier_run_s_rows_keep_their_reasons_in_the_checklist(shop):
    shop.log(record("r-1")).harvest()
    shop.log(record("r-3", OTHER), name="two").harvest(now=NOW + 300)
    assert "- [ ] `prod-r-1` (from an earlier run): failed (`rules: said`). Cluster: rules: said" in shop.pull.body
    assert shop.pull.body.count("<summary>Evidence: prod-r-") == 2


def died(shop) -> bool:
    """Whether a run ends without a verdict that passes."""
    try:
        return shop.harvest().verdict != "pass"
    except (Refused, CouldNotRun):
        return True


@pytest.mark.parametrize("where", [("POST", "/pulls"), ("POST", "/git/refs"), ("POST", "/labels"), ("POST", "/git/trees"), ("POST", "/git/commits")])
def test_a_run_that_dies_anywhere_is_repeated_without_a_loss_and_without_a_second_pull_request(shop, where):
    method, path = where
    shop.log(record("r-1"))
    shop.server.fail(method, path, 500, times=50)
    assert died(shop)
    shop.server._faults.clear()
    shop.harvest(now=NOW + 60)

    assert [row["id"] for row in shop.rows()] == ["prod-r-1"]
    assert len(shop.server.pulls) == 1
    assert shop.watermark == NOW + 60


def test_datasets_in_other_formats_are_extended_in_their_own(tmp_path):
    listed = "- id: y-1\n  partition: regression\n  input: {user_input: \"Old?\"}\n  source: {root_cause: once wrong}\n"
    shop = Shop(tmp_path, CONFIG.replace("evals/*.jsonl", '["evals/*.jsonl", "evals/more.yaml"]').replace("dataset: evals/regression.jsonl", "dataset: evals/more.yaml").replace("    dataset: [", "    datasets: ["))
    shop.repo.write({"evals/more.yaml": listed}).commit("yaml")
    with shop.server:
        shop.log(record("r-1")).harvest()
        text = shop.repo.git("show", "evalbot/harvest-default-support:evals/more.yaml")
        assert text.startswith(listed.rstrip("\n"))
        examples = read_datasets(Repository(shop.repo.root).tree(shop.pull.head_sha), ["evals/more.yaml"])
    assert [example.id for example in examples] == ["y-1", "prod-r-1"]


def test_a_prompt_that_was_mended_meanwhile_needs_no_example(tmp_path):
    shop = Shop(tmp_path, prompt=PROMPT.replace("TODO, nobody has written this down", "they take thirty days"))
    with shop.server:
        done = shop.log(record("r-1")).harvest()
    assert (done.draft, done.catch.counts.repaired) == (None, 1)
