from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.adapters.datasets import read_datasets, warnings
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition, Status


class Files:
    """A tree in memory."""

    name = "work tree"

    def __init__(self, files: dict[str, str | bytes]) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    def paths(self) -> Sequence[str]:
        return sorted(self._files)

    def exists(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str) -> bytes:
        if path not in self._files:
            raise ConfigError(Problem("there is no such file.", path))
        return self._files[path]


def read(path: str, content: str | bytes) -> tuple[Example, ...]:
    return read_datasets(Files({path: content}), [path])


def row(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "partition": "golden", "input": {"user_input": "Hi"}} | fields


def lines(*rows: object) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)


def problems(path: str, content: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(path, content)
    return [str(problem) for problem in caught.value.problems]


FULL = row(
    expected_output="Hello", references=["Hey"], context=["c1", "c2"], metadata={"k": 1}, created_at="2026-01-01", tags=["t"],
    criteria=["kind"], checks=[{"name": "x", "contains": "H"}], messages=[{"role": "user", "content": "Hi"}], cluster="c",
    prompts=["prompts/a"], reviewers=["m", "n"], source={"issue": 7}, labels=[4, "x"], status="quarantined",
)  # fmt: skip


def test_a_full_json_line_becomes_an_example_with_all_its_fields() -> None:
    (example,) = read("evals/a.jsonl", lines(FULL))
    assert example == Example(
        id="a", partition=Partition.GOLDEN, input={"user_input": "Hi"}, expected_output="Hello", references=("Hey",),
        context=("c1", "c2"), metadata={"k": 1}, created_at="2026-01-01", tags=("t",), criteria=("kind",),
        checks=({"name": "x", "contains": "H"},), messages=({"role": "user", "content": "Hi"},), cluster="c",
        prompts=("prompts/a",), reviewers=("m", "n"), source={"issue": 7}, labels=(4, "x"), status=Status.QUARANTINED,
        path="evals/a.jsonl", line=1,
    )  # fmt: skip


def test_each_format_gives_the_same_example() -> None:
    container = json.dumps({"name": "x", "task_type": "qa", "examples": [FULL]}, indent=1)
    as_cells = {key: value if isinstance(value, str) else json.dumps(value) for key, value in FULL.items()}
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in as_cells.values()]
    table = ",".join(as_cells) + "\r\n" + ",".join(quoted) + "\r\n"
    hashes = {
        read(path, text)[0].hash
        for path, text in [
            ("a.jsonl", lines(FULL)), ("a.ndjson", lines(FULL)), ("a.json", container), ("a.json", json.dumps([FULL])),
            ("a.yaml", container), ("a.yml", json.dumps([FULL])), ("a.csv", table), ("A.JSONL", lines(FULL)),
        ]
    }  # fmt: skip
    assert len(hashes) == 1


def test_no_files_and_empty_files_have_no_examples() -> None:
    assert read_datasets(Files({}), []) == ()
    for path in ("a.jsonl", "a.json", "a.yaml", "a.csv"):
        assert read(path, "") == ()
        assert read(path, "\n\n") == ()
    assert read("a.json", '{"examples": []}') == ()
    assert warnings([]) == ()


def test_a_file_named_twice_is_read_once() -> None:
    assert len(read_datasets(Files({"a.jsonl": lines(row())}), ["a.jsonl", "a.jsonl"])) == 1


def test_blank_lines_crlf_and_a_byte_order_mark_are_fine_and_lines_still_count() -> None:
    text = "\ufeff" + lines(row()).replace("\n", "\r\n") + "\r\n  \r\n" + lines(row(id="b"))
    assert [(example.id, example.line) for example in read("a.jsonl", text)] == [("a", 1), ("b", 4)]


def test_a_malformed_line_names_line_and_column() -> None:  # campaign DAT-01
    text = lines(*(row(id=f"r{n}") for n in range(416))) + '{"id": "x", "partition" "golden"}\n'
    (problem,) = problems("evals/dataset.jsonl", text)
    assert problem.startswith("evals/dataset.jsonl:417: ")
    assert "evals/dataset.jsonl:417:25" in problem


def test_the_first_twenty_problems_of_all_files_are_listed_and_the_rest_counted() -> None:
    files = Files({"a.jsonl": "{\n" * 15, "b.jsonl": "{\n" * 10})
    with pytest.raises(ConfigError) as caught:
        read_datasets(files, ["a.jsonl", "missing.jsonl", "b.jsonl"])
    listed = caught.value.problems
    assert len(listed) == 21
    assert [listed[0].path, listed[15].path, listed[16].path] == ["a.jsonl", "missing.jsonl", "b.jsonl"]
    assert str(listed[20]) == "and 6 more."


def test_two_rows_with_one_id_name_both_places() -> None:  # campaign DAT-02
    rows = [row(id=f"r{n}") for n in range(100)]
    rows[89] = row(id="r11")
    (problem,) = problems("a.jsonl", lines(*rows))
    assert "a.jsonl:12" in problem
    assert "a.jsonl:90" in problem


def test_two_files_with_one_id_name_both_places() -> None:
    with pytest.raises(ConfigError, match=r"(?s)b\.csv:2: .*'a' is there twice: at a\.jsonl:1 and at b\.csv:2"):
        read_datasets(
            Files({"a.jsonl": lines(row()), "b.csv": "id,partition,input.q\na,golden,x\n"}), ["a.jsonl", "b.csv"]
        )


@pytest.mark.parametrize(
    "name", ["", "a b", "smile-😀", "two\nlines", "a\n", "x" * 201, "ärger", "a\\b", "<b>", "a|b", "`a`", "@all", "#1"]
)
def test_an_id_outside_the_safe_alphabet_is_refused(name: str) -> None:  # campaign DAT-05
    (problem,) = problems("a.jsonl", lines(row(id=name)))
    assert problem.startswith("a.jsonl:1: 'id' may hold letters, digits")


@pytest.mark.parametrize("name", ["a", "A-1", "prod-3f2.9", "team/x:1", "x" * 200, "_"])
def test_an_id_of_the_safe_alphabet_is_taken(name: str) -> None:
    assert read("a.jsonl", lines(row(id=name)))[0].id == name


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"partition": "goldn"}, "a.jsonl:1: 'partition' is 'goldn', which is none of golden, regression, adversarial, "
         "distribution (example 'a'). Did you mean 'golden'?"),
        ({"partition": 3}, "'partition' must be a string, not a bare number (3)"),
        ({"status": "quarantine"}, "Did you mean 'quarantined'?"),
        ({"expected": "x"}, "a.jsonl:1: unknown key 'expected' (example 'a'). Did you mean 'expected_output'?"),
        ({"input": {}}, "'input' needs at least one key"),
        ({"input": {" ": "x"}}, "'input' has an empty key"),
        ({"input": "Hi"}, "'input' must be an object, not a string"),
        ({"input": ["Hi"]}, "'input' must be an object, not a list"),
        ({"input": None}, "'input' is missing"),
        ({"id": 7}, "'id' must be a string, not a bare number (7). If these are the words you mean, put them in quotes: \"7\"."),
        ({"id": None}, "'id' is missing"),
        ({"expected_output": 42}, "put them in quotes: \"42\"."),
        ({"expected_output": False}, "put them in quotes: \"false\"."),
        ({"references": "one"}, "'references' must be a list of strings, not a string (example 'a'). Put it in [ ]."),
        ({"references": ["one", 2]}, "item 2 is a bare number (2)"),
        ({"context": {"a": 1}}, "'context' must be a list of strings, not an object"),
        ({"metadata": []}, "'metadata' must be an object, not a list"),
        ({"checks": {"name": "x"}}, "'checks' must be a list of objects, not an object"),
        ({"checks": ["x"]}, "'checks' must be a list of objects, but item 1 is a string"),
        ({"messages": [{"content": "x"}]}, "'messages' needs a 'role' in each message"),
        ({"tags": [None]}, "item 1 is null"),
        ({"labels": 4}, "'labels' must be a list, not a bare number (4)"),
        ({"created_at": 20260101}, "'created_at' must be a string"),
        ({"prompts": ["prompts/a.md"]}, "Write 'prompts/a'."),
    ],
)  # fmt: skip
def test_a_wrong_field_is_one_problem_with_place_and_remedy(fields: dict[str, Any], message: str) -> None:
    (problem,) = problems("a.jsonl", lines(row(**fields)))
    assert problem.startswith("a.jsonl:1: ")
    assert message in problem


@pytest.mark.parametrize("value", [[], "text", 7, None, True])
def test_a_row_that_is_no_object_is_a_problem_and_not_skipped(value: object) -> None:
    (problem,) = problems("a.jsonl", lines(value))
    assert "a row must be an object" in problem


def test_all_problems_of_a_row_are_listed_together() -> None:
    found = problems("a.jsonl", lines({"id": "a b", "input": {}, "tag": []}))
    assert len(found) == 4
    assert "'partition' is missing" in found[3]


def test_null_and_absent_are_the_same() -> None:
    (example,) = read("a.jsonl", lines(row(expected_output=None, tags=None, source=None, status=None)))
    assert (example.expected_output, example.tags, example.status) == (None, (), Status.ACTIVE)


def test_an_input_may_be_an_empty_string() -> None:
    assert read("a.jsonl", lines(row(input={"q": ""})))[0].input == {"q": ""}


def test_an_expected_list_or_object_is_kept_as_compact_json_in_its_own_order() -> None:
    (example,) = read("a.jsonl", lines(row(expected_output={"b": [1, 2], "a": "é"})))
    assert example.expected_output == '{"b":[1,2],"a":"é"}'


def test_a_regression_example_needs_a_root_cause() -> None:
    for source in ({}, {"source": {"issue": 1}}, {"source": {"root_cause": " "}}, {"source": {"root_cause": 5}}):
        (problem,) = problems("a.jsonl", lines(row(partition="regression", **source)))
        assert "needs 'source.root_cause' (example 'a')" in problem
    (problem,) = problems("a.jsonl", lines(row(partition="regression", source={"rootcause": "x"})))
    assert "Did you mean 'root_cause' where it says 'rootcause'?" in problem
    assert read("a.jsonl", lines(row(partition="regression", source={"root_cause": "gone"})))
    assert read("a.jsonl", lines(row(partition="regression", status="proposed")))[0].gates is False


def test_a_regression_row_with_a_broken_source_is_told_so_once() -> None:
    assert len(problems("a.jsonl", lines(row(partition="regression", source="x")))) == 1


def test_a_field_of_ten_mebibytes_is_refused() -> None:  # campaign DAT-05
    (problem,) = problems("a.jsonl", lines(row(context=["x" * (10 * 2**20)])))
    assert problem.startswith("a.jsonl:1: 'context' is larger than 10 MiB")
    assert "x" * 100 not in problem


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"id": NaN}', "NaN"),
        ('{"id": Infinity}', "Infinity"),
        ('{"id": 1e999}', "too large"),
        ('{"id": 1, "id": 2}', "duplicate key 'id'"),
        ('{"id": "a"', "ends too early"),
        ('{"id": "\\ud800"}', "surrogate"),
        ("[" * 5000 + "]" * 5000, "deeper than 100"),
        ('{"n": ' + "1" * 5000 + "}", "digits"),
        ("{'id': 1}", "a.jsonl:1:2"),
        ('{"id": "a"} {"id": "b"}', "a.jsonl:1:13"),
        ('{"a": "tab\there"}', "control character"),
    ],
)
def test_lenient_json_is_refused(text: str, reason: str) -> None:
    (problem,) = problems("a.jsonl", text)
    assert reason in problem


def test_brackets_within_strings_are_no_nesting() -> None:
    assert read("a.jsonl", lines(row(input={"q": '[{"\\' * 500})))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (lines(row()).encode("utf-16"), "a.jsonl:1: is UTF-16"),
        (b'{"id": "a"}\n{"id": "\xe9"}\n', "a.jsonl:2: is not UTF-8: byte 0xe9"),
        (b'\n\n{"id": "a\x00"}', "a.jsonl:3: holds a NUL byte"),
        (b'{"id": "a"}\r{"id": "b"}\r', "a.jsonl:1: has a carriage return that ends no line"),
    ],
)
def test_another_encoding_is_named(content: bytes, fault: str) -> None:  # campaign YML-10
    (problem,) = problems("a.jsonl", content)
    assert problem.startswith(fault)


def test_a_line_separator_of_unicode_does_not_end_a_line() -> None:
    (example,) = read("a.jsonl", lines(row(input={"q": "a\u2028b\x85c\x0bd"})))
    assert example.input == {"q": "a\u2028b\x85c\x0bd"}


def test_an_unknown_file_kind_is_an_error_that_lists_the_known_ones() -> None:
    (problem,) = problems("a.parquet", b"PAR1")
    assert problem == "a.parquet: a dataset cannot end in '.parquet'. Known: .jsonl, .ndjson, .json, .yaml, .yml, .csv."


def test_the_partition_of_a_container_is_that_of_its_rows_without_one() -> None:
    rows = [{"id": "a", "input": {"q": "x"}}, {"id": "b", "input": {"q": "x"}, "partition": "adversarial"}]
    found = read("a.json", json.dumps({"name": "n", "partition": "distribution", "examples": rows}))
    assert [example.partition for example in found] == [Partition.DISTRIBUTION, Partition.ADVERSARIAL]


def test_a_container_names_the_line_of_the_row_and_of_the_field() -> None:
    text = '{\n "name": "n",\n "examples": [\n  {"id": "a", "partition": "golden", "input": {"q": "x"}},\n  {"id": "b",\n   "partition": "gold",\n   "input": {"q": "x"}}\n ]\n}\n'
    (problem,) = problems("a.json", text)
    assert problem.startswith("a.json:6: 'partition' is 'gold'")
    (problem,) = problems("a.yaml", text)
    assert problem.startswith("a.yaml:6: 'partition' is 'gold'")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"exampels": []}, "unknown key 'exampels'. Did you mean 'examples'?"),
        ({"name": "x"}, "'examples' is missing"),
        ({"examples": {"id": "a"}}, "the examples must be a list, not an object"),
        (
            {"partition": "gold", "examples": [{"id": "a", "input": {"q": "x"}}]},
            "unknown partition 'gold'. Did you mean 'golden'?",
        ),
        ({"name": 5, "examples": []}, "'name' must be a string, not a bare number (5)"),
        ("text", "the examples must be a list, not a string"),
    ],
)
def test_a_container_is_strict(value: object, message: str) -> None:
    for path in ("a.json", "a.yaml"):
        assert any(
            message in problem and problem.startswith(f"{path}:") for problem in problems(path, json.dumps(value))
        )


YAML = """\
- id: a
  partition: golden
  input: {user_input: How long?}
  expected_output: "no"
- id: b
  partition: golden
  input:
    user_input: How long?
  expected_output: EXPECTED
"""


def test_a_yaml_list_keeps_its_lines() -> None:
    found = read("a.yaml", YAML)
    assert [(example.id, example.line, example.expected_output) for example in found] == [
        ("a", 1, "no"),
        ("b", 5, "EXPECTED"),
    ]


@pytest.mark.parametrize("scalar", ["no", "0123", "1.10", "1:30", "1e3", "true", "42"])
def test_an_ambiguous_yaml_scalar_is_kept_as_text_or_asks_for_quotes(scalar: str) -> None:  # campaign YML-07
    try:
        assert read("a.yaml", YAML.replace("EXPECTED", scalar))[1].expected_output == scalar
    except ConfigError as error:
        (problem,) = error.problems
        assert (problem.path, problem.line) == ("a.yaml", 9)
        assert "quote" in str(problem)


def test_yaml_tricks_are_refused_with_a_place() -> None:  # campaign YML-01, 02, 04, 05
    for text in ("a: &a [*a]\n", "- !!python/object/apply:os.system [id]\n", "- id: a\n  id: b\n"):
        assert problems("a.yaml", text)[0].startswith("a.yaml:")


def test_csv_reads_json_columns_and_input_columns() -> None:
    text = 'id,partition,input.question,input.lang,expected_output,tags,source.root_cause\na,regression,"Hi, you",,Yes,"[""x"", ""y""]",gone\n'
    (example,) = read("a.csv", text)
    assert example.input == {"question": "Hi, you", "lang": ""}
    assert (example.tags, example.source, example.expected_output) == (("x", "y"), {"root_cause": "gone"}, "Yes")


def test_csv_names_the_line_on_which_a_row_starts() -> None:
    text = 'id,partition,input.q\na,golden,"two\nlines"\nb,gold,x\n'
    (problem,) = problems("a.csv", text)
    assert problem.startswith("a.csv:4: 'partition' is 'gold'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,partition,inptu\na,golden,{}\n", "a.csv:1: unknown column 'inptu'. Did you mean 'input'?"),
        ("id,id,input\n", "a.csv:1: the column 'id' is there twice."),
        ("id,partition,input,input.q\n", "a.csv:1: the columns 'input' and 'input.q' exclude each other."),
        ("id;partition;input\n", "a.csv:1: the header has one column."),
        ("id,partition,input\na,golden\n", "a.csv:2: the row has 2 cells, the header 3."),
        ("id,partition,input\na,golden,{},x\n", "a.csv:2: the row has 4 cells, the header 3."),
        ("id,partition,input\na,golden,hello\n", "a.csv:2: the cell 'input' is not valid JSON"),
        ('id,partition,input\na,golden,"x\n', "a.csv:2: not valid CSV"),
        ("id,partition,input\na,golden,\n", "a.csv:2: 'input' is missing"),
    ],
)
def test_a_faulty_csv_names_the_line(text: str, message: str) -> None:
    assert any(problem.startswith(message) for problem in problems("a.csv", text))


def test_a_csv_cell_may_be_long() -> None:
    assert read("a.csv", f"id,partition,input.q\na,golden,{'x' * 300_000}\n")[0].input == {"q": "x" * 300_000}


def test_golden_outside_fifty_to_two_hundred_is_a_warning() -> None:
    def golden(count: int) -> list[Example]:
        return [Example(f"g{n}", Partition.GOLDEN, {"q": "x"}, reviewers=("m", "n")) for n in range(count)]

    assert warnings(golden(49)) == ("golden has 49 examples; 50 to 200 are advised.",)
    assert warnings(golden(1))[0].startswith("golden has 1 example;")
    assert warnings(golden(50)) == warnings(golden(200)) == ()
    assert warnings(golden(201)) == ("golden has 201 examples; 50 to 200 are advised.",)


def test_golden_rows_with_fewer_than_two_reviewers_are_one_line() -> None:
    rows = [
        Example(f"g{n}", Partition.GOLDEN, {"q": "x"}, reviewers=("m", "m") if n < 7 else ("m", "n")) for n in range(50)
    ]
    rows.append(Example("d", Partition.DISTRIBUTION, {"q": "x"}))
    rows.append(Example("p", Partition.GOLDEN, {"q": "x"}, status=Status.PROPOSED))
    assert warnings(rows) == ("7 of 50 golden examples have fewer than two reviewers: g0, g1, g2, g3, g4 and 2 more.",)


@settings(max_examples=150)
@given(st.binary(max_size=200), st.sampled_from(["a.jsonl", "a.csv", "a.json", "a.yaml"]))
def test_any_bytes_are_examples_or_a_config_error_and_nothing_else(data: bytes, path: str) -> None:
    with suppress(ConfigError):
        assert isinstance(read(path, data), tuple)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from([*FULL, "other"]), _JSON, max_size=6) | _JSON, min_size=1, max_size=4))
def test_no_row_is_ever_skipped(rows: list[object]) -> None:
    with suppress(ConfigError):
        assert len(read("a.jsonl", lines(*rows))) == len(rows)


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_in_a_few_seconds() -> None:
    text = lines(*(row(id=f"r{n}", expected_output="x" * 100, tags=["a", "b"]) for n in range(100_000)))
    started = time.process_time()
    assert len(read("a.jsonl", text)) == 100_000
    assert time.process_time() - started < 15  # 2 to 4 s on one slow core
