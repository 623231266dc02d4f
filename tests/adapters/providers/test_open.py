"""Which key goes to which address, and what a person reads when one is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from evalbot.adapters.providers.open import key_name, open_provider
from evalbot.domain.errors import ConfigError
from evalbot.domain.models import Model
from tests import loopback as lb
from tests.adapters.providers.asking import CHAT, CLAUDE, WIRES, ask, request

KEY = "sk-test-0123456789abcdef"


@pytest.mark.parametrize(
    ("model", "env", "said"),
    [
        (CHAT, {}, "no key for openai: set OPENAI_API_KEY (or name another variable in `api_key_env`)."),
        (CHAT, {"OPENAI_API_KEY": " \n"}, "no key for openai: set OPENAI_API_KEY (or name another variable in `api_key_env`)."),
        (CLAUDE, {"OPENAI_API_KEY": KEY}, "no key for anthropic: set ANTHROPIC_API_KEY (or name another variable in `api_key_env`)."),
        (Model("openai", "x", api_key_env="MINE"), {"OPENAI_API_KEY": KEY}, "no key for openai: set MINE."),
        (CHAT, {"OPENAI_API_KEY": "abc"}, "OPENAI_API_KEY is shorter than 8 characters: that is no key, and too short to be kept out of reports."),
        (CHAT, {"OPENAI_API_KEY": "sk-one\nsk-two"}, "OPENAI_API_KEY holds blanks or characters that no key has: set it to the bare key."),
        (CHAT, {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "api.example.com/v1"}, "OPENAI_BASE_URL is no http or https address: 'api.example.com/v1'."),
        (Model("openai", "x", base_url="file:///etc"), {"OPENAI_API_KEY": KEY}, "`base_url` of openai/x is no http or https address: 'file:///etc'."),
        (Model("openai", "x", base_url="http://[::1"), {"OPENAI_API_KEY": KEY}, "`base_url` of openai/x is no http or https address: 'http://[::1'."),
        (Model("openai", "x", base_url="https://me:pw@h/v1"), {"OPENAI_API_KEY": KEY}, "`base_url` of openai/x holds a user name or password: use `api_key_env` for keys."),
        (Model("opnai", "x"), {}, "there is no provider 'opnai'. Did you mean 'openai'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_says_why(model: Model, env: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_provider(model, env)
    assert str(caught.value) == said


def test_the_local_provider_needs_no_key() -> None:
    open_provider(Model("local", "extractive"), {})
    assert key_name(Model("local", "extractive")) is None


def test_a_models_own_key_and_address_come_first() -> None:
    with lb.LoopbackModels() as server, lb.LoopbackModels() as other:
        model = Model("openai", "gpt-5-mini", base_url=f"{server.url}/v1", api_key_env="MINE")
        other.env = lambda: {**lb.LoopbackModels.env(other), "MINE": f"  {KEY}\n"}  # type: ignore[method-assign]
        ask(other, request(model))
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert other.paths == []
    assert key_name(model) == "MINE"


def test_an_anthropic_address_may_end_in_v1() -> None:
    with lb.LoopbackModels() as server:
        ask(server, request(Model("anthropic", "claude-sonnet-5", base_url=f"{server.url}/v1/")))
    assert server.paths == ["/v1/messages"]


@pytest.mark.parametrize("model", WIRES.values(), ids=WIRES.keys())
def test_the_sdk_takes_nothing_from_the_environment_by_itself(
    model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    with lb.LoopbackModels() as trap, lb.LoopbackModels() as server:
        for name, value in {
            "OPENAI_BASE_URL": f"{trap.url}/v1", "ANTHROPIC_BASE_URL": trap.url, "OPENAI_API_KEY": "sk-ambient-000000", "OPENAI_ORG_ID": "org-x",
            "OPENAI_PROJECT_ID": "proj-x", "OPENAI_CUSTOM_HEADERS": "X-Ambient: yes", "ANTHROPIC_CUSTOM_HEADERS": "X-Ambient: yes",
            "ANTHROPIC_API_KEY": "sk-ambient-000000", "ANTHROPIC_AUTH_TOKEN": "ambient-token", "OPENAI_ADMIN_KEY": "sk-admin-000000",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        ask(server, request(model))
    headers = server.calls[0].headers
    assert not {"x-ambient", "openai-organization", "openai-project", "x-api-key"} & set(headers)
    assert headers["authorization"].startswith("Bearer sk-")
    assert "ambient" not in headers["authorization"]
    assert trap.connected == 0


def test_a_dotenv_file_in_the_work_tree_is_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    with lb.LoopbackModels() as trap, lb.LoopbackModels() as server:
        monkeypatch.chdir(str(tmp_path))
        for name in (".env", ".env.local"):
            with open(name, "w") as file:  # noqa: PTH123
                file.write(f"OPENAI_BASE_URL={trap.url}/v1\nANTHROPIC_BASE_URL={trap.url}\nHTTP_PROXY={trap.url}\n")
        ask(server, request(CHAT))
        ask(server, request(CLAUDE))
    assert trap.connected == 0
    assert len(server.calls) == 2


def test_opening_a_provider_imports_no_sdk() -> None:
    code = (
        "import sys\n"
        "from evalbot.adapters.providers.open import open_provider\n"
        "from evalbot.domain.models import Model\n"
        "env = {'OPENAI_API_KEY': 'sk-test-0123', 'ANTHROPIC_API_KEY': 'sk-test-0123'}\n"
        "[open_provider(Model(name, 'x'), env) for name in ('openai', 'anthropic', 'local')]\n"
        "print(sorted({'openai', 'anthropic', 'httpx2', 'genai_prices', 'pydantic'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
