"""A harvest that compares questions by meaning: the embedded model's cosine of "How do returns work?" and
the same with "exactly", function words apart, is 2 / sqrt(2 x 3) = 0.816."""

from __future__ import annotations

import json

import pytest

from evalbot.domain.errors import ConfigError
from tests.adapters.sources.api import Asked, JsonApi
from tests.app.harvest.production import CONFIG, Shop, record

BAR = 0.81  # their words: 4 / 5
LEXICAL = CONFIG.replace("per_cluster: 5", f"per_cluster: 5, reproduce: 0, near: {BAR}")
MEANING = CONFIG.replace("per_cluster: 5", f"per_cluster: 5, reproduce: 0, near: {BAR}, embedding: local/extractive")
KNOWN = {
    "id": "known", "partition": "regression", "input": {"user_input": "How do vouchers work?"}, "source": {"root_cause": "TODO"},
}  # fmt: skip


@pytest.mark.parametrize(("config", "proposed", "known"), [(LEXICAL, ["prod-a", "prod-b", "prod-c"], 0), (MEANING, ["prod-a"], 1)])
def test_twins_and_known_questions_are_told_by_meaning_where_a_model_is_named(tmp_path, config, proposed, known):
    shop = Shop(tmp_path, config, regression=json.dumps(KNOWN) + "\n")
    shop.log(record("a"), record("b", "How do returns work exactly?"), record("c", "How do vouchers work exactly?"))
    with shop.server:
        done = shop.harvest()
        assert sorted(row["id"] for row in shop.rows() if row["id"] != "known") == proposed
    assert done.catch.counts.known == known


def test_only_redacted_text_is_embedded_and_an_endpoint_that_refuses_proposes_nothing(tmp_path):
    def answer(asked: Asked):
        assert asked.path == "/v1/embeddings"
        return 401, {"error": {"message": "no"}}

    with JsonApi(answer) as api:
        models = f'models:\n  far: {{provider: openai, model: embed, base_url: "{api.url}/v1", api_key_env: FAR_KEY, price: {{input: 0, output: 0}}}}\n'
        config = MEANING.replace("version: 1\n", f"version: 1\n{models}").replace("embedding: local/extractive", "embedding: far")
        shop = Shop(tmp_path, config)
        with shop.server:
            done = shop.log(record("a", "How do returns work? I am jane.doe@example.com")).harvest(env={"FAR_KEY": "key-0123456789"})
            assert shop.server.pulls == {}
            assert "evalbot-history" not in shop.repo.git("branch", "--list")
    assert done.verdict == "inconclusive"
    assert "gave no embeddings" in done.reason
    sent = json.dumps([asked.body for asked in api.asked])
    assert "How do returns work? I am <email>" in sent
    assert "jane" not in sent


@pytest.mark.parametrize(("model", "said"), [("nobody", "no model 'nobody'"), ("anthropic/claude-sonnet-5", "cannot embed")])
def test_a_model_that_cannot_embed_is_refused_before_anything_is_fetched(tmp_path, model, said):
    shop = Shop(tmp_path, MEANING.replace("embedding: local/extractive", f"embedding: {model}"))
    with shop.server, pytest.raises(ConfigError, match=said):
        shop.log(record("a")).harvest()
