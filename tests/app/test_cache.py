"""Through the front door: what the folder of the cache saves, on another push, another machine, another run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalbot.app.publish import publish
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from evalbot.domain.models import Reply
from tests.app.checking import CONFIG, PROMPT, House, Result, by_quality, files, golden, lines, regression
from tests.loopback import Answer, LoopbackModels, nothing, truncated

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
FEW = {"golden": lines(golden(4)), "regression": lines(regression(12))}
EXAMPLES, CALLS = 16, 64  # two sides, an answer and a grade each
HARMLESS = {"prompts/support.md": PROMPT.format(quality="same")}


class Desk:
    """Runs of a check that share a cache and a model server, each with a report folder of its own."""

    def __init__(self, house: House, server: LoopbackModels, **environment: str) -> None:
        self.house, self.server, self.environment, self.runs = house, server, environment, 0

    def check(self, script: Any = None, **options: Any) -> tuple[Result, list[Any]]:
        """The result, and the calls that it made."""
        self.server.answer = script or by_quality()
        before, self.runs = len(self.server.calls), self.runs + 1
        folder = self.house.root / f"report-{self.runs}"
        world = World.real({**self.server.env(), **self.environment}, folder, quiet=True, cache_dir=self.house.root / "cache")
        record = review(self.house.repo.root, CheckOptions(**({"base": "main", "head": "change"} | options)), world)
        publish(record, folder, world.redact)
        return Result(record, folder, self.server), self.server.calls[before:]


@pytest.fixture
def desk(tmp_path: Path):
    with LoopbackModels(by_quality()) as server:
        yield Desk(House(tmp_path, files(**FEW)).head(HARMLESS), server)


def test_another_runner_with_the_same_cache_asks_nobody_and_says_the_same(desk):
    first, paid = desk.check()
    again, calls = desk.check()
    assert (first.verdict, len(paid)) == ("pass", CALLS)
    assert calls == []
    said = [{key: result.summary[key] for key in ("verdict", "comparisons", "golden", "findings", "coverage")} for result in (first, again)]
    assert said[0] == said[1]
    assert again.summary["calls"] == {"model": 0, "judge": 0, "cached": CALLS, "retried": 0}
    assert again.summary["cost_usd"] == 0.0
    assert all(row["cached"] and row["cost_usd"] == row_then["cost_usd"] for row, row_then in zip(by_key(again), by_key(first), strict=True))


def test_a_suite_that_measures_time_asks_for_every_answer_anew_and_keeps_its_grades(tmp_path):
    timed = CONFIG.replace("suites:\n", "metrics:\n  slow: {type: latency}\nsuites:\n") + "    metrics: [slow]\n"
    with LoopbackModels(by_quality()) as server:
        desk = Desk(House(tmp_path, files(**FEW, config=timed)).head(HARMLESS), server)
        desk.check()
        again, calls = desk.check()
    assert len(calls) == CALLS // 2  # the answers; their grades are those of the same words
    assert all(call.schema is None for call in calls)
    assert not any(row["cached"] for row in again.rows)


def by_key(result: Result) -> list[Any]:
    return sorted(result.rows, key=lambda row: (row["side"], row["example"]))


def test_the_comment_says_what_came_from_the_cache(desk):
    desk.check()
    desk.house.head({"prompts/support.md": PROMPT.format(quality="good") + "Be kind.\n"})
    again, _ = desk.check()
    assert "Answers from an earlier run: base 16 of 16, head 0 of 16; the oldest reply is" in again.comment
    assert "replies of openai/gpt-5-mini, anthropic/claude-sonnet-5" in again.comment.replace("anthropic/claude-sonnet-5, openai/gpt-5-mini", "openai/gpt-5-mini, anthropic/claude-sonnet-5")
    assert again.summary["recalled"]["replies"] == CALLS // 2


def test_a_second_push_that_changes_one_of_five_prompts_pays_for_that_prompts_head_side_only(tmp_path):
    def by_prompt(call):
        said = by_quality()(call)
        return f"{said} by {call.system[:8]}" if call.schema is None else said

    prompts = {f"prompts/p{n}.md": f"Prompt {n}. quality=good\n" for n in range(5)}
    config = CONFIG.replace("prompt: prompts/support.md", "prompts: [prompts/*.md]")
    house = House(tmp_path, files(config=config, prompt=None, **FEW) | prompts)
    house.head({path: text.replace("good", "same") for path, text in prompts.items()})
    with LoopbackModels() as server:
        desk = Desk(house, server)
        _, paid = desk.check(by_prompt)
        house.head({"prompts/p3.md": "Another prompt 3. quality=same\n"})
        again, calls = desk.check(by_prompt)
    assert len(paid) == 5 * CALLS
    assert [call.system.strip() for call in calls if call.schema is None] == ["Another prompt 3. quality=same"] * EXAMPLES
    assert len(calls) == CALLS // 2
    assert {(row["prompt"], row["side"]) for row in again.rows if not row["cached"]} == {("prompts/p3", "head")}


def test_an_answer_whose_judge_failed_is_kept_and_only_the_grade_is_asked_again(desk, no_waiting):
    broken, _ = desk.check(lambda call: by_quality()(call) if call.schema is None else nothing())
    mended, calls = desk.check()
    assert (broken.verdict, mended.verdict) == ("inconclusive", "pass")
    assert {call.schema is None for call in calls} == {False}
    assert len(calls) == CALLS // 2


def test_a_grade_that_nobody_can_read_is_not_kept(desk, no_waiting):
    broken, _ = desk.check(lambda call: by_quality()(call) if call.schema is None else "no grade at all")
    mended, calls = desk.check()
    assert (broken.verdict, mended.verdict) == ("inconclusive", "pass")
    assert len(calls) == CALLS // 2


def test_beside_a_grade_that_nobody_can_read_the_other_jurors_are_kept(tmp_path, no_waiting):
    jury = CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [q]\n") + "metrics:\n  q: {type: judge, jury: [anthropic/claude-sonnet-5, openai/gpt-5.4-mini]}\n"
    with LoopbackModels(by_quality()) as server:
        desk = Desk(House(tmp_path, files(config=jury, **FEW)).head(HARMLESS), server)
        broken, _ = desk.check(lambda call: "no grade at all" if call.schema and call.model == "gpt-5.4-mini" else by_quality()(call))
        mended, calls = desk.check()
    assert (broken.verdict, mended.verdict) == ("inconclusive", "pass")
    assert [(call.model, call.schema is None) for call in calls] == [("gpt-5.4-mini", False)] * (CALLS // 2)


def test_CAC_07_an_answer_that_was_cut_off_counts_and_is_asked_again_next_time(desk):
    def cut(call):
        said = by_quality()(call)
        return truncated(said) if call.schema is None and "r-01" in call.user else said

    first, _ = desk.check(cut)
    _, calls = desk.check(cut)
    assert {row["outcome"] for row in first.rows if row["example"] == "r-01"} == {"truncated"}
    assert [call.user for call in calls if call.schema is None] == ["Question r-01?"] * 2


def test_confirmations_are_never_from_the_cache(tmp_path):
    with LoopbackModels(by_quality()) as server:
        desk = Desk(House(tmp_path, files(**FEW)).head(WORSE), server)
        first, _ = desk.check()
        again, calls = desk.check()
    confirmed = [row for row in first.rows if row["confirmation"]]
    assert confirmed
    assert len([call for call in calls if call.schema is None]) == len(confirmed)
    assert not any(row["cached"] for row in again.rows if row["confirmation"])
    assert all(row["cached"] for row in again.rows if not row["confirmation"])


def test_another_threshold_grades_nothing_anew(tmp_path):
    judged = CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [q]\n") + "metrics:\n  q: {type: judge, model: anthropic/claude-sonnet-5, min: %s}\n"
    with LoopbackModels(by_quality()) as server:
        desk = Desk(House(tmp_path, files(config=judged % 2, **FEW)).head(HARMLESS), server)
        desk.check()
        desk.house.on_main({"evalbot.yml": judged % 3})
        again, calls = desk.check()
    assert (again.verdict, calls) == ("pass", [])


def test_CAC_02_a_run_of_the_base_branch_asks_itself_what_a_pull_request_has_kept(desk):
    desk.environment = {"GITHUB_EVENT_NAME": "pull_request"}
    _, paid = desk.check()
    desk.environment = {"GITHUB_EVENT_NAME": "push"}
    merged, calls = desk.check()
    assert len(calls) == len(paid)
    assert merged.summary["recalled"]["untrusted"] == CALLS
    assert f"{CALLS} kept by a run that is not trusted" in merged.comment
    desk.environment = {"GITHUB_EVENT_NAME": "pull_request"}
    assert desk.check()[1] == []


def test_a_model_that_answers_under_another_name_by_now_is_asked_again_on_both_sides(desk):
    def named(name):
        def say(call):
            said = by_quality()(call)
            return Answer(said, model=name) if call.schema is None else said

        return say

    desk.check(named("gpt-5-mini-2025-08-07"))
    desk.house.head({"prompts/support.md": PROMPT.format(quality="good") + "Be kind.\n"})
    again, calls = desk.check(named("gpt-5-mini-2026-11-20"))
    assert len([call for call in calls if call.schema is None]) == 2 * EXAMPLES  # base too, although the cache knew it
    assert not any(row["cached"] for row in again.rows)
    assert "Answers under another name by now, so earlier replies were not used: openai/gpt-5-mini." in again.comment


def test_a_cache_that_cannot_be_used_costs_calls_and_nothing_else(desk):
    (desk.house.root / "cache").write_text("a file where a folder should be")
    result, calls = desk.check()
    assert (result.verdict, len(calls)) == ("pass", CALLS)
    assert "The cache could not be used: File exists." in result.comment


@pytest.mark.parametrize(("path", "paid"), [("/v1", 0), ("/another/v1", CALLS // 2)], ids=["another port", "another path"])
def test_CAC_05_another_address_is_another_endpoint_but_a_port_of_this_machine_means_nothing(desk, path, paid):
    desk.check()
    with LoopbackModels(by_quality()) as other:
        elsewhere = Desk(desk.house, other, OPENAI_BASE_URL=f"{other.url}{path}")
        elsewhere.runs = 5
        result, _ = elsewhere.check()
    asked = [path for path in other.paths if "chat" in path]
    assert len(asked) >= paid if paid else other.paths == []
    assert (result.verdict == "pass") is (paid == 0)  # nobody answers at the other path


def test_CAC_05_a_base_url_of_policy_counts_with_its_port(tmp_path):
    config = CONFIG.replace("openai/gpt-5-mini", "app") + 'models:\n  app: {provider: openai, model: gpt-5-mini, base_url: "%s/v1", api_key_env: OPENAI_API_KEY}\n'
    with LoopbackModels(by_quality()) as one, LoopbackModels(by_quality()) as other:
        house = House(tmp_path, files(config=config % one.url, **FEW)).head(HARMLESS)
        Desk(house, one).check()
        house.on_main({"evalbot.yml": config % other.url})
        again = Desk(house, other)
        again.runs = 5
        _, calls = again.check()
    assert len([call for call in calls if call.schema is None]) == 2 * EXAMPLES


def test_the_cache_holds_no_question_and_no_key(desk):
    desk.check()
    held = b"".join(path.read_bytes() for path in (desk.house.root / "cache").iterdir())
    assert b"Question r-01?" in held  # the answer repeats it
    assert b"You are the support assistant" not in held
    assert LoopbackModels.OPENAI_KEY.encode() not in held


def test_a_reply_is_plain_json_in_the_file(desk):
    import sqlite3

    desk.check()
    database = sqlite3.connect(desk.house.root / "cache" / "cache.sqlite3")
    values = [json.loads(value) for (value,) in database.execute("SELECT value FROM replies")]
    database.close()
    assert len(values) == CALLS
    assert {frozenset(value) for value in values} == {frozenset({"text", "model", "latency_ms", "cost_usd", "usage", "dropped"})}
    assert Reply(values[0]["text"]).text
