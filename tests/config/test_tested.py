"""Which scores are tested where a scale has no end: seconds, words and dollars have no share that is a small drop."""

from __future__ import annotations

from tests.config.documents import loaded, refused

HEAD = """\
version: 1
metrics:
  slow:  {type: latency, max_ms: 900}
  words: {type: length, max: 80}
  f1:    {type: token_f1}
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/support.json
"""


def scored(suite: str) -> tuple[str, ...]:
    return loaded(HEAD + suite).suites["support"].gates.scores.metrics


def test_a_metric_without_an_end_is_not_tested_by_default() -> None:
    assert scored("    metrics: [slow, words, f1]\n") == ("f1",)
    assert scored("    metrics: [slow, words]\n") == ()


def test_it_is_tested_once_a_drop_has_a_size() -> None:
    assert scored("    metrics: [slow, words]\n    gates: {scores: {min_effect: 50}}\n") == ("slow",)
    assert scored("    metrics: [slow, words]\n    gates: {scores: {metric: words, min_effect: 5}}\n") == ("words",)


def test_naming_it_without_a_size_is_refused() -> None:
    assert refused(HEAD + "    metrics: [slow]\n    gates: {scores: {metric: slow}}\n") == [
        "evalbot.yml:12: suites.support.gates.scores.metric: the scale of metric 'slow' has no end, so no drop of it is small. "
        "Set `min_effect` beside it, in the metric's own unit."
    ]


EMBEDDED = """\
version: 1
models:
  claude: {provider: anthropic, model: claude-sonnet-5}
  words:  {provider: local, model: words}
metrics:
  similar: {type: semantic_similarity, model: claude, threshold: 0.7}
suites:
  support: {prompt: prompts/support.md, model: openai/gpt-5-mini, dataset: evals/support.json, metrics: [similar]}
"""


def test_a_model_that_cannot_embed_is_refused_where_it_is_named() -> None:
    assert refused(EMBEDDED) == [
        "evalbot.yml:6: 'claude' cannot embed: the provider 'anthropic' has no embeddings. Take an embedding model of an endpoint "
        "that speaks OpenAI's format, or of `local`."
    ]
    assert refused(EMBEDDED.replace("model: claude,", "model: anthropic/claude-sonnet-5,"))[0].startswith("evalbot.yml:6: 'anthropic/")
    assert loaded(EMBEDDED.replace("model: claude,", "model: words,")).suites
    assert loaded(EMBEDDED.replace("model: claude,", "model: openai/text-embedding-3-small,")).suites
