"""The long example of the contract (section 4) with harvest as in section 10: it loads as it stands, and validates in a repository."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from evalbot.app.validate import validate
from evalbot.config import load_policy, schema
from evalbot.domain.models import Model, Price
from tests.repository import Repo

EXAMPLE = """\
version: 1
models:                                     # optional names; "provider/model" works anywhere a name does
  app:    {provider: openai, model: gpt-5-mini, params: {max_output_tokens: 800}}          # api: chat (default) | responses
  grader: {provider: anthropic, model: claude-sonnet-5}
  vllm:   {provider: openai, base_url: "http://127.0.0.1:8080/v1", api_key_env: LOCAL_KEY, model: qwen3, price: {input: 0, output: 0}}
  embed:  {provider: openai, model: text-embedding-3-small}
metrics:                                    # the key is the metric's name; `type` says which
  rules:    {type: checks, checks: [{name: length, words: {min: 20, max: 200}}, {name: no_rivals, not_contains_any: [RivalA], ignore_case: true}]}
  exact:    {type: exact_match}
  f1:       {type: token_f1, articles: drop}
  similar:  {type: semantic_similarity, model: embed, threshold: {golden: 0.78, default: 0.72}}   # no default threshold
  grounded: {type: hallucination, model: grader, max_unsupported: 0}
  quality:  {type: judge, model: grader, samples: 3, scale: [1, 5], task: "Support assistant of a SaaS product",
             criteria: ["answers the question", "only facts from the context"], anchors: {1: "…", 2: "…", 3: "…", 4: "…", 5: "…"},
             examples: evals/judge_examples.jsonl, min: {golden: 4, default: 3}, calibration: {labels: evals/human_labels.jsonl, min_kappa: 0.4}}
  duel:     {type: pairwise, model: grader, criteria: ["more helpful to this customer"]}
suites:
  support:
    prompts: ["prompts/support/**/*.md"]
    model: app
    datasets: ["evals/support/*.jsonl"]
    metrics: [rules, f1, grounded, quality, duel]
    epochs: {golden: 1, default: 1}
    owner: "@org/support-quality"
    gates:
      golden:     {confirm: 4, broken_at: 3, pre_existing: warn}
      regression: {new_failures: block, confirm: 4, broken_at: 3}
      adversarial: {new_failures: block, confirm: 4, broken_at: 3}
      scores:     {metric: quality, test: welch, alpha: 0.05, min_effect: 0.3, min_examples: 10, multiplicity: none, non_inferiority: false, insufficient: warn}
      coverage:   {min: 0.95, golden: 1.0}
      cost:       {max_increase: 0.5, action: warn}
run:       {partitions: [golden, regression], concurrency: 32, golden_seconds: 300, total_seconds: 1200, budget_usd: 5.0, unknown_price: allow, seed: 0}
approvals: {golden: 1, policy: 1, accept_by_author: false}     # golden: for edited and deleted rows of any gating partition
report:    {max_examples: 3, show_outputs: true, guidance: "Ask #support-quality before changing a golden example."}
harvest:
  suite: support                             # whose prompt, metrics and dataset the proposals belong to
  prompt: prompts/support                    # needed when the suite has several
  dataset: evals/support/regression.jsonl    # the file a proposal extends
  source: {type: jsonl, url: "s3://bucket/prod/*.jsonl"}   # jsonl | http | langfuse | langsmith | phoenix | braintrust | mlflow | otlp | sql | plug-in
  since: 24h
  map: {id: request_id, user_input: "input.text", output: "output", timestamp: "ts", latency_ms: "latency", had_error: "error", user: "user_id"}   # JMESPath
  feedback: {field: "scores.thumbs", bad_when: "down"}
  sample: {rate: 0.05, by: [hour, metadata.segment], always: ["refund", "cancel"], max: 500}
  propose: {max: 10, per_user: 2, per_cluster: 3, reproduce: 3, near: 0.9}   # near: token-set Jaccard of normalised inputs, or cosine with an embedding model
  redact: [email, phone, card, iban, token]
  allow_public: false
"""
GRADED = {"input": "Is it free?", "response": "Yes.", "score": 3, "reasoning": "Right, and curt."}
LABEL = {"input": "Is it free?", "response": "Yes.", "score": 3, "rater": "ada", "date": "2026-11-20"}


def _row(name: str, partition: str) -> str:
    row = {
        "id": name, "partition": partition, "input": {"user_input": "How long do refunds take?"}, "expected_output": "Five days.",
        "context": ["Refunds take 5 days."], "reviewers": ["ada", "bob"], "source": {"root_cause": "it was wrong once"},
    }  # fmt: skip
    return json.dumps(row) + "\n"


def test_it_loads_and_says_what_it_says() -> None:
    policy = load_policy(EXAMPLE.encode(), "evalbot.yml")
    suite = policy.suites["support"]
    assert [(spec.name, spec.type) for spec in suite.metrics] == [
        ("rules", "checks"), ("f1", "token_f1"), ("grounded", "hallucination"), ("quality", "judge"), ("duel", "pairwise"),
    ]  # fmt: skip
    assert suite.gates.scores.metrics == ("quality",)
    assert policy.models["vllm"].price == Price(0, 0)
    assert policy.model("embed") == Model("openai", "text-embedding-3-small")


def test_it_validates_in_a_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.write(
        {
            "evalbot.yml": EXAMPLE,
            "prompts/support/refunds.md": "Answer from the context only.\n\n{{ context }}\n",
            "evals/support/golden.jsonl": _row("g-1", "golden"),
            "evals/support/regression.jsonl": _row("r-1", "regression"),
            "evals/judge_examples.jsonl": json.dumps(GRADED) + "\n",
            "evals/human_labels.jsonl": json.dumps(LABEL) + "\n",
        }
    ).commit("base")
    found = validate(tmp_path, "evalbot.yml")
    assert {partition: count for partition, count in found.counts["support"].items() if count} == {"golden": 1, "regression": 1}


def test_it_fits_the_schema_that_editors_use() -> None:
    document = json.loads(json.dumps(yaml.safe_load(EXAMPLE)))
    Draft202012Validator(schema()).validate(document)
