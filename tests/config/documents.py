"""Configurations that tests start from."""

from __future__ import annotations

from evalbot.config import load_policy
from evalbot.domain.errors import ConfigError
from evalbot.domain.policy import Policy

SHORT = """\
version: 1
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/support.json
    judge: anthropic/claude-sonnet-5
"""

FULL = """\
version: 1
models:
  app:    {provider: openai, model: gpt-5-mini, params: {max_output_tokens: 800}}
  grader: {provider: anthropic, model: claude-sonnet-5}
  vllm:   {provider: openai, base_url: "http://127.0.0.1:8080/v1", api_key_env: LOCAL_KEY, model: qwen3, price: {input: 0, output: 0}}
metrics:
  rules:   {type: checks, checks: [{name: length, words: {min: 20, max: 200}}]}
  exact:   {type: exact_match}
  f1:      {type: token_f1, articles: drop}
  quality: {type: judge, model: grader, samples: 3, scale: [1, 5], task: Support assistant,
            criteria: ["answers the question"], anchors: {1: a, 2: b, 3: c, 4: d, 5: e}, min: {golden: 4, default: 3}}
suites:
  support:
    prompts: ["prompts/support/**/*.md"]
    model: app
    params: {temperature: 0}
    datasets: ["evals/support/*.jsonl"]
    metrics: [rules, f1, quality]
    epochs: {golden: 2, default: 1}
    owner: "@org/support-quality"
    gates:
      golden:      {confirm: 2, broken_at: 3, pre_existing: block}
      regression:  {new_failures: warn, confirm: 4, broken_at: 3}
      adversarial: {new_failures: block, confirm: 0}
      scores:      {metric: [quality, f1], test: either, alpha: 0.01, min_effect: 0.2, min_examples: 5,
                    multiplicity: holm, non_inferiority: true, insufficient: inconclusive}
      coverage:    {min: 0.9, golden: 0.99}
      cost:        {max_increase: 1, action: block}
run:       {partitions: [golden, adversarial], concurrency: 8, golden_seconds: 60, total_seconds: 600.5, budget_usd: 2, unknown_price: refuse, seed: 7}
approvals: {golden: 2, policy: 0, accept_by_author: true}
report:    {max_examples: 1, show_outputs: false, guidance: "Ask first."}
harvest:   {suite: support, since: 24h, dataset: evals/support/regression.jsonl, source: {type: jsonl, url: "logs/*.jsonl"}}
monitor:   {suite: support, judge_share: 0.5}
"""


def loaded(text: str) -> Policy:
    """The policy of a text."""
    return load_policy(text.encode(), "evalbot.yml")


def refused(text: str) -> list[str]:
    """Every problem of a text, as a person reads them; none where it is fine."""
    try:
        loaded(text)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []
