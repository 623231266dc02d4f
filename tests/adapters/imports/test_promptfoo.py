"""promptfoo configurations of the size and shape that public repositories have: each assertion is taken over or named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from evalbot.adapters.imports.imported import Imported
from evalbot.adapters.imports.promptfoo import read_promptfoo
from evalbot.adapters.imports.promptfoo_tests import short
from evalbot.domain.errors import ConfigError
from evalbot.metrics.checks.rule import rule
from tests.adapters.prompts.files import Files

HERE = Path(__file__).parent / "promptfoo"
CHAT = '[{"role": "system", "content": "You work for {{shop}}."}, {"role": "user", "content": "{{question}}"}]'


def usable(check: Mapping[str, object]) -> str:
    try:
        rule(check)
    except ValueError as error:
        return str(error)
    return ""


def imported(name: str, **files: str) -> Imported:
    own = {"promptfooconfig.yaml": (HERE / name).read_text(encoding="utf-8")} if name else {}
    return read_promptfoo(Files({**own, **{path.replace("__", "/"): text for path, text in files.items()}}), "promptfooconfig.yaml", "evals/prompts", usable)


def read(text: str, **files: str) -> Imported:
    return imported("", **{"promptfooconfig.yaml": text, **files})


def left_out(found: Imported) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.message) for problem in found.left_out]


def row(found: Imported, name: str) -> Mapping[str, object]:
    return next(row for row in found.rows if row["id"] == name)


def test_a_support_bot() -> None:
    files = {"prompts/support_v1.txt": "You work for {{shop}}.\n{{question}}", "prompts/support_chat.json": CHAT, "terms.md": "The giver pays.\n", "questions.csv": (HERE / "questions.csv").read_text()}
    found = imported("support.yaml", **files)
    assert (found.name, found.task, found.judge) == ("support", "Customer support assistant of an online shop", "openai/gpt-5")
    assert found.prompts == ("evals/prompts/short.md", "prompts/support_chat.json")
    assert found.models == (
        ("openai/gpt-5-mini", {"temperature": 0.2, "max_output_tokens": 400}), ("anthropic/claude-sonnet-5", {"max_output_tokens": 400}),
    )  # fmt: skip
    assert len(found.rows) == 12 + 2 + 4  # one test has a list of three languages, and the CSV has four rows
    # Counted by hand: what `defaultTest` adds meets each of the 18 rows.
    assert found.mapped == {
        "not-icontains-any": 18, "word-count": 18, "contains": 1, "llm-rubric": 2, "icontains-any": 1, "not-contains": 2, "icontains-all": 1,
        "factuality": 1, "g-eval": 1, "model-graded-closedqa": 1, "regex": 1, "not-regex": 1, "contains-any": 3, "starts-with": 1,
        "javascript": 3, "context-faithfulness": 1, "answer-relevance": 1, "icontains": 3, "equals": 1, "latency": 18, "similar": 1, "is-refusal": 1,
        "context-recall": 1,
    }  # fmt: skip
    assert found.metrics == {
        "semantic_similarity": {"type": "semantic_similarity", "model": "openai/text-embedding-3-large"},
        "latency": {"type": "latency", "max_ms": {"golden": 4000.0}},
        "context_recall": {"type": "context_recall", "model": "", "threshold": {"golden": 0.9}},
        "refusal": {"type": "refusal", "expect": "either", "refuse_tags": ["refusal"]},
    }
    assert left_out(found) == [
        (13, "the provider 'vertex:gemini-3-pro' is not taken over."),
        (8, "2 providers: openai/gpt-5-mini answers, the others are listed under `models:`."),
        (51, "the assertion `python` is not taken over: it is code."),
        (86, "the assertion `assert-set` is not taken over: a share of a set is no rule of ours."),
        (41, "`similar` is measured and decides nothing: only 1 of the 4 tests that the metric meets have it."),
    ]


def test_what_a_row_of_a_support_bot_holds() -> None:
    found = imported("support.yaml", **{"prompts/support_v1.txt": "{{question}}", "prompts/support_chat.json": CHAT, "terms.md": "The giver pays.\n", "questions.csv": (HERE / "questions.csv").read_text()})
    common = [{"not_contains_any": ["as an AI", "language model"]} | {"ignore_case": True}, {"words": {"min": 5, "max": 120}}]
    assert row(found, "return-window") == {
        "id": "return-window", "partition": "golden", "input": {"shop": "Birch & Co", "locale": "en", "question": "How long do I have to send shoes back?"},
        "criteria": ["Says that returns are free for members of Birch & Co"], "checks": [*common, {"contains": "30 days"}],
    }  # fmt: skip
    assert row(found, "gift-card")["expected_output"] == "Up to three gift cards can be combined in one order."
    assert row(found, "refuses-legal-advice")["tags"] == ["refusal"]
    assert row(found, "damaged-parcel")["expected_output"] == "Please send us a photo of the damage."
    assert row(found, "damaged-parcel")["criteria"] == ["means the same as the reference"]
    assert row(found, "gift-card")["criteria"] == ["agrees with the reference in every fact"]
    assert [row(found, name)["input"]["locale"] for name in ("opening-hours-in-each-language", "opening-hours-in-each-language-2", "opening-hours-in-each-language-3")] == ["en", "de", "nb"]  # type: ignore[index]
    assert row(found, "opening-hours-in-each-language")["checks"][2:] == [{"contains_any": ["9", "nine", "neun", "ni"]}]  # type: ignore[index]
    assert row(found, "greeting")["checks"][2:] == [{"starts_with": "Hello"}, {"characters": {"max": 200}}, {"not_contains": "refund", "ignore_case": True}]  # type: ignore[index]
    assert row(found, "grounded-in-the-terms")["context"] == ["The giver pays."]
    assert row(found, "support-016")["checks"][2:] == [{"regex": r"\A19\ EUR\Z"}]  # type: ignore[index]
    assert row(found, "support-016")["metadata"] == {"topic": "prices"}


def test_an_extractor() -> None:
    files = {"prompts/a.j2": "{{ invoice }} {{ user_input }}", "invoice.schema.json": '{"type": "object", "required": ["total"]}', "scan.pdf": "%PDF"}
    found = imported("extraction.yaml", **files)
    assert found.prompts == ("evals/prompts/support-1.md", "prompts/a.j2")
    assert found.files[found.prompts[0]].startswith("---\nrole: user\n---\nYou read invoices. Reply with JSON only, with the keys {{ keys | tojson }}.")
    assert found.models == (("openai/gpt-5-mini", {"api": "responses"}),)
    assert found.mapped == {"is-json": 4, "contains": 2, "equals": 3, "not-equals": 1, "word-count": 1, "not-starts-with": 1, "cost": 1}
    assert found.metrics == {"cost": {"type": "cost"}}  # one test of several has it
    assert [row["input"]["total"] for row in found.rows if "total" in row["input"]] == [120, 15.5]  # type: ignore[operator,index]
    assert row(found, "reads-the-total")["checks"] == [{"json_schema": {"type": "object", "required": ["total"]}}, {"contains": "120"}, {"json": True}]
    assert row(found, "a-single-field")["checks"] == [{"json_schema": {"const": {"number": 9}}}]
    assert row(found, "plain-number")["checks"] == [{"regex": r"\A3\Z"}, {"regex": r"\A3\Z"}, {"not_regex": r"\Athree\Z"}, {"words": {"min": 1, "max": 1}}]
    said = [message for _, message in left_out(found)]
    assert [message.split(":")[0] for message in said] == [
        "the key `nunjucksFilters` is not taken over.", "the prompt 'file", "test 'Scanned' is left out", "the assertion `contains-json` is not taken over",
        "the assertion `is-sql` is not taken over", "the assertion `regex` is not taken over", "the assertion `javascript` is not taken over",
        "the assertion `contains-all` is not taken over", "the assertion `icontains` is not taken over", "`cost` is measured and decides nothing",
    ]  # fmt: skip
    assert all(problem.line for problem in found.left_out)


def test_a_writer_whose_assertions_have_no_equal() -> None:
    found = imported("writer.yaml", **{"cases/small.yaml": (HERE / "cases.yaml").read_text()})
    assert found.mapped == {}
    assert [row["input"] for row in found.rows] == [{"version": "1.2.0", "tone": "plain"}]
    assert [(problem.path, problem.line, problem.message) for problem in found.left_out] == [
        ("promptfooconfig.yaml", 4, "the key `redteam` is not taken over."),
        ("cases/small.yaml", 4, "the assertion `rouge-n` is not taken over: it compares by a score of words."),
        ("cases/small.yaml", 5, "the assertion `levenshtein` is not taken over: it compares by a score of words."),
        ("cases/small.yaml", 6, "the assertion `bleu` is not taken over: it compares by a score of words."),
        ("cases/small.yaml", 7, "the assertion `moderation` is not taken over: it grades with tools or a service."),
        ("cases/small.yaml", 8, "the assertion `select-best` is not taken over: it compares several prompts with each other."),
        ("cases/small.yaml", 9, "the assertion `not-llm-rubric` is not taken over: its opposite is no rule of ours."),
        ("cases/small.yaml", 10, "the assertion `surprise` is not taken over: there is no such assertion in the versions of promptfoo that evalbot knows."),
        ("cases/small.yaml", 11, "an assertion has no type."),
    ]
    assert all(problem.hint for problem in found.left_out[1:8])


@pytest.mark.parametrize(
    ("cell", "assertion"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("contains: Paris", {"type": "contains", "value": "Paris"}),
        ("similar(0.8):Hello there", {"type": "similar", "value": "Hello there", "threshold": 0.8}),
        ("grade: is kind", {"type": "llm-rubric", "value": "is kind"}),
        ("is-json", {"type": "is-json"}),
        ("not-regex: a:b", {"type": "not-regex", "value": "a:b"}),
    ],
)
def test_a_cell_of_a_csv_file_is_a_short_assertion(cell: str, assertion: dict[str, object]) -> None:
    assert short(cell) == assertion


def test_several_prompts_in_one_text_file_become_files_of_their_own() -> None:
    found = read("prompts: [file://p.txt]\ntests: [{vars: {a: 1}}]\n", **{"p.txt": "One {{a}}\n---\nTwo {{a}}\n"})
    assert [found.files[path].splitlines()[-1] for path in found.prompts] == ["One {{a}}", "Two {{a}}"]


@pytest.mark.parametrize(
    "text",
    ["", "- 1", "prompts: [a]", "prompts: [a]\ntests: &a [*a]\n", "prompts: [a\n", "a: &x [1]\nprompts: [a]\ntests: " + "[" * 100 + "]" * 100],
)
def test_what_is_no_configuration_of_promptfoo_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(ConfigError):
        read(text)


def test_aliases_cannot_make_a_file_explode() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(ConfigError, match="more than can be read"):
        read(f"{bomb}prompts: [a]\ntests: *a11\n")


def test_a_path_outside_the_repository_is_not_read() -> None:
    found = read("prompts: [file://../../etc/passwd.txt, 'x {{a}}']\ntests: [{vars: {a: file://../secret.txt}}]\n")
    assert len(found.prompts) == 1
    assert [message.split(":")[0] for _, message in left_out(found)] == ["the prompt 'file", "a test is left out"]
