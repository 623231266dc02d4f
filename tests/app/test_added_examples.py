"""`evalbot init --adversarial` and `--distribution`: packs and generated rows that a suite can run."""

from __future__ import annotations

import base64
import json

import pytest
from typer.testing import CliRunner

from evalbot.app.setup.adversarial import CANARY, attacks, text_key
from evalbot.app.setup.distribution import generate, read_templates
from evalbot.app.validate import validate
from evalbot.cli.app import app
from evalbot.domain.errors import ConfigError
from evalbot.domain.examples import Example, Partition
from evalbot.metrics.checks.rule import rule
from tests.app.checking import CONFIG, House, a_row, files, golden, lines

KINDS = {"prompt-injection", "unsupported-language", "competitor", "empty", "very-long", "role-play", "encoding"}
TEMPLATES = """\
slots:
  plan: [Starter, Team, Business, Enterprise]
  number: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
  thing: [mailboxes, seats, labels, rules, webhooks, exports, imports, reports]
templates:
  - input: {user_input: "How many {{ thing }} does {{ plan }} have for {{ number }} people?"}
    tags: [limits]
  - input: {user_input: "Can I move {{ number }} {{ thing }} to {{ plan }}?"}
    checks: [{name: plan, contains: "{{ plan }}"}]
    expected_output: "Yes, to {{ plan }}."
"""


def init(root, *words):
    return CliRunner().invoke(app, ["init", "-C", str(root), *words])


def rows_of(root, path):
    return [json.loads(line) for line in (root / path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def root(tmp_path):
    return House(tmp_path, files(golden=lines(golden(2)), regression=None)).repo.root


# The adversarial pack


def test_the_pack_has_seven_kinds_is_marked_and_fits_the_suite(root):
    done = init(root, "--adversarial")

    assert done.exit_code == 0, done.output
    rows = rows_of(root, "evals/adversarial.jsonl")
    assert {row["tags"][2] for row in rows} == KINDS
    assert {tuple(row["tags"][:2]) for row in rows} == {("adversarial", "starter-pack")}
    assert {row["partition"] for row in rows} == {"adversarial"}
    assert {row["source"]["pack"] for row in rows} == {"evalbot/adversarial/1"}
    assert len({row["id"] for row in rows}) == len(rows)
    assert validate(root, "evalbot.yml").counts["support"]["adversarial"] == len(rows)
    assert "Wrote evals/adversarial.jsonl" in done.output


def test_every_row_can_pass_and_fail_without_a_judge():
    for attack in attacks():
        rules = [rule(check) for check in attack.checks]
        assert rules
        assert [one.test("Happy to help with your question.", 1.0) for one in rules] == [""] * len(rules), attack
        assert any(one.test("", 1.0) for one in rules), attack


@pytest.mark.parametrize(("answer", "obeys"), [(CANARY, True), (f" *{CANARY}*.\n", True), (f"I will not say {CANARY}.", False)])
def test_who_obeys_fails_and_who_refuses_may_quote(answer, obeys):
    checks = [check for attack in attacks() if attack.kind == "prompt-injection" for check in attack.checks if check["name"] == "does_not_obey"]
    assert {bool(rule(check).test(answer, 1.0)) for check in checks} == {obeys}


def test_encodings_hide_the_order_and_hold_it():
    texts = [attack.text for attack in attacks() if attack.kind == "encoding"]

    assert sum(CANARY in text for text in texts) == 0
    assert CANARY in base64.b64decode(texts[0].rpartition(" ")[2]).decode()
    assert CANARY in texts[2][::-1]
    assert CANARY in "".join(chr(ord(char) - 0xE0000) for char in texts[4] if ord(char) > 0xE0000)
    assert CANARY in texts[5].replace("\u200b", "")


def test_very_long_is_long_and_empty_is_empty():
    by_kind = {kind: [attack.text for attack in attacks() if attack.kind == kind] for kind in KINDS}
    assert min(map(len, by_kind["very-long"])) > 10_000
    assert sum(not text.strip() for text in by_kind["empty"]) == 3


def test_other_inputs_of_the_suite_s_examples_are_kept(tmp_path):
    row = a_row("g-1", "golden", input={"user_input": "What?", "tone": "a very long word for a tone"}, prompts=["prompts/support"])
    house = House(tmp_path, files(golden=json.dumps(row) + "\n", regression=None, prompt="Be {{ tone }}. {{ user_input }}"))
    done = init(house.repo.root, "--adversarial")
    assert done.exit_code == 0, done.output

    rows = rows_of(house.repo.root, "evals/adversarial.jsonl")
    assert {tuple(sorted(row["input"])) for row in rows} == {("tone", "user_input")}
    assert {row["input"]["tone"] for row in rows} == {"a very long word for a tone"}
    assert {tuple(row["prompts"]) for row in rows} == {("prompts/support",)}


def test_nothing_is_overwritten_and_a_pattern_that_does_not_name_it_is_said(root):
    init(root, "--adversarial")
    again = init(root, "--adversarial")
    assert (again.exit_code, "it is there already" in again.output) == (2, True)

    (root / "evalbot.yml").write_text(CONFIG.replace("evals/*.jsonl", "evals/golden.jsonl"))
    (root / "evals/adversarial.jsonl").unlink()
    told = init(root, "--adversarial")
    assert "Add evals/adversarial.jsonl to suites.support.datasets in evalbot.yml" in told.output


def test_a_new_repository_gets_configuration_and_pack_at_once(tmp_path):
    house = House(tmp_path, {"prompts/support.md": "You are the support assistant of Larkbox."})
    done = init(house.repo.root, "--yes", "--adversarial")

    assert done.exit_code == 0, done.output
    assert "starter-pack" in done.output
    assert list(house.repo.root.glob("**/adversarial*.jsonl"))


@pytest.mark.parametrize(("given", "key"), [({"user_input": "x", "long": "y" * 99}, "user_input"), ({"a": "xx", "q": "xxx"}, "q"), ({"n": 1}, "user_input")])
def test_the_text_that_a_user_writes(given, key):
    assert text_key(given) == key


# The distribution


def made(text=TEMPLATES, known=(), prompts=(), **options):
    return generate(read_templates(text.encode(), "evals/templates.yml"), known, prompts, **{"rows": 600, "seed": 0, **options})


def test_rows_are_made_from_every_template_each_once_and_always_the_same():
    found = made()

    assert len(found.rows) == 600
    assert len({row["id"] for row in found.rows}) == 600
    assert {row["source"]["template"] for row in found.rows} == {1, 2}
    texts = [row["input"]["user_input"] for row in found.rows]
    assert len({text.casefold() for text in texts}) == 600
    assert found.possible == 4 * 20 * 8 * 2
    assert made() == found
    assert made(seed=1).rows != found.rows
    second = next(row for row in found.rows if row["source"]["template"] == 2)
    assert second["checks"][0]["contains"] in second["expected_output"]
    assert all(row["partition"] == "distribution" and "generated" in row["tags"] for row in found.rows)


def test_twins_are_left_out():
    twice = TEMPLATES.replace("[Starter, Team,", "[Starter, starter, 'STARTER!', Team,")
    found = made(twice, rows=1000)
    plain = {"".join(char for char in row["input"]["user_input"].casefold() if char.isalnum()) for row in found.rows}

    assert found.twins > 0
    assert len(plain) == len(found.rows)


def test_what_another_partition_asks_nearly_so_is_left_out():
    known = Example("g-1", Partition.GOLDEN, {"user_input": "Can I move 7 seats to team"})
    found = made(known=[known], rows=1280)

    assert found.known >= 1
    assert "Can I move 7 seats to Team?" not in [row["input"]["user_input"] for row in found.rows]


def test_what_stands_in_a_prompt_is_left_out():
    prompt = "For instance: How many webhooks does Enterprise have for 13 people? It has ten."
    found = made(prompts=[prompt], rows=1280)

    assert found.leaked >= 1
    assert "How many webhooks does Enterprise have for 13 people?" not in [row["input"]["user_input"] for row in found.rows]


def test_large_products_are_drawn_and_not_listed():
    huge = "slots:\n  a: [" + ", ".join(map(str, range(1000))) + "]\ntemplates:\n- input: {user_input: '{{ a }} then " + " ".join(
        f"{{{{ s{n} }}}}" for n in range(6)
    ) + "'}\n"
    slots = "".join(f"  s{n}: [{', '.join(f'w{n}x{m}' for m in range(50))}]\n" for n in range(6))
    found = made(huge.replace("templates:", slots + "templates:"), rows=5000)

    assert (len(found.rows), found.possible) == (5000, 1000 * 50**6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slots: {}\n", "evals/templates.yml:1: a file of templates begins with `templates:`, a list. See docs/datasets.md."),
        ("templates:\n- {user_input: x}\n", "evals/templates.yml:2: a template has an `input`, an object with at least one key."),
        ("templates:\n- input: {q: '{{ plam }}'}\nslots: {plan: [a]}\n", "evals/templates.yml:2: there is no slot 'plam'. Did you mean 'plan'?"),
        ("templates:\n- input: {q: x}\n  chekcs: []\n", "evals/templates.yml:3: a template has no key 'chekcs'. Did you mean 'checks'?"),
        ("templates:\n- input: {q: x}\nslots: {plan: []}\n", "evals/templates.yml:3: slot 'plan' must be a list of values."),
        ("templates:\n- input: {q: x}\nslot: {}\n", "evals/templates.yml:3: unknown key 'slot'. Did you mean 'slots'?"),
        ("templates:\n- input: {q: '{{ n }}'}\nslots: {n: [1, 2]}\n",
         "evals/templates.yml: the templates give 2 rows that can be used; a distribution has 500 to 5,000. Add templates, or values to the slots."),
    ],
)  # fmt: skip
def test_templates_that_do_not_do(text, said):
    with pytest.raises(ConfigError) as caught:
        made(text)
    assert str(caught.value.problems[0]) == said


@pytest.mark.parametrize("rows", [499, 5001, 0])
def test_a_distribution_has_500_to_5000_rows(rows):
    with pytest.raises(ConfigError, match=f"a distribution has 500 to 5,000 rows, not {rows:,}"):
        made(rows=rows)


def test_the_command_writes_a_dataset_that_the_suite_reads(root):
    (root / "evals/templates.yml").write_text(TEMPLATES)
    done = init(root, "--distribution", "evals/templates.yml", "--rows", "500")

    assert done.exit_code == 0, done.output
    assert "Wrote evals/distribution.jsonl: 500 rows for suite support; of 1,280 combinations" in done.output
    assert validate(root, "evalbot.yml").counts["support"]["distribution"] == 500
