"""The action on a loopback GitHub: comment, check, outputs, approvals, acceptances, commands and forks, end to end."""

from __future__ import annotations

import re

import pytest

from tests.app.checking import CONFIG, PROMPT, by_quality, golden, lines

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}


def test_a_worse_prompt_fails_the_check_and_says_so_in_one_comment(on_github):
    scene = on_github(WORSE)

    ran = scene.opened()

    assert ran.status == 1
    assert (scene.check.name, scene.check.status, scene.check.conclusion) == ("evalbot", "completed", "failure")
    assert scene.comment.startswith("<!-- evalbot:v1 key=default -->\n## ❌ evalbot: do not merge")
    assert ran.outputs["verdict"] == "fail"
    assert ran.outputs["regressions"] == "1"
    assert ran.outputs["changed-prompts"] == '["prompts/support.md"]'
    assert ran.outputs["comment-url"]
    assert ran.outputs["check-url"]
    assert "do not merge" in ran.summary
    assert [note["path"] for note in scene.check.annotations] == ["prompts/support.md"]


def test_a_second_push_updates_the_comment_and_concludes_a_check_of_its_own(on_github):
    scene = on_github(WORSE)
    scene.opened()
    scene.house.head(SAME)
    scene.pull.head_sha = scene.house.repo.sha("change")

    ran = scene.opened()

    assert (ran.status, scene.check.conclusion) == (0, "success")
    assert "no regression shown" in scene.comment


def test_a_pull_request_without_a_changed_prompt_is_concluded_in_six_calls_and_without_a_comment(on_github):
    scene = on_github({"README.md": "hello"})

    ran = scene.opened()

    assert (ran.status, scene.check.conclusion, ran.outputs["verdict"]) == (0, "success", "not_applicable")
    assert scene.server.comments(scene.pull.number) == []
    assert ran.models.calls == []
    assert len(scene.server.requests) <= 6, [str(request) for request in scene.server.requests]


def test_an_edited_golden_row_is_cleared_by_a_review_of_this_head_by_somebody_else_who_writes(on_github):
    rows = golden()
    rows[3] = rows[3] | {"input": {"user_input": "Question g-03, asked better?"}}
    scene = on_github(SAME | {"evals/golden.jsonl": lines(rows)})
    first = scene.opened()
    scene.server.review(scene.pull.number, "ada")
    scene.server.review(scene.pull.number, "eve")
    own = scene.event("pull_request_review", action="submitted")
    scene.server.review(scene.pull.number, "bob")

    ran = scene.event("pull_request_review", action="submitted")

    assert (first.status, own.status, ran.status) == (1, 1, 0)
    assert ran.outputs["verdict"] == "pass"
    assert ran.models.calls == []
    assert scene.check.conclusion == "success"
    dismissed = scene.server.reviews[-1]
    dismissed.state = "DISMISSED"
    assert scene.event("pull_request_review", action="dismissed").status == 1


def test_an_acceptance_by_id_turns_the_check_green_and_a_new_head_voids_it(on_github):
    scene = on_github(WORSE)
    scene.opened()
    name = re.search(r"/evalbot accept ([0-9a-f]{8})", scene.comment)[1]

    ran = scene.command("bob", f'/evalbot accept {name} "wanted"')

    assert (ran.status, ran.outputs["verdict"], scene.check.conclusion) == (0, "accepted", "success")
    assert "accepted by bob" in scene.comment
    assert ran.models.calls == []
    assert [content for _, content in list(scene.server.said.values())[-1].reactions] == ["eyes", "rocket"]
    assert scene.opened().outputs["verdict"] == "accepted"

    scene.house.head({"prompts/support.md": PROMPT.format(quality="bad") + "Again.\n"})
    scene.pull.head_sha = scene.house.repo.sha("change")
    assert scene.opened().outputs["verdict"] == "fail"


@pytest.mark.parametrize(
    ("author", "body", "reactions"),
    [
        ("ada", '/evalbot accept {id} "mine"', ["eyes", "-1"]),
        ("eve", '/evalbot accept {id} "please"', []),
        ("bob", '/evalbot accept 00000000 "stale"', ["eyes", "-1"]),
        ("bob", "/evalbot accept {id}", ["-1"]),
        ("bob", "/evalbot frobnicate", ["-1"]),
        ("bob", "nice work /evalbot rerun", []),
        ("bob", "> /evalbot rerun", []),
    ],
)
def test_what_does_not_count_changes_nothing(on_github, author, body, reactions):
    scene = on_github(WORSE)
    scene.opened()
    before = (scene.comment, scene.check.conclusion, scene.check.id)
    name = re.search(r"/evalbot accept ([0-9a-f]{8})", scene.comment)[1]

    ran = scene.command(author, body.format(id=name))

    assert ran.status == 0
    assert ran.outputs == {}
    assert (scene.comment, scene.check.conclusion, scene.check.id) == before
    said = next(comment for comment in reversed(scene.server.said.values()) if comment.author == author)
    assert [content for _, content in said.reactions] == reactions


def test_rerun_and_help_answer(on_github):
    scene = on_github(SAME)
    scene.opened()

    ran = scene.command("bob", "/evalbot rerun --epochs 2")
    scene.command("bob", "/evalbot help")

    assert ran.outputs["verdict"] == "pass"
    assert len(ran.models.calls) > 0
    assert any("/evalbot explain" in comment.body for comment in scene.server.comments(scene.pull.number, scene.server.identity))


def test_explain_shows_both_answers(on_github):
    scene = on_github(WORSE)
    scene.opened()

    scene.command("bob", "/evalbot explain r-08")

    page = scene.server.comments(scene.pull.number, scene.server.identity)[-1].body
    assert "answer of quality=good" in page
    assert "answer of quality=bad" in page


def test_FORK_01_a_fork_is_not_run_before_somebody_lets_exactly_this_head_in(on_github):
    scene = on_github(SAME, fork="mallory/shop", author="mallory")

    ran = scene.opened()

    assert (ran.status, ran.outputs["verdict"], scene.check.conclusion) == (4, "needs_approval", "failure")
    assert ran.models.calls == []
    assert scene.command("mallory", f"/evalbot run {scene.pull.head_sha}").models.calls == []
    assert scene.command("bob", f"/evalbot run {'0' * 40}").models.calls == []

    let_in = scene.command("bob", f"/evalbot run {scene.pull.head_sha}")

    assert let_in.outputs["verdict"] == "pass"
    assert "answer of quality" not in scene.comment
    report = scene.house.repo.root / "evalbot-report"
    assert '"output":null' in (report / "results.jsonl").read_text()
    assert not [path.name for path in report.iterdir() if "answer of quality" in path.read_text()]
    assert scene.opened().outputs["verdict"] == "pass"


def test_FORK_08_what_dependabot_opened_is_run_by_no_event_before_somebody_lets_it_in(on_github):
    scene = on_github(SAME, author="dependabot[bot]")

    asked = [scene.opened(), scene.command("bob", "/evalbot rerun")]

    assert [(ran.outputs.get("verdict"), ran.models.calls) for ran in asked] == [("needs_approval", [])] * 2
    assert scene.check.conclusion == "failure"
    assert scene.command("bob", f"/evalbot run {scene.pull.head_sha}").outputs["verdict"] == "pass"


def test_FORK_04_a_pull_request_target_job_that_checked_out_the_head_is_refused(on_github):
    scene = on_github(SAME)

    ran = scene.event("pull_request_target", action="synchronize")

    assert (ran.status, ran.models.calls) == (2, [])


def test_FORK_02_a_read_only_token_still_gives_verdict_summary_and_exit_status(on_github):
    scene = on_github(WORSE)
    scene.server.scopes = {"contents": "read", "pull_requests": "read", "checks": "read"}

    ran = scene.opened()

    assert ran.status == 1
    assert ran.outputs["verdict"] == "fail"
    assert "do not merge" in ran.summary
    assert [request.status for request in scene.server.writes] == [403, 403]


def test_TOC_02_a_head_that_moves_meanwhile_is_not_spoken_for(on_github):
    scene = on_github(WORSE)
    old = scene.pull.head_sha

    def push(call):
        scene.pull.head_sha = "f" * 40
        return by_quality()(call)

    ran = scene.opened(push)

    assert (ran.status, ran.outputs["verdict"]) == (130, "cancelled")
    assert scene.comment.startswith(f"<!-- evalbot:v1 key=default -->\n## ⏳ evalbot: evaluating `{old[:7]}`")
    assert scene.server.checks(old)[-1].conclusion == "cancelled"


def test_GH_01_a_comment_that_was_stored_while_the_answer_got_lost_is_not_written_twice(on_github):
    scene = on_github(WORSE)
    scene.server.fail("POST", "/comments$", "lost response")

    scene.opened()

    assert scene.comment


def test_a_merge_group_is_compared_and_its_commit_gets_the_check(on_github):
    scene = on_github(WORSE)
    group = {"base_sha": scene.pull.base_sha, "head_sha": scene.pull.head_sha, "base_ref": "refs/heads/main", "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{'a' * 40}"}

    ran = scene.event("merge_group", action="checks_requested", merge_group=group)

    assert (ran.status, scene.check.conclusion) == (1, "failure")
    assert scene.server.comments(scene.pull.number) == []


def test_without_a_checkout_everything_is_read_by_api(on_github, tmp_path):
    scene = on_github(WORSE)
    scene.workspace = tmp_path / "empty"
    scene.workspace.mkdir()

    ran = scene.opened()

    assert ran.outputs["verdict"] == "fail"
    assert len(scene.server.requests) <= 40


def test_another_key_has_a_check_and_a_comment_of_its_own(on_github):
    scene = on_github(WORSE)
    scene.opened()

    scene.opened(inputs={"key": "second"})

    assert scene.check.name == "evalbot / second"
    assert len(scene.server.comments(scene.pull.number, scene.server.identity)) == 2


def test_advisory_says_every_word_and_passes(on_github):
    ran = (scene := on_github(WORSE)).opened(inputs={"advisory": "true"})

    assert (ran.status, scene.check.conclusion) == (0, "success")
    assert "NOT GATED" in scene.check.title
    assert ran.outputs["verdict"] == "fail"


@pytest.mark.parametrize("name", ["push", "watch", "issues"])
def test_events_that_nothing_runs_on_yet_exit_zero(on_github, name):
    scene = on_github(WORSE)

    ran = scene.event(name, ref="refs/heads/other", after="a" * 40, before="b" * 40, deleted=False)

    assert (ran.status, ran.models.calls) == (0, [])


def test_CFG_07_on_github_too_policy_comes_from_base(on_github):
    scene = on_github(WORSE | {"evalbot.yml": CONFIG + "    gates: {scores: {min_effect: 4.0}, golden: {confirm: 0}}\n"})

    ran = scene.opened()

    assert ran.outputs["regressions"] == "1"
    assert "not applied to this pull request" in scene.comment.lower()


def test_policy_is_read_at_the_base_branchs_tip_even_where_the_pull_request_names_an_older_commit(on_github):
    scene = on_github(WORSE)
    scene.house.on_main({"evalbot.yml": CONFIG + "    gates: {scores: {min_effect: 3.9}, regression: {new_failures: warn}, golden: {pre_existing: warn}}\n"})

    ran = scene.opened()

    assert ran.outputs["policy-sha"] == scene.house.repo.sha("main") != scene.pull.base_sha
    assert ran.outputs["regressions"] == "0"


def test_a_review_event_in_a_fresh_workspace_reads_what_the_pull_requests_run_stored(on_github):
    rows = golden()
    rows[3] = rows[3] | {"input": {"user_input": "Question g-03, asked better?"}}
    scene = on_github(SAME | {"evals/golden.jsonl": lines(rows)})
    scene.opened()
    journal = scene.house.repo.root / "evalbot-report/results.jsonl"
    scene.server.add_run(1, sha=scene.pull.head_sha)
    scene.server.add_artifact(f"evalbot-default-{scene.pull.head_sha}", {"results.jsonl": journal.read_bytes()}, 1)
    journal.unlink()
    scene.server.review(scene.pull.number, "bob")

    ran = scene.event("pull_request_review", action="submitted")

    assert (ran.status, ran.outputs["verdict"]) == (0, "pass")
    assert [call for call in ran.models.calls if call.schema is None] == []


def test_a_forks_stored_results_are_never_believed(on_github):
    scene = on_github(SAME)
    scene.opened()
    journal = scene.house.repo.root / "evalbot-report/results.jsonl"
    scene.server.add_run(1, sha=scene.pull.head_sha, head_repository="mallory/shop")
    scene.server.add_artifact(f"evalbot-default-{scene.pull.head_sha}", {"results.jsonl": journal.read_bytes()}, 1)
    journal.unlink()

    ran = scene.event("pull_request_review", action="submitted")

    assert len([call for call in ran.models.calls if call.schema is None]) == 104


@pytest.mark.parametrize("folder", [".evalbot-cache", "evalbot-report"])
def test_a_head_that_makes_one_of_our_folders_a_link_is_refused(on_github, folder):
    scene = on_github(SAME)
    scene.house.repo.symlink(folder, "prompts").commit("a link")
    scene.pull.head_sha = scene.house.repo.sha("change")

    ran = scene.opened(inputs={"report-dir": "evalbot-report", "cache-dir": ".evalbot-cache"})

    assert (ran.status, ran.outputs["verdict"]) == (2, "config_error")
    assert folder in ran.outputs["reason"]
    assert not ran.models.calls


def test_a_fork_that_was_let_in_is_measured_again_where_its_nulled_results_still_lie(on_github):
    scene = on_github(WORSE, fork="mallory/shop", author="mallory")
    let_in = scene.command("bob", f"/evalbot run {scene.pull.head_sha}")

    again = scene.opened()

    assert (let_in.outputs["verdict"], again.outputs["verdict"]) == ("fail", "fail")
    assert scene.check.conclusion == "failure"
    assert "answer of quality" not in (scene.workspace / "evalbot-report" / "results.jsonl").read_text()


def test_a_fork_that_may_be_run_by_a_job_without_keys_is_not_told_to_ask_for_approval(on_github):
    scene = on_github(WORSE, fork="mallory/shop", author="mallory")
    none = {"OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": ""}

    ran = scene.event("pull_request", inputs={"fork": "environment"}, env=none, action="opened")

    assert (ran.outputs["verdict"], scene.check.title) == ("needs_approval", "🔒 evalbot: not run: this job has no key for the models")
    assert f"1. Comment `/evalbot run {scene.pull.head_sha}`" in scene.comment


def test_what_the_owner_of_a_personal_repository_accepts_alone_is_titled_so(on_github):
    scene = on_github(WORSE | {"evals/golden.jsonl": lines(golden()[1:])}, author="acme")
    scene.server.owner_type = "User"
    scene.server.roles["acme"] = "admin"
    scene.opened()
    accept = re.search(r'/evalbot accept [0-9a-f]{8} "why"', scene.comment)[0]

    ran = scene.command("acme", accept)

    assert (ran.outputs["verdict"], scene.check.conclusion) == ("accepted", "success")
    assert scene.check.title.startswith("🟣 evalbot: self-accepted: ")
    assert ran.outputs["reason"] == "self-accepted by acme: why"
