"""A whole comparison without a stored key: both vendors' tokens are exchanged for GitHub's, and stay out of what is written."""

from __future__ import annotations

import json
from pathlib import Path

from evalbot.app.publish import publish
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from tests.app.checking import CONFIG, PROMPT, by_quality, files
from tests.loopback import Fault, LoopbackModels
from tests.repository import Repo

JWT = "eyJhbGciOiJSUzI1NiJ9.a-token-of-github.signature-0123456789"
GIVEN = {"openai": "oat-openai-0123456789abcdef", "anthropic": "oat-anthropic-0123456789abcdef"}


def test_a_comparison_runs_on_exchanged_tokens_that_nobody_sees(tmp_path: Path) -> None:
    with LoopbackModels(by_quality()) as server:

        def exchange(_: str, __: dict[str, str], raw: bytes) -> Fault:
            vendor = "anthropic" if "federation_rule_id" in json.loads(raw) else "openai"
            return Fault(200, {"access_token": GIVEN[vendor], "token_type": "Bearer", "expires_in": 3600})

        server.others = {"/github": lambda *_: Fault(200, {"value": JWT}), "/oauth/token": exchange, "/v1/oauth/token": exchange}
        config = CONFIG.replace("openai/gpt-5-mini", "app").replace("anthropic/claude-sonnet-5", "grader") + (
            "models:\n"
            f"  app: {{provider: openai, model: gpt-5-mini, auth: {{type: oidc, identity_provider_id: i, service_account_id: s, token_url: '{server.url}/oauth/token'}}}}\n"
            "  grader: {provider: anthropic, model: claude-sonnet-5, auth: {type: oidc, federation_rule_id: f, organization_id: o}}\n"
        )
        repo = Repo(tmp_path / "repo").write(files(config=config))
        repo.commit()
        repo.branch("change").write({"prompts/support.md": PROMPT.format(quality="same")}).commit()
        address = {"OPENAI_BASE_URL": f"{server.url}/v1", "ANTHROPIC_BASE_URL": server.url}
        env = {**address, "ACTIONS_ID_TOKEN_REQUEST_URL": f"{server.url}/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "permission-0123456789"}
        world = World.real(env, tmp_path / "report", quiet=True)
        record = review(repo.root, CheckOptions(base="main", head="change"), world)
        publish(record, tmp_path / "report", world.redact)

    assert str(record.decision.verdict) == "pass"
    bearers = {call.wire: call.headers["authorization"] for call in server.calls}
    assert bearers == {"chat": f"Bearer {GIVEN['openai']}", "anthropic": f"Bearer {GIVEN['anthropic']}"}
    written = "".join(path.read_text() for path in (tmp_path / "report").rglob("*") if path.is_file())
    assert not any(secret in written for secret in (JWT, *GIVEN.values(), "permission-0123456789"))


def test_without_the_permission_the_verdict_says_what_to_add(tmp_path: Path) -> None:
    config = CONFIG.replace("openai/gpt-5-mini", "app") + "models:\n  app: {provider: openai, model: gpt-5-mini, auth: {type: oidc, identity_provider_id: i, service_account_id: s}}\n"
    repo = Repo(tmp_path / "repo").write(files(config=config))
    repo.commit()
    repo.branch("change").write({"prompts/support.md": PROMPT.format(quality="same")}).commit()
    world = World.real({"ANTHROPIC_API_KEY": LoopbackModels.ANTHROPIC_KEY}, tmp_path / "report", quiet=True)
    record = review(repo.root, CheckOptions(base="main", head="change"), world)
    assert str(record.decision.verdict) == "config_error"
    assert "id-token: write" in str(record.problems[0])
