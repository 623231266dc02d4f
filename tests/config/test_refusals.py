"""Every way in which a configuration is refused: the place, what is wrong, and what was meant."""

from __future__ import annotations

import pytest

from tests.config.documents import FULL, SHORT, refused

HINT_MODEL = "Write `provider/model`, or give it a name in `models`."


def changed(old: str, new: str, text: str = FULL) -> str:
    assert old in text
    return text.replace(old, new)


REFUSED = {
    # the file
    "empty": ("", ["evalbot.yml:1: the configuration is empty. Begin with `version: 1` and `suites:`."]),
    "a list": ("- version", ["evalbot.yml:1: the configuration must be a mapping, not [\"version\"]. Begin with `version: 1` and `suites:`."]),
    "no YAML": ("version: 1\nsuites: [", ["evalbot.yml:2: not valid YAML: did not find expected node content."]),
    "no version": (changed("version: 1\n", "", SHORT), ["evalbot.yml:1: the file has no 'version'. Begin with `version: 1` and `suites:`."]),
    "version 2": (changed("version: 1", "version: 2", SHORT), ["evalbot.yml:1: version must be 1, not 2."]),
    "version true": (changed("version: 1", "version: true", SHORT), ["evalbot.yml:1: version must be 1, not true."]),
    "version as text": (changed("version: 1", "version: '1'", SHORT), ["evalbot.yml:1: version must be 1, not '1'. Write it without quotes."]),
    "no suites": ("version: 1", ["evalbot.yml:1: the file has no 'suites'. Begin with `version: 1` and `suites:`."]),
    "empty suites": ("version: 1\nsuites: {}", ["evalbot.yml:2: suites must not be empty."]),
    "suites is null": ("version: 1\nsuites:", ["evalbot.yml:2: suites must be a mapping, not nothing."]),
    "a suite is a word": ("version: 1\nsuites:\n  support: yes", ["evalbot.yml:3: suites.support must be a mapping, not 'yes'."]),
    "unknown section": (SHORT + "reports: {}\n", ["evalbot.yml:8: unknown key 'reports'. Did you mean 'report'?"]),
    "far from any key": (SHORT + "    xyz: 1\n", ["evalbot.yml:8: unknown key 'xyz' in suites.support. Known: dataset, datasets, epochs, gates, judge, "
                                             "metrics, model, owner, params, prompt, prompts, target."]),
    "duplicate key": (SHORT + "    model: local/x\n", ["evalbot.yml:8: duplicate key 'model': it is on line 5 already. Keep one of them."]),
    "unprintable name": (changed("  support:", '  "a\\nb":', SHORT),
                         ["evalbot.yml:3: 'a\\nb' cannot be a name in suites. A name is one to 100 printable characters."]),
    # a suite
    "unknown key": (SHORT + "    judg: x\n", ["evalbot.yml:8: unknown key 'judg' in suites.support. Did you mean 'judge'?"]),
    "no prompt": (changed("    prompt: prompts/support.md\n", "", SHORT),
                  ["evalbot.yml:3: suites.support has no 'prompt'. Write `prompt: path` or `prompts: [globs]`."]),
    "prompt and prompts": (SHORT + "    prompts: [a]\n", ["evalbot.yml:8: suites.support has both 'prompt' and 'prompts'. Keep one of them."]),
    "no prompts at all": (changed("prompt: prompts/support.md", "prompts: []", SHORT), ["evalbot.yml:4: suites.support.prompts must not be empty."]),
    "a prompt that is a number": (changed("prompt: prompts/support.md", "prompts: [a, 3]", SHORT),
                                  ["evalbot.yml:4: suites.support.prompts[1] must be a string, not 3. Put it in quotes."]),
    "no dataset": (changed("    dataset: evals/support.json\n", "", SHORT),
                   ["evalbot.yml:3: suites.support has no 'dataset'. Write `dataset: path` or `datasets: [globs]`."]),
    "dataset outside": (changed("evals/support.json", "../../etc/passwd", SHORT),
                        ["evalbot.yml:6: '../../etc/passwd' is outside the repository; write a path relative to its root, such as 'evals/golden.jsonl'."]),
    "dataset absolute": (changed("evals/support.json", "/proc/self/environ", SHORT),
                         ["evalbot.yml:6: '/proc/self/environ' is outside the repository; write a path relative to its root, such as 'evals/golden.jsonl'."]),
    "dataset is a URL": (changed("evals/support.json", "http://host/x", SHORT),
                         ["evalbot.yml:6: 'http://host/x' is outside the repository; write a path relative to its root, such as 'evals/golden.jsonl'."]),
    "no model": (changed("    model: openai/gpt-5-mini\n", "", SHORT),
                 ["evalbot.yml:3: suites.support has no 'model'. Such as `model: openai/gpt-6-luna`."]),
    "model without provider": (changed("openai/gpt-5-mini", "gpt-5-mini", SHORT),
                               [f"evalbot.yml:5: there is no model 'gpt-5-mini' in `models`. {HINT_MODEL}"]),
    "model of no such name": (changed("model: app\n", "model: ap\n"), ["evalbot.yml:15: there is no model 'ap' in `models`. Did you mean 'app'?"]),
    "model with half a name": (changed("openai/gpt-5-mini", "openai/", SHORT), ["evalbot.yml:5: 'openai/' is no model. Write `provider/model`."]),
    "unknown provider": (changed("openai/gpt-5-mini", "opnai/gpt-5-mini", SHORT),
                         ["evalbot.yml:5: there is no provider 'opnai'. Did you mean 'openai'?"]),
    "judge of unknown provider": (changed("anthropic/", "antropic/", SHORT),
                                  ["evalbot.yml:7: there is no provider 'antropic'. Did you mean 'anthropic'?"]),
    "nothing can fail": (changed("    judge: anthropic/claude-sonnet-5\n", "", SHORT),
                         ["evalbot.yml:3: suites.support has neither 'judge' nor 'metrics': nothing can pass or fail. "
                          "Add `judge: provider/model`, or `metrics: [names]`."]),
    "empty metrics": (changed("metrics: [rules, f1, quality]", "metrics: []"), ["evalbot.yml:18: suites.support.metrics must not be empty.",
                      ]),
    "no metric decides": (changed("metrics: [rules, f1, quality]", "metrics: [f1]").replace("metric: [quality, f1], ", ""),
                          ["evalbot.yml:13: nothing can pass or fail in suite 'support': no metric of it decides. "
                           "Add a metric of type checks, or give one a `min` or a `threshold`."]),
    "unknown metric": (changed("[rules, f1, quality]", "[rules, f1, qualty, quality]"), ["evalbot.yml:18: there is no metric 'qualty'. Did you mean 'quality'?"]),
    "a metric twice": (changed("[rules, f1, quality]", "[rules, f1, rules, quality]"),
                       ["evalbot.yml:18: suites.support.metrics names 'rules' twice. Keep one of them."]),
    "two judges of one name": (SHORT + "    metrics: [judge]\nmetrics: {judge: {type: judge, model: local/x}}\n",
                               ["evalbot.yml:7: suites.support.judge and metrics.judge are two metrics of one name. "
                                "Leave 'judge' out of the suite, or rename the metric."]),
    "epochs of no partition": (changed("{golden: 2, default: 1}", "{goldn: 2}"),
                               ["evalbot.yml:19: the key 'goldn' of suites.support.epochs must be 'golden', 'regression', 'adversarial', "
                                "'distribution' or 'default', not 'goldn'. Did you mean 'golden'?"]),
    "no epochs": (changed("{golden: 2, default: 1}", "0"), ["evalbot.yml:19: suites.support.epochs.default must be at least 1, not 0."]),
    "params of a wrong type": (changed("{temperature: 0}", "{temperature: hot, max_output_tokens: 0}"),
                               ["evalbot.yml:16: suites.support.params.max_output_tokens must be at least 1, not 0.",
                                "evalbot.yml:16: suites.support.params.temperature must be a number, not 'hot'."]),
    # targets
    "unknown target": ("version: 1\nsuites:\n  s:\n    dataset: d\n    judge: local/x\n    target: {type: replai}\n",
                       ["evalbot.yml:6: there is no target type 'replai'. Did you mean 'replay'?"]),
    "target without type": ("version: 1\nsuites:\n  s:\n    dataset: d\n    judge: local/x\n    target: {url: x}\n",
                            ["evalbot.yml:6: suites.s.target has no 'type'. Known: command, http, python, replay."]),
    "target with a wrong option": ("version: 1\nsuites:\n  s:\n    dataset: d\n    judge: local/x\n    target: {type: replay, fil: x}\n",
                                   ["evalbot.yml:6: the target: type 'replay' has no option 'fil'. Did you mean 'file'?",
                                    "evalbot.yml:6: the target has no 'file'; type 'replay' needs it."]),
    "target beside a prompt": ("version: 1\nsuites:\n  s:\n    dataset: d\n    judge: local/x\n    prompt: p.md\n    target: {type: replay, file: x}\n",
                               ["evalbot.yml:6: suites.s has both 'target' and 'prompt'. Keep one of them."]),
    # gates
    "confirm below 0": (changed("confirm: 0", "confirm: -1"), ["evalbot.yml:24: suites.support.gates.adversarial.confirm must be at least 0, not -1."]),
    "broken_at beyond": (changed("confirm: 4, broken_at: 3", "confirm: 4, broken_at: 6"),
                         ["evalbot.yml:23: suites.support.gates.regression.broken_at must be at most 5, not 6. With `confirm: 4` an example is asked 5 times."]),
    "broken_at beyond the default": (changed("confirm: 4, broken_at: 3", "broken_at: 6"),
                                     ["evalbot.yml:23: suites.support.gates.regression.broken_at must be at most 5, not 6. "
                                      "With `confirm: 4` an example is asked 5 times."]),
    "broken_at 0": (changed("confirm: 4, broken_at: 3", "broken_at: 0"), ["evalbot.yml:23: suites.support.gates.regression.broken_at must be at least 1, not 0."]),
    "unknown action": (changed("pre_existing: block", "pre_existing: blok"),
                       ["evalbot.yml:22: suites.support.gates.golden.pre_existing must be 'block' or 'warn', not 'blok'. Did you mean 'block'?"]),
    "golden cannot let failures through": (changed("pre_existing: block", "new_failures: warn"),
                                           ["evalbot.yml:22: unknown key 'new_failures' in suites.support.gates.golden. Known: broken_at, confirm, pre_existing."]),
    "alpha 0": (changed("alpha: 0.01", "alpha: 0"), ["evalbot.yml:25: suites.support.gates.scores.alpha must be more than 0, not 0."]),
    "alpha 5": (changed("alpha: 0.01", "alpha: 5"), ["evalbot.yml:25: suites.support.gates.scores.alpha must be less than 1, not 5."]),
    "alpha as text": (changed("alpha: 0.01", "alpha: '0.01'"), ["evalbot.yml:25: suites.support.gates.scores.alpha must be a number, not '0.01'."]),
    "alpha NaN": (changed("alpha: 0.01", "alpha: .nan"),
                  ["evalbot.yml:25: .nan is not a finite number. Numbers here are finite; put it in quotes if it is text."]),
    "negative effect": (changed("min_effect: 0.2", "min_effect: -0.2"), ["evalbot.yml:25: suites.support.gates.scores.min_effect must be at least 0, not -0.2."]),
    "no examples": (changed("min_examples: 5", "min_examples: 0"), ["evalbot.yml:25: suites.support.gates.scores.min_examples must be at least 1, not 0."]),
    "gate of no metric": (changed("[quality, f1], test", "[quality, f2], test"),
                          ["evalbot.yml:25: suites.support.gates.scores.metric: suite 'support' has no metric 'f2'. Known: f1, quality, rules."]),
    "gate of another suite's metric": (changed("[quality, f1], test", "exact, test"),
                                       ["evalbot.yml:25: suites.support.gates.scores.metric: suite 'support' has no metric 'exact'. Known: f1, quality, rules."]),
    "unknown test": (changed("test: either", "test: welsh"),
                     ["evalbot.yml:25: suites.support.gates.scores.test must be 'welch', 'paired' or 'either', not 'welsh'. Did you mean 'welch'?"]),
    "a word for true": (changed("non_inferiority: true", "non_inferiority: yes"),
                        ["evalbot.yml:26: suites.support.gates.scores.non_inferiority must be true or false, not 'yes'."]),
    "a share in per cent": (changed("min: 0.9,", "min: 95,"), ["evalbot.yml:27: suites.support.gates.coverage.min must be at most 1, not 95."]),
    "cheaper": (changed("max_increase: 1,", "max_increase: -1,"), ["evalbot.yml:28: suites.support.gates.cost.max_increase must be at least 0, not -1."]),
    # run, approvals, report, later parts
    "no partitions": (changed("[golden, adversarial]", "[]"), ["evalbot.yml:29: run.partitions must not be empty."]),
    "unknown partition": (changed("[golden, adversarial]", "[goldn]"),
                          ["evalbot.yml:29: run.partitions[0] must be 'golden', 'regression', 'adversarial' or 'distribution', not 'goldn'. Did you mean 'golden'?"]),
    "no concurrency": (changed("concurrency: 8", "concurrency: 0"), ["evalbot.yml:29: run.concurrency must be at least 1, not 0."]),
    "much concurrency": (changed("concurrency: 8", "concurrency: 1001"), ["evalbot.yml:29: run.concurrency must be at most 1000, not 1001."]),
    "half a call": (changed("concurrency: 8", "concurrency: 8.5"), ["evalbot.yml:29: run.concurrency must be a whole number, not 8.5."]),
    "no time": (changed("golden_seconds: 60", "golden_seconds: 0"), ["evalbot.yml:29: run.golden_seconds must be more than 0, not 0."]),
    "negative budget": (changed("budget_usd: 2", "budget_usd: -2"), ["evalbot.yml:29: run.budget_usd must be at least 0, not -2."]),
    "a truth for a number": (changed("seed: 7", "seed: true"), ["evalbot.yml:29: run.seed must be a whole number, not true."]),
    "approvals as a word": (changed("policy: 0", "policy: none"), ["evalbot.yml:30: approvals.policy must be a whole number, not 'none'."]),
    "report is null": (SHORT + "report:\n", ["evalbot.yml:8: report must be a mapping, not nothing."]),
    "guidance as a number": (changed('"Ask first."', "3"), ["evalbot.yml:31: report.guidance must be a string, not 3. Put it in quotes."]),
    "harvest as a list": (SHORT + "harvest: [a]\n", ["evalbot.yml:8: harvest must be a mapping, not [\"a\"]."]),
    "monitor as a word": (SHORT + "monitor: on\n", ["evalbot.yml:8: monitor must be a mapping, not 'on'."]),
    # models
    "model without a provider": (changed("{provider: anthropic, model", "{model"), ["evalbot.yml:4: models.grader has no 'provider'."]),
    "provider with a slip": (changed("provider: anthropic", "provider: antropic"),
                             ["evalbot.yml:4: there is no provider 'antropic'. Did you mean 'anthropic'?"]),
    "key in the file": (changed("api_key_env: LOCAL_KEY", "api_key: sk-123"), ["evalbot.yml:5: unknown key 'api_key' in models.vllm. Did you mean 'api_key_env'?"]),
    "key for a name": (changed("LOCAL_KEY", "sk-123"),
                       ["evalbot.yml:5: models.vllm.api_key_env must be the name of an environment variable, not 'sk-123'. Letters, digits and underscores."]),
    "metadata service": (changed("http://127.0.0.1:8080/v1", "http://169.254.169.254/"),
                         ["evalbot.yml:5: models.vllm.base_url is 169.254.169.254, an address that no model answers at (link-local, unspecified or multicast)."]),
    "oidc without its ids": (changed("model: claude-sonnet-5", "model: claude-sonnet-5, auth: {type: oidc, organization_id: o}"),
                             ["evalbot.yml:4: models.grader.auth has no 'federation_rule_id'. docs/providers.md says where it is found."]),
    "oidc with another provider's id": (
        changed("model: claude-sonnet-5", "model: claude-sonnet-5, auth: {type: oidc, organization_id: o, federation_rule_id: f, identity_provider_id: i}"),
        ["evalbot.yml:4: models.grader.auth.identity_provider_id has no meaning for 'anthropic'. Leave it out."]),
    "oidc beside a key": (
        changed("model: claude-sonnet-5", "model: claude-sonnet-5, api_key_env: K, auth: {type: oidc, organization_id: o, federation_rule_id: f}"),
        ["evalbot.yml:4: models.grader has both 'auth' and 'api_key_env'. Keep one of them."]),
    "oidc of another kind": (changed("model: claude-sonnet-5", "model: claude-sonnet-5, auth: {type: saml, organization_id: o, federation_rule_id: f}"),
                             ["evalbot.yml:4: models.grader.auth.type must be 'oidc', not 'saml'."]),
    "a price below 0": (changed("input: 0", "input: -1"), ["evalbot.yml:5: models.vllm.price.input must be at least 0, not -1."]),
    "half a price": (changed("{input: 0, output: 0}", "{input: 0}"), ["evalbot.yml:5: models.vllm.price has no 'output'."]),
    "unknown interface": (changed("model: gpt-5-mini,", "model: gpt-5-mini, api: response,"),
                          ["evalbot.yml:3: models.app.api must be 'chat' or 'responses', not 'response'. Did you mean 'responses'?"]),
    # metrics
    "metric without type": (changed("{type: exact_match}", "{strip: true}"),
                            ["evalbot.yml:8: metric 'exact' has no 'type'. Such as `type: judge` or `type: checks`."]),
    "metric of no type": (changed("{type: exact_match}", "{type: exact_mach}"), ["evalbot.yml:8: there is no metric type 'exact_mach'. Did you mean 'exact_match'?"]),
    "metric that is a word": (changed("{type: exact_match}", "exact_match"), ["evalbot.yml:8: metrics.exact must be a mapping, not 'exact_match'."]),
    "unknown option": (changed("{type: token_f1, articles: drop}", "{type: token_f1, article: drop}"),
                       ["evalbot.yml:9: metric 'f1': type 'token_f1' has no option 'article'. Did you mean 'articles'?"]),
    "option of a wrong value": (changed("articles: drop", "articles: no"), ["evalbot.yml:9: metric 'f1': articles must be 'drop' or 'keep', not 'no'."]),
    "threshold off the scale": (changed("articles: drop", "threshold: 72"),
                                ["evalbot.yml:9: metric 'f1': threshold is 72, which is outside the scale 0 to 1."]),
    "threshold as a word": (changed("articles: drop", "threshold: high"), ["evalbot.yml:9: metric 'f1': threshold must be a number or a mapping, not 'high'."]),
    "judge without a model": (changed("{type: judge, model: grader, samples", "{type: judge, samples"),
                              ["evalbot.yml:10: metric 'quality': model is missing; name the judge, or give a `jury` of several."]),
    "judge of no such model": (changed("{type: judge, model: grader, samples", "{type: judge, model: gradr, samples"),
                               ["evalbot.yml:10: there is no model 'gradr' in `models`. Did you mean 'grader'?"]),
    "samples as a word": (changed("samples: 3", "samples: three"), ["evalbot.yml:10: metric 'quality': samples must be a whole number, not 'three'."]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "messages"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_place_and_remedy(text: str, messages: list[str]) -> None:
    assert refused(text) == messages


def test_what_a_metric_says_of_itself_stands_at_its_line() -> None:
    (message,) = refused(changed("words: {min", "wrds: {min"))
    assert message.startswith("evalbot.yml:7: metric 'rules': ")
    assert message.endswith("Did you mean 'words'?")


def test_the_texts_that_the_others_are_made_from_are_fine() -> None:
    assert refused(SHORT) == []
    assert refused(FULL) == []


def test_several_mistakes_are_told_at_once_in_the_files_order() -> None:
    text = (
        changed("alpha: 0.01", "alpha: 5")
        .replace("model: app\n", "model: ap\n")
        .replace("articles: drop", "article: drop")
    )
    assert [message.split(" ")[0] for message in refused(text + "reports: {}\n")] == [
        "evalbot.yml:9:", "evalbot.yml:15:", "evalbot.yml:25:", "evalbot.yml:34:",
    ]  # fmt: skip


def test_a_flood_of_mistakes_is_cut() -> None:
    text = SHORT + "".join(f"    unknown{i}: 1\n" for i in range(80))
    assert len(refused(text)) == 51
    assert refused(text)[-1] == "and 30 more."
