"""CFG: what a pull request's own configuration, files and environment can do to its exam and to where keys go: nothing."""

from __future__ import annotations

import pytest

from tests.app.checking import CONFIG, GOLDEN, PROMPT, House, by_quality, few, files
from tests.campaign.connections import recorded
from tests.loopback import LoopbackModels, redirect

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
NAMED = CONFIG.replace("model: openai/gpt-5-mini", "model: app") + "models:\n  app: {provider: openai, model: gpt-5-mini}\n"
EVIL = NAMED.replace("model: gpt-5-mini}", 'model: gpt-5-mini, base_url: "https://evil.example/v1"}')


def config(text: str) -> dict[str, str]:
    return {"evalbot.yml": text}


def test_CFG_01_an_endpoint_of_heads_gets_no_connection_and_is_listed(tmp_path):
    house = House(tmp_path, few(config=NAMED)).head(SAME | config(EVIL))

    with recorded() as connections:
        result = house.check()

    assert "base_url" in result.comment
    assert "evil.example" in result.record.not_applied[0]
    assert connections == {f"127.0.0.1:{result.server.port}"}
    assert result.findings["policy_changed"] == ["blocks"]


def test_CFG_02_a_dotenv_file_of_heads_is_never_loaded(small, monkeypatch):
    evil = "OPENAI_BASE_URL=http://127.0.0.1:9/v1\nANTHROPIC_BASE_URL=http://127.0.0.1:9\nHTTPS_PROXY=http://127.0.0.1:9\n"
    small.head(SAME | {".env": evil, "evals/.env": evil, "prompts/.env": evil})
    monkeypatch.chdir(small.repo.root)

    with recorded() as connections:
        result = small.check()

    assert result.verdict == "pass"
    assert connections == {f"127.0.0.1:{result.server.port}"}


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "https://169.254.169.254/v1", "https://[fe80::1]/v1", "http://10.0.0.1/v1", "ftp://evil.example", "evil.example"])
def test_CFG_04_a_plain_or_private_address_is_refused_with_its_line(tmp_path, url):
    text = NAMED.replace("model: gpt-5-mini}", f'model: gpt-5-mini, base_url: "{url}"}}')
    house = House(tmp_path, few(config=NAMED)).head(SAME | config(text))

    with recorded() as connections:
        result = house.check()

    assert result.verdict == "config_error"
    assert "evalbot.yml:9" in str(result.record.problems[0])
    assert connections == set()


def test_CFG_04_a_loopback_service_that_only_head_names_gets_no_connection(tmp_path):
    text = NAMED.replace("model: gpt-5-mini}", 'model: gpt-5-mini, base_url: "http://localhost:2375"}')
    house = House(tmp_path, few(config=NAMED)).head(SAME | config(text))

    with recorded() as connections:
        result = house.check()

    assert connections == {f"127.0.0.1:{result.server.port}"}


def test_CFG_05_an_endpoint_that_sends_us_elsewhere_is_not_followed(small, no_waiting):
    small.head(SAME)
    with LoopbackModels() as elsewhere:
        result = small.check(lambda call: redirect(f"{elsewhere.url}{call.path}"))

        assert elsewhere.paths == []
    assert result.verdict == "inconclusive"
    assert set(result.summary["coverage"]["errors"]) == {"target_error"}


@pytest.mark.parametrize(
    "loose",
    [
        "    gates: {scores: {min_effect: 4.0}}\n", "    gates: {scores: {alpha: 0.000001}}\n",
        "    gates: {golden: {broken_at: 5}, coverage: {min: 0, golden: 0}}\n",
    ],
    ids=["effect", "alpha", "golden"],
)  # fmt: skip
def test_CFG_07_a_looser_gate_never_applies_to_the_pull_request_that_makes_it(house, loose):
    result = house.head(WORSE | config(CONFIG + loose)).check()

    assert result.verdict == "fail"
    assert result.findings["regression"] == ["blocks"]
    assert result.findings["policy_changed"] == ["blocks"]
    assert "not applied to this pull request" in result.comment.lower()


@pytest.mark.parametrize("rows", [None, ""], ids=["deleted", "emptied"])
def test_CFG_08_golden_examples_that_head_takes_away_still_gate(house, rows):
    def script(call):
        return by_quality({"good": lambda n: 5, "bad": lambda n: 1})(call)

    result = house.head(WORSE | {"evals/golden.jsonl": rows}).check(script)

    assert result.verdict == "fail"
    assert len(result.findings["new_failure"]) >= GOLDEN
    assert result.findings["example_deleted"]


def test_CFG_10_a_dearer_model_is_paid_by_policys_prices_and_within_policys_budget(tmp_path):
    limited = NAMED + "run: {budget_usd: 0.02, concurrency: 4}\n"
    dear = limited.replace("model: gpt-5-mini}", "model: gpt-5-pro, price: {input: 0, output: 0}}").replace("budget_usd: 0.02", "budget_usd: 1000")
    house = House(tmp_path, files(config=limited)).head(config(dear))

    result = house.check()

    answers = [call for call in result.server.calls if call.schema is None and call.model == "gpt-5-pro"]
    assert result.verdict == "fail", "policy_changed goes before what could not be measured"
    assert "blocks" in result.findings["coverage"]
    assert answers == [], "one of them may cost 0.12 dollars by its price: it is refused before it is asked, and is not free because head says so"
    assert result.summary["cost_usd"] < 0.02


@pytest.mark.parametrize(
    "target",
    ["{type: command, run: [touch, MARK]}", "{type: python, call: 'evil:run'}"],
    ids=["command", "python"],
)  # fmt: skip
def test_CFG_11_code_that_only_head_names_never_runs(small, tmp_path, target):
    mark = tmp_path / "owned"
    evil = f"open({str(mark)!r}, 'w')\ndef run(*a): return 'x'\n"
    own = CONFIG.replace("    prompt: prompts/support.md\n    model: openai/gpt-5-mini\n", f"    target: {target.replace('MARK', str(mark))}\n")

    result = small.head(SAME | config(own) | {"evil.py": evil, "sitecustomize.py": evil, "conftest.py": evil}).check()

    assert not mark.exists()
    assert result.verdict in ("fail", "config_error")
    assert any("target" in line for line in result.record.not_applied) or result.record.problems


def test_CFG_13_the_pull_request_that_adds_the_configuration_is_measured_by_it_and_says_so(tmp_path):
    start = {path: text for path, text in few().items() if path != "evalbot.yml"}
    result = House(tmp_path, start).head(config(CONFIG)).check()

    assert result.verdict == "pass"
    assert result.findings["bootstrap"] == ["notes"]
    assert "policy_changed" not in result.findings
    assert "bootstrap" in result.comment.split("\n")[1]


def test_CFG_13_and_there_it_may_not_say_where_keys_go(tmp_path):
    start = {path: text for path, text in few().items() if path != "evalbot.yml"}
    house = House(tmp_path, start).head(config(EVIL))

    with recorded() as connections:
        result = house.check()

    assert result.verdict == "config_error"
    assert "evalbot.yml:9" in str(result.record.problems[0])
    assert connections == set()


def test_CFG_14_a_configuration_that_head_deletes_goes_on_gating(house):
    result = house.head(WORSE | config(None)).check()  # type: ignore[arg-type]  # None deletes

    assert result.verdict == "fail"
    assert result.findings["regression"] == ["blocks"]
    assert result.findings["policy_changed"] == ["blocks"]
    assert result.record.not_applied == ("evalbot.yml: deleted",)
