"""`evalbot doctor`: each thing that would go wrong is said, with what to do; nothing is said of what is well."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalbot.app.doctor.advice import Advice, State
from evalbot.app.doctor.examine import examine
from evalbot.cli.app import app
from tests.app.checking import CONFIG as CHECKED
from tests.app.checking import PROMPT, a_row, golden, lines, regression
from tests.loopback import Fault, LoopbackModels, status
from tests.pages import ROOT
from tests.repository import Repo

CONFIG = CHECKED.replace("gpt-5-mini", "gpt-5.4-mini")  # of which no end is announced
TODAY = date(2026, 11, 26)
WORKFLOW = (ROOT / "examples" / "workflows" / "evalbot.yml").read_text(encoding="utf-8")
PINNED = WORKFLOW.replace("evalbot/evalbot@main", f"evalbot/evalbot@{'a' * 40}")
WELL = {
    "evalbot.yml": CONFIG + '    owner: "@acme/support"\nmetrics:\n  rules: {type: checks, checks: [{words: {min: 1}}]}\n',
    "prompts/support.md": PROMPT.format(quality="good"),
    "evals/golden.jsonl": lines(golden(60)),
    "evals/regression.jsonl": lines(regression()),
    ".github/workflows/evalbot.yml": PINNED,
    "CODEOWNERS": "evals/ @acme/support\n",
}
WELL["evalbot.yml"] = WELL["evalbot.yml"].replace("judge: anthropic/claude-sonnet-5\n", "judge: anthropic/claude-sonnet-5\n    metrics: [rules, judge]\n")
KEYS = {"OPENAI_API_KEY": "sk-0123456789abcdef", "ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef"}


def said(folder: Path, changed: dict[str, str | None] | None = None, env: dict[str, str] | None = None, *, offline: bool = True) -> list[Advice]:
    repo = Repo(folder / "repo").write({path: text for path, text in {**WELL, **(changed or {})}.items() if text is not None})
    repo.commit()
    return examine(repo.root, "evalbot.yml", KEYS if env is None else env, TODAY, offline=offline)


def bad(found: list[Advice], topic: str = "") -> list[str]:
    return [one.said for one in found if one.state in (State.BROKEN, State.ADVICE) and topic in ("", one.topic)]


def test_of_a_healthy_repository_nothing_is_said(tmp_path: Path) -> None:
    found = said(tmp_path)
    assert bad(found) == []
    assert {one.topic for one in found} == {"configuration", "keys", "models", "prices", "datasets", "workflow"}


def test_a_broken_configuration_is_all_that_is_said(tmp_path: Path) -> None:
    found = said(tmp_path, {"evalbot.yml": CONFIG.replace("judge:", "jugde:")})
    assert {(one.state, one.topic) for one in found} == {(State.BROKEN, "configuration")}
    assert "evalbot.yml:7" in [one.place for one in found]


# Keys and models


def test_a_missing_key_is_named_with_the_place_where_it_goes(tmp_path: Path) -> None:
    found = [one for one in said(tmp_path, env={"OPENAI_API_KEY": KEYS["OPENAI_API_KEY"]}) if one.state is State.BROKEN]
    assert [(one.topic, one.said) for one in found] == [("keys", "ANTHROPIC_API_KEY is not set here.")]
    assert "secrets" in found[0].do


def test_a_key_that_is_none_is_named(tmp_path: Path) -> None:
    assert bad(said(tmp_path, env=KEYS | {"OPENAI_API_KEY": "abc"}), "keys") == ["OPENAI_API_KEY is shorter than 8 characters: that is no key, and too short to be kept out of reports."]


@pytest.mark.parametrize(
    ("model", "state", "words"),
    [
        ("openai/gpt-4o-mini", State.ADVICE, "openai/gpt-4o-mini ends on 2027-01-14, in 49 days."),
        ("openai/gpt-4o-2024-08-06", State.ADVICE, "openai/gpt-4o-2024-08-06 ends on 2027-01-14, in 49 days."),
        ("anthropic/claude-sonnet-4-5", State.ADVICE, "anthropic/claude-sonnet-4-5 ends on 2026-11-30, in 4 days."),
        ("openai/gpt-5.4-mini", State.UNKNOWN, "nothing is known of an end of openai/gpt-5.4-mini."),
    ],
)
def test_announced_ends_are_known_without_a_network(model: str, state: State, words: str, tmp_path: Path) -> None:
    found = said(tmp_path, {"evalbot.yml": WELL["evalbot.yml"].replace("openai/gpt-5.4-mini", model)})
    assert (state, words) in [(one.state, one.said) for one in found if one.topic == "models"]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ({"id": "gpt-5.4-mini", "shutdown_date": "2026-12-31"}, State.ADVICE, "openai/gpt-5.4-mini ends on 2026-12-31, in 35 days."),
        ({"id": "gpt-5.4-mini", "shutdown_date": 1_763_000_000}, State.BROKEN, "openai/gpt-5.4-mini ends on 2025-11-13, which is over."),
        ({"id": "gpt-5.4-mini", "shutdown_date": None}, State.FINE, "openai/gpt-5.4-mini is there, and no end of it is announced."),
        ({"id": "gpt-5.4-mini", "retires_at": "2030-01-01T00:00:00Z"}, State.FINE, "openai/gpt-5.4-mini ends on 2030-01-01, in 1132 days."),
        (status(404, "no such model"), State.BROKEN, "openai does not know 'gpt-5.4-mini'"),
        (status(500, "later"), State.UNKNOWN, "openai/gpt-5.4-mini could not be looked up"),
    ],
)
def test_the_provider_is_asked_how_long_a_model_stays(answer: dict[str, object] | Fault, state: State, words: str, tmp_path: Path) -> None:
    with LoopbackModels() as server:
        server.others["/v1/models/gpt-5.4-mini"] = lambda *_: answer if isinstance(answer, Fault) else Fault(200, answer)
        server.others["/v1/models/claude-sonnet-5"] = lambda *_: Fault(200, {"id": "claude-sonnet-5"})
        found = said(tmp_path, env=server.env(), offline=False)
        assert server.calls == []  # nothing that costs
    (one,) = [one for one in found if one.topic == "models" and "gpt-5.4-mini" in one.said]
    assert one.state is state
    assert one.said.startswith(words)


def test_a_price_that_is_not_known_is_named(tmp_path: Path) -> None:
    found = said(tmp_path, {"evalbot.yml": WELL["evalbot.yml"].replace("openai/gpt-5.4-mini", "openai/gpt-99-unheard-of")})
    assert bad(found, "prices") == ["the price of openai/gpt-99-unheard-of is not known: neither cost nor budget of a run can be."]


def test_a_slip_in_a_model_s_name_is_answered_with_the_nearest_that_is_listed(tmp_path: Path) -> None:
    config = {"evalbot.yml": WELL["evalbot.yml"].replace("openai/gpt-5.4-mini", "openai/gpt-5.4-mimi")}
    (price,) = [one.do for one in said(tmp_path / "offline", config) if one.topic == "prices"]
    assert price.startswith("Did you mean 'gpt-5.4-mini'? Give it as `price: {input")
    with LoopbackModels() as server:
        server.others["/v1/models/gpt-5.4-mimi"] = lambda *_: status(404, "no such model")
        found = said(tmp_path / "online", config, env=server.env(), offline=False)
    (name,) = [one.do for one in found if one.state is State.BROKEN and "gpt-5.4-mimi" in one.said]
    assert name == "Did you mean 'gpt-5.4-mini'? Correct the name in evalbot.yml or in the prompt."


# Datasets


def test_small_unguarded_and_unowned_datasets_are_named(tmp_path: Path) -> None:
    starter = [a_row("g-1", "golden", tags=["starter"]), a_row("g-2", "golden", status="quarantined")]
    found = bad(said(tmp_path, {"evalbot.yml": CONFIG, "evals/golden.jsonl": lines(starter), "evals/regression.jsonl": None, "CODEOWNERS": "docs/ @a\n"}), "datasets")
    for words in (
        "golden has 2 examples; 50 to 200 are advised", "guarded by a judge only", "1 starter rows of `evalbot init` are left: g-1", "1 rows are quarantined: g-2",
        "no partition has 10 rows", "has no owner", "no line of CODEOWNERS",
    ):  # fmt: skip
        assert any(words in one for one in found), words


def test_a_prompt_that_has_seen_the_exam_is_named(tmp_path: Path) -> None:
    words = "How long does a refund take when the order was paid with two gift cards at once?"
    rows = [*golden(60), a_row("g-leak", "golden") | {"input": {"user_input": words}}]
    found = said(tmp_path, {"evals/golden.jsonl": lines(rows), "prompts/support.md": f"You help. Example: {words}\n"})
    assert [one.said for one in found if one.state is State.BROKEN] == ["prompts/support.md: contains the words of 1 example of suite 'support': g-leak."]


# Workflows


def flow(*changes: tuple[str, str]) -> dict[str, str | None]:
    text = PINNED
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {".github/workflows/evalbot.yml": text}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("  pull_request:\n", "  pull_request:\n    paths: [prompts/**]\n")], "`on.pull_request.paths`: a pull request that touches none of these never gets the check"),
        ([("  pull_request:\n", "  pull_request:\n    branches: [main]\n")], "`on.pull_request.branches`: a pull request that is against another branch never gets the check"),
        ([("  evaluate: #", "  evalbot: #")], "the job is called 'evalbot'"),
        ([("    name: Evaluate prompts\n", "    name: evalbot\n")], "the job is called 'evalbot'"),
        ([("    if: >-\n      github.event_name != 'issue_comment'\n      || (github.event.issue.pull_request && startsWith(github.event.comment.body, '/evalbot'))\n", "    if: ${{ !github.event.pull_request.draft }}\n")], "the job has a condition"),
        ([("      checks: write #", "      checks: read #")], "the job lacks `checks: write`, for the check run."),
        ([("      pull-requests: write #", "      issues: write #")], "the job lacks `pull-requests: write`, for the comment."),
        ([("  issue_comment:", "  workflow_dispatch:"), ("    types: [created]\n", "")], "the event `issue_comment` is missing"),
        ([("    runs-on: ubuntu-latest\n", "    runs-on: ubuntu-latest\n    needs: build\n")], "the job waits for others (`needs`)"),
        ([("    runs-on: ubuntu-latest\n", "    runs-on: ubuntu-latest\n    continue-on-error: true\n")], "`continue-on-error` turns every verdict into a green job."),
        ([("      contents: read #", "      contents: write #")], "the job may write to the repository"),
        ([("a" * 40, "main")], "`evalbot/evalbot@main` can be moved by others."),
        ([("actions/upload-artifact@", "actions/other@")], "no step stores the results."),
        ([("  pull_request:\n", "  pull_request_target:\n"), ("          fetch-depth: 0", "          ref: ${{ github.event.pull_request.head.sha }}\n          fetch-depth: 0")], "puts a stranger's files beside your secrets"),
    ],
)
def test_a_trap_in_the_workflow_is_named(changes: list[tuple[str, str]], words: str, tmp_path: Path) -> None:
    found = bad(said(tmp_path, flow(*changes)), "workflow")
    assert any(words in one for one in found), found


def test_a_repository_without_a_workflow_is_told_so(tmp_path: Path) -> None:
    assert bad(said(tmp_path, {".github/workflows/evalbot.yml": None, ".github/workflows/ci.yml": "on: push\njobs: {}\n"}), "workflow") == ["no workflow runs evalbot on pull requests."]


def test_federation_needs_its_permission(tmp_path: Path) -> None:
    config = WELL["evalbot.yml"].replace("openai/gpt-5.4-mini", "app") + "models:\n  app: {provider: openai, model: gpt-5.4-mini, auth: {type: oidc, identity_provider_id: i, service_account_id: s}}\n"
    found = said(tmp_path, {"evalbot.yml": config})
    assert bad(found, "workflow") == ["the job lacks `id-token: write`, for `auth: {type: oidc}`."]
    assert any("id-token: write" in one.do for one in found if one.topic == "keys")


# The required check


@pytest.mark.parametrize(
    ("rules", "protection", "state", "words"),
    [
        ([{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "evalbot"}]}}], {}, State.FINE, "main requires `evalbot`."),
        ([{"type": "deletion"}], {"required_status_checks": {"contexts": ["evalbot"]}}, State.FINE, "main requires `evalbot`."),
        ([], {"required_status_checks": {"contexts": ["Evaluate prompts"]}}, State.BROKEN, "main requires the job 'Evaluate prompts'"),
        ([], {}, State.ADVICE, "main does not require `evalbot`"),
        (None, {"required_status_checks": {"contexts": ["evalbot"]}}, State.FINE, "main requires `evalbot`."),
    ],
)
def test_github_is_asked_what_the_default_branch_requires(rules: list[object] | None, protection: dict[str, object], state: State, words: str, tmp_path: Path) -> None:
    with LoopbackModels() as server:
        server.others = {
            "/repos/acme/shop": lambda *_: Fault(200, {"default_branch": "main"}),
            "/repos/acme/shop/rules/branches/main": lambda *_: status(404, "Not Found") if rules is None else Fault(200, rules),  # type: ignore[arg-type]
            "/repos/acme/shop/branches/main": lambda *_: Fault(200, {"name": "main", "protection": protection}),
        }
        env = {**KEYS, "GITHUB_TOKEN": "ghs_0123456789", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_API_URL": server.url, "OPENAI_BASE_URL": f"{server.url}/v1", "ANTHROPIC_BASE_URL": server.url}
        found = [one for one in said(tmp_path, env=env, offline=False) if one.topic == "required check"]
    assert [one.state for one in found] == [state]
    assert found[0].said.startswith(words)


def test_without_a_token_the_rules_are_not_looked_up(tmp_path: Path) -> None:
    with LoopbackModels() as server:
        found = [one for one in said(tmp_path, env={**server.env()}, offline=False) if one.topic == "required check"]
    assert [one.state for one in found] == [State.UNKNOWN]


def test_the_command_says_it_and_exits_with_two_where_something_is_broken(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo").write(WELL)
    repo.commit()
    run = CliRunner()
    well = run.invoke(app, ["doctor", "--offline", "--repository", str(repo.root)], env=KEYS)
    assert (well.exit_code, well.output.splitlines()[-1]) == (0, "0 broken, 0 could be better.")
    ill = run.invoke(app, ["doctor", "--offline", "--json", "--repository", str(repo.root)], env=KEYS | {"OPENAI_API_KEY": ""})
    assert ill.exit_code == 2
    assert {"broken", "fine", "unknown"} == {one["state"] for one in json.loads(ill.output)}
