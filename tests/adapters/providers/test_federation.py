"""No stored secret: GitHub's OIDC token becomes a provider's, by the real SDKs against loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from evalbot.adapters.providers.open import key_name, open_provider
from evalbot.config import load_policy
from evalbot.domain.errors import ConfigError, ProviderError, ProviderFault
from evalbot.domain.models import Federation, Model, Reply
from tests.adapters.providers.asking import request
from tests.loopback import Fault, LoopbackModels, status

JWT = "eyJhbGciOiJSUzI1NiJ9.a-token-of-github.signature-0123456789"
GIVEN = "oat-short-lived-0123456789abcdef"
PERMISSION = "permission-of-the-runner-0123456789"
OPENAI = {"identity_provider_id": "idp_1", "service_account_id": "sa_1"}
ANTHROPIC = {"federation_rule_id": "fdrl_1", "organization_id": "org-1", "workspace_id": "wrkspc_1"}


class Identity:
    """A model server that also plays GitHub's token endpoint and both exchanges; `exchanged` holds what they were sent."""

    def __init__(self, github: Fault | None = None, exchange: Fault | None = None, expires_in: int = 3600) -> None:
        self.server = LoopbackModels()
        self.github, self.exchange = github or Fault(200, {"value": JWT}), exchange or Fault(200, {"access_token": GIVEN, "token_type": "Bearer", "expires_in": expires_in})
        self.asked: list[tuple[dict[str, list[str]], str]] = []
        self.exchanged: list[dict[str, object]] = []
        self.server.others = {"/github": self._github, "/oauth/token": self._exchange, "/v1/oauth/token": self._exchange}

    def _github(self, query: str, headers: dict[str, str], raw: bytes) -> Fault:
        self.asked.append((parse_qs(query), headers["authorization"]))
        return self.github

    def _exchange(self, query: str, headers: dict[str, str], raw: bytes) -> Fault:
        self.exchanged.append(json.loads(raw))
        return self.exchange

    def env(self) -> dict[str, str]:
        address = {"OPENAI_BASE_URL": f"{self.server.url}/v1", "ANTHROPIC_BASE_URL": self.server.url}
        return {**address, "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.server.url}/github?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": PERMISSION}

    def model(self, provider: str) -> Model:
        if provider == "openai":
            ids = {**OPENAI, "token_url": f"{self.server.url}/oauth/token"}
            return Model("openai", "gpt-5-mini", federation=Federation("https://api.openai.com/v1", tuple(sorted(ids.items()))))
        return Model("anthropic", "claude-sonnet-5", federation=Federation("https://api.anthropic.com", tuple(sorted(ANTHROPIC.items()))))

    def ask(self, provider: str, times: int = 1) -> list[Reply | ProviderError]:
        async def run() -> list[Reply | ProviderError]:
            opened = open_provider(self.model(provider), self.env())
            try:
                return await asyncio.gather(*(opened.complete(request(self.model(provider)), 20.0) for _ in range(times)), return_exceptions=True)  # type: ignore[return-value]
            finally:
                await opened.close()

        with self.server:
            return asyncio.run(run())


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "sk-of-somebody-else-0123456789")


@pytest.mark.parametrize(
    ("provider", "audience", "sent"),
    [
        ("openai", "https://api.openai.com/v1", {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": JWT, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", **OPENAI}),
        ("anthropic", "https://api.anthropic.com", {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": JWT, **ANTHROPIC}),
    ],
)
def test_a_call_carries_a_token_that_was_exchanged_for_github_s(provider: str, audience: str, sent: dict[str, str]) -> None:
    identity = Identity()
    replies = identity.ask(provider, times=5)
    assert all(isinstance(reply, Reply) for reply in replies), replies
    assert {call.headers["authorization"] for call in identity.server.calls} == {f"Bearer {GIVEN}"}
    assert not any("x-api-key" in call.headers for call in identity.server.calls)
    assert identity.exchanged == [sent]  # once for all five
    assert identity.asked == [({"api-version": ["2"], "audience": [audience]}, f"bearer {PERMISSION}")]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (lambda i: setattr(i, "github", status(403, f"no {JWT}")), ProviderFault.AUTH, "GitHub gave no OIDC token (HTTP 403)"),
        (lambda i: setattr(i, "github", status(503, "later")), ProviderFault.SERVER, "GitHub gave no OIDC token (HTTP 503)"),
        (lambda i: setattr(i, "github", Fault(200, {})), ProviderFault.AUTH, "GitHub's answer holds no OIDC token"),
        (lambda i: setattr(i, "github", Fault(200, "<html>")), ProviderFault.NETWORK, "GitHub gave no OIDC token"),
        (lambda i: setattr(i, "exchange", status(401, f"{JWT} is not welcome")), ProviderFault.AUTH, "did not take GitHub's token (HTTP 401): does the federation rule fit this repository and event?"),
    ],
)
def test_a_token_that_is_not_given_is_no_answer_and_shows_nothing(provider: str, change: Callable[[Identity], None], fault: ProviderFault, said: str) -> None:
    identity = Identity()
    change(identity)
    (error,) = identity.ask(provider)
    assert isinstance(error, ProviderError)
    assert error.fault is fault
    assert said in str(error)
    assert JWT not in str(error)
    assert PERMISSION not in str(error)
    assert identity.server.calls == []


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_an_exchange_that_breaks_is_no_answer(provider: str) -> None:
    for broken in (status(500, "x"), Fault(200, {}), Fault(200, "no json"), Fault(200, {"access_token": "", "expires_in": 1})):
        (error,) = Identity(exchange=broken).ask(provider)
        assert isinstance(error, ProviderError), broken
        assert error.fault in (ProviderFault.SERVER, ProviderFault.NETWORK, ProviderFault.AUTH)


def test_a_job_without_the_permission_is_told_so() -> None:
    with pytest.raises(ConfigError, match=r"id-token: write"):
        open_provider(replace(Model("openai", "gpt-5-mini"), federation=Federation("x", tuple(sorted(OPENAI.items())))), {"OPENAI_API_KEY": "sk-0123456789abcdef"})


def test_no_variable_is_asked_for_where_federation_stands_in() -> None:
    assert key_name(Model("openai", "x", federation=Federation("a", ()))) is None
    assert key_name(Model("openai", "x")) == "OPENAI_API_KEY"


CONFIG = """\
version: 1
models:
  app: {provider: openai, model: gpt-5-mini, auth: {type: oidc, identity_provider_id: idp_1, service_account_id: sa_1}}
  grader: {provider: anthropic, model: claude-sonnet-5, auth: {type: oidc, federation_rule_id: f, organization_id: o, audience: mine}}
suites:
  support: {prompt: p.md, model: app, dataset: d.jsonl, judge: grader}
"""


def test_the_configuration_says_who_federates() -> None:
    models = load_policy(CONFIG.encode(), "evalbot.yml").models
    assert models["app"].federation == Federation("https://api.openai.com/v1", (("identity_provider_id", "idp_1"), ("service_account_id", "sa_1")))
    assert models["grader"].federation == Federation("mine", (("federation_rule_id", "f"), ("organization_id", "o")))
    assert models["app"].endpoint != replace(models["app"], federation=None).endpoint
