"""PII: a user's data and a user's words, on their way from production into a pull request."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from evalbot.adapters.datasets import read_datasets
from evalbot.adapters.git import Repository
from evalbot.app import harvest_privacy
from evalbot.app.harvest_report import as_json, words
from evalbot.domain.errors import ConfigError
from tests.app.checking import PROMPT, few, golden, lines, regression
from tests.app.checking import a_row as dataset_row
from tests.app.harvest.production import CONFIG, NOW, Shop, record
from tests.report.hostile import strings
from tests.report.rendering import LIVE, Page

MAIL = "jane.doe@example.com"
PHONE = "+49 170 1234567"
ASKED_ONCE = CONFIG.replace("per_cluster: 5", "per_cluster: 5, reproduce: 0, near: 1.0")
EVERY_FIELD = ASKED_ONCE.replace("latency_ms: ms}", "latency_ms: ms, metadata: meta, url: link, expected: right, context: passages, customer: customer, feedback: thumbs}").replace(
    "sample: {rate: 1.0}", "sample: {rate: 1.0, by: [hour, meta.segment], always: [refund]}"
)
TROUBLE = ("@octocat", "![x](https://evil.example/b.png)", "</details>", "<!-- evalbot:v1 key=default -->", "#1", "[ ] - ", "\n- [x] `prod-1`: merged", "closes #1", "| a | b |")


def everywhere(shop: Shop, done) -> str:
    """Every git object, every request, and all that the command prints or the job writes."""
    return "\n".join([shop.everything(), words(done, dry_run=True), as_json(done), done.reason, json.dumps(shop.pull.labels), shop.pull.title, shop.pull.body, shop.pull.head_ref])


@pytest.fixture
def shop(tmp_path: Path):
    shop = Shop(tmp_path, EVERY_FIELD)
    with shop.server:
        yield shop


def personal(name: str) -> dict:
    """A record in which every place that a record has holds somebody's data."""
    return record(
        f"{name}/{MAIL}", f"How do returns work? I am {MAIL}", f"TODO, {MAIL}, {PHONE}", user=MAIL, thumbs=MAIL,
        meta={MAIL: PHONE, "segment": MAIL, "deep": [{"er": [MAIL]}], "unknown": {"phone": 491701234567}}, link=f"https://logs.example/{MAIL}?p=4111111111111111",
        right=f"Write to {MAIL}", passages=[f"{MAIL} wrote", PHONE], customer={MAIL: PHONE}, dropped=MAIL, branch=MAIL, **{MAIL: MAIL},
    )  # fmt: skip


@pytest.mark.parametrize("found", ["jane.doe", "1234567", "4111111111111111", "user of"])
def test_PII_04_what_hides_in_ids_names_addresses_keys_and_unknown_fields_reaches_no_git_object_and_no_request(shop, found):
    done = shop.log(personal("a"), personal("b")).harvest()

    assert done.draft is not None
    assert found not in everywhere(shop, done)
    (first, *_) = shop.rows()
    assert re.fullmatch(r"prod-[0-9a-f]{8,}", first["id"])
    assert "dropped" not in json.dumps(first)


def test_PII_05_the_same_customer_has_one_name_within_a_run_and_its_key_is_written_nowhere(shop, monkeypatch):
    asked = (f"How do returns work, {MAIL}?", f"How do gift cards work? Ask {MAIL.upper()}", f"What are the Sunday hours for {MAIL}, and other@example.org?")
    done = shop.log(*(record(f"r-{n}", text, ago=600 + n) for n, text in enumerate(asked))).harvest()
    names = [re.findall(r"<email-[0-9a-f]{6}>", row["input"]["user_input"]) for row in shop.rows()]
    mine = names[0][0]

    assert len(shop.rows()) == 3
    assert [name for found in names for name in found].count(mine) == 3
    assert len({name for found in names for name in found}) == 2
    key = harvest_privacy.RUN_KEY
    assert not any(form in everywhere(shop, done) for form in (key.hex(), repr(key)[2:-1], hashlib.sha256(key).hexdigest()))

    monkeypatch.setattr(harvest_privacy, "RUN_KEY", b"another run")
    again = shop.log(record("r-9", f"And delivery to {MAIL}, how long is it? TODO")).harvest(now=NOW + 300)
    assert mine not in next(row["input"]["user_input"] for row in shop.rows() if row["id"] == "prod-r-9")
    assert again.draft is not None


@pytest.mark.parametrize("text", [*TROUBLE, "Reviewers must merge this. /evalbot accept deadbeef \"ok\"", *strings(12)])
def test_PII_07_a_user_s_words_are_only_text_of_the_pull_request_and_nothing_is_merged(tmp_path, text):
    shop = Shop(tmp_path, EVERY_FIELD)
    with shop.server:
        shop.log(record("r-1", f"How do returns work? {text}", f"TODO {text}", right=text, meta={"x": text}, link=text, customer={text or "x": text})).harvest()
        page = Page(shop.pull.body)
        plain = len(re.findall("<summary>", page.html))
        verbs = {request.path for request in shop.server.requests}

    assert plain == 1
    assert not {"a", "img", "table", "h1", "iframe"} & set(page.elements)
    assert (page.elements.count("input"), "checked" in page.html) == (1, False), "the one checkbox is ours"
    assert not any(element.startswith("!--") for element in page.elements)
    assert LIVE.findall(page.text) == []
    assert page.elements.count("details") == page.elements.count("/details") == 1
    assert not any("merge" in path or "auto" in path for path in verbs)
    assert shop.pull.labels == ["evalbot", "regression-proposal"], "a person has to merge it"
    assert shop.pull.title == "evalbot: 1 regression example from production for suite support"


def test_PII_08_a_wrong_answer_of_production_becomes_no_expected_output(shop):
    shop.log(record("r-1", answered="TODO: send the goods to the moon", right="Within 30 days.")).harvest()
    (row,) = shop.rows()
    (example,) = read_datasets(Repository(shop.repo.root).tree(shop.pull.head_sha), ["evals/regression.jsonl"])

    assert "expected_output" not in row
    assert "references" not in row
    assert "moon" not in json.dumps(row)
    assert row["status"] == "proposed"
    assert not example.gates


def test_PII_08_a_proposed_row_gates_nothing_even_when_it_was_merged(on_github):
    proposed = dataset_row("prod-9", "regression", status="proposed", expected_output="only this", source={"root_cause": ""})
    rules = CONFIG_OF_RULES
    scene = on_github({"prompts/support.md": PROMPT.format(quality="bad")}, start=few(config=rules, golden=lines(golden(3)), regression=lines([*regression(3), proposed])))
    ran = scene.opened(lambda call: "No." if "prod-9" in call.user else "Yes.")

    assert ran.outputs["verdict"] == "pass"
    assert not any("prod-9" in call.user for call in ran.models.calls), "it is listed, and nothing is asked"


CONFIG_OF_RULES = """\
version: 1
metrics:
  rules: {type: checks, checks: [{name: yes, contains_any: ["Yes"]}]}
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/*.jsonl
    metrics: [rules]
"""


HASH = "sha256:" + hashlib.sha256(b"carol").hexdigest()


@pytest.mark.parametrize("line", ["carol", HASH, HASH.upper().replace("SHA256", "sha256"), "r-3", "  carol  "])
def test_PII_11_who_asked_to_be_forgotten_is_counted_and_not_looked_at(tmp_path, line):
    shop = Shop(tmp_path, ASKED_ONCE + "  erased: evals/erased.txt\n")
    shop.repo.write({"evals/erased.txt": f"# by request\n\nsomebody-else\n{line}\n"}).commit("to be forgotten")
    with shop.server:
        done = shop.log(record("r-1", user="dave"), record("r-3", "How do gift cards work for the woman in Ulm?", user="carol")).harvest()
        said = everywhere(shop, done)

    assert [row["id"] for row in shop.rows()] == ["prod-r-1"]
    assert (done.catch.counts.erased, done.catch.counts.sampled) == (1, 1)
    assert "1 of those who asked to be forgotten" in shop.pull.body
    assert "prod-r-3" not in said
    assert "woman in Ulm" not in said
    assert line.strip() not in shop.pull.body


def test_PII_11_without_the_file_nothing_is_fetched(tmp_path):
    shop = Shop(tmp_path, ASKED_ONCE + "  erased: evals/erased.txt\n")
    with shop.server, pytest.raises(ConfigError, match=r"evalbot\.yml:\d+: harvest\.erased names 'evals/erased\.txt', which is not on the default branch"):
        shop.harvest()
    assert shop.server.pulls == {}
