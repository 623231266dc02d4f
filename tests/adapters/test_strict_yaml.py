"""One reader for YAML and JSON: what it takes, what it refuses, and at which line."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.adapters.strict_yaml import Located, read_json, read_yaml
from evalbot.domain.errors import ConfigError

TEXT = """\
# a comment
version: 1
suites:
  support:
    prompts:
      - a.md
      - b.md
    gates: {golden: {confirm: 4}}
"""


def refusal(text: bytes | str, *, json_file: bool = False, first_line: int = 1) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_json(text, "a.json") if json_file else read_yaml(text, "a.yml", first_line=first_line)
    return [str(problem) for problem in caught.value.problems]


def test_a_file_becomes_plain_data_that_knows_its_lines() -> None:
    located = read_yaml(TEXT, "a.yml")
    assert located.value == {
        "version": 1,
        "suites": {"support": {"prompts": ["a.md", "b.md"], "gates": {"golden": {"confirm": 4}}}},
    }
    assert located.line() == 2
    assert located.line("suites") == 3
    assert located.line("suites", "support", "prompts") == 5
    assert located.line("suites", "support", "prompts", 1) == 7
    assert located.line("suites", "support", "gates", "golden", "confirm") == 8


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("suites", "nothing"), 3),
        (("suites", "support", "prompts", 9), 5),
        (("suites", "support", "prompts", -1), 5),
        (("suites", 0), 3),
        (("version", "inner"), 2),
        (("nothing",), 2),
    ],
)
def test_the_line_of_what_is_not_there_is_its_nearest_parents(keys: tuple[str | int, ...], line: int) -> None:
    assert read_yaml(TEXT, "a.yml").line(*keys) == line


def test_front_matter_counts_lines_of_its_file() -> None:
    located = read_yaml("model: x\nparams: {a: 1}\n", "p.md", first_line=2)
    assert located.line("model") == 2
    assert located.line("params", "a") == 3
    assert refusal("a: 1\na: 2", first_line=5) == [
        "a.yml:6: duplicate key 'a': it is on line 5 already. Keep one of them."
    ]
    assert refusal("a: 'x", first_line=5)[0].startswith("a.yml:5: not valid YAML")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", b"", b"\xef\xbb\xbf"])
def test_nothing_at_all_is_none(text: str | bytes) -> None:
    located = read_yaml(text, "a.yml")
    assert located.value is None
    assert located.line("a") >= 1


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        # from the campaign: strings stay strings
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("0123", "0123"), ("1:30", "1:30"),
        ("2026-13-45", "2026-13-45"), ("2026-01-31", "2026-01-31"), ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ("1_000", "1_000"), ("0x1F", "0x1F"), ("0o17", "0o17"), ("0b11", "0b11"), ("+49123", "+49123"), ("00.5", "00.5"),
        ("--", "--"), ("1.2.3", "1.2.3"), ("1e", "1e"), (".", "."), ("=", "="), ("nan", "nan"), ("-01", "-01"),
        # JSON's numbers, booleans and null, as in YAML 1.2's core schema
        ("0", 0), ("-7", -7), ("1.10", 1.1), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        # quoted and block text is text
        ("'true'", "true"), ('"1"', "1"), ("''", ""), ("|\n  1\n", "1\n"), (">-\n  a\n  b\n", "a b"), ('"\\u00e9\\n"', "é\n"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_scalar_is_what_it_looks_like_to_json(scalar: str, value: object) -> None:
    found = read_yaml(f"k: {scalar}", "a.yml").value["k"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_their_text() -> None:
    assert read_yaml("1: a\n'2': b\non: c\nno: d\n'': e\n'<<': f\n2026-01-01: g", "a.yml").value == {
        "1": "a", "2": "b", "on": "c", "no": "d", "": "e", "<<": "f", "2026-01-01": "g",
    }  # fmt: skip


REFUSED = {
    "alias": ("a: &x 1\nb: *x", ["a.yml:1: the anchor &x is not allowed here. Write the value out where it is used.",
                                "a.yml:2: the alias *x is not allowed here. Write the value out."]),
    "recursive alias": ("&a [*a]", ["a.yml:1: the anchor &a is not allowed here. Write the value out where it is used.",
                                   "a.yml:1: the alias *a is not allowed here. Write the value out."]),
    "alias as key": ("a: 1\n*x : 1", ["a.yml:2: the alias *x is not allowed here. Write the value out."]),
    "python tag": ("!!python/object/apply:os.system ['x']",
                   ["a.yml:1: the tag !!python/object/apply:os.system is not allowed here. Write plain text, numbers, lists and mappings."]),
    "harmless tag": ("a: !!str 3", ["a.yml:1: the tag !!str is not allowed here. Write plain text, numbers, lists and mappings."]),
    "binary": ("a: !!binary aGk=", ["a.yml:1: the tag !!binary is not allowed here. Write plain text, numbers, lists and mappings."]),
    "own tag": ("%TAG ! tag:x,2000:\n---\na: !y 3",
                ["a.yml:3: the tag tag:x,2000:y is not allowed here. Write plain text, numbers, lists and mappings."]),
    "duplicate key": ("fail_on: regression\nfail_on: never",
                      ["a.yml:2: duplicate key 'fail_on': it is on line 1 already. Keep one of them."]),
    "nested duplicates": ("a:\n  b: 1\n  b: 2\nc: {d: 1, d: 2}",
                          ["a.yml:3: duplicate key 'b': it is on line 2 already. Keep one of them.",
                           "a.yml:4: duplicate key 'd': it is on line 4 already. Keep one of them."]),
    "key 1 twice": ("1: a\n'1': b", ["a.yml:2: duplicate key '1': it is on line 1 already. Keep one of them."]),
    "merge key": ("<<: {a: 1}", ["a.yml:1: the merge key << is not allowed here. Write the keys out."]),
    "not a number": ("a: .nan", ["a.yml:1: .nan is not a finite number. Numbers here are finite; put it in quotes if it is text."]),
    "infinity": ("a: -.INF", ["a.yml:1: -.INF is not a finite number. Numbers here are finite; put it in quotes if it is text."]),
    "too large": ("a: 1e999", ["a.yml:1: 1e999 is not a finite number. Numbers here are finite; put it in quotes if it is text."]),
    "many digits": (f"a: {'9' * 5000}", ["a.yml:1: a number has more than 300 digits. Put it in quotes."]),
    "list as key": ("[a]: 1", ["a.yml:1: a key must be a string, not a list or a mapping. Put text that holds [ ] { } in quotes."]),
    "mapping as key": ("? {a: 1}\n: 1",
                       ["a.yml:1: a key must be a string, not a list or a mapping. Put text that holds [ ] { } in quotes."]),
    "null key": ("~: 1", ["a.yml:1: a key must be a string, not '~'. Put it in quotes."]),
    "empty key": ("? \n: 1", ["a.yml:1: a key must be a string, not nothing. Write the key before ':'."]),
    "true as key": ("true: 1", ["a.yml:1: a key must be a string, not 'true'. Put it in quotes."]),
    "fraction as key": ("1.5: 1", ["a.yml:1: a key must be a string, not '1.5'. Put it in quotes."]),
    "two documents": ("a: 1\n---\nb: 2", ["a.yml:2: a second document begins here. Keep one document a file: remove the '---'."]),
    "UTF-16": ("a: 1".encode("utf-16"), ["a.yml:1: is UTF-16. Save it as UTF-8."]),
    "UTF-16 without its mark": ("a: 1".encode("utf-16-le"), ["a.yml:1: holds a NUL byte, so it is not UTF-8 text. Save it as UTF-8."]),
    "NUL": (b"a: 1\nb: \0", ["a.yml:2: holds a NUL byte, so it is not UTF-8 text. Save it as UTF-8."]),
    "NUL in text": ("a: 1\nb: \0", ["a.yml:2: holds a NUL byte, so it is not UTF-8 text. Save it as UTF-8."]),
    "Latin-1": ("a: 1\nb: ä".encode("latin-1"), ["a.yml:2: is not UTF-8: byte 0xe4. Save it as UTF-8."]),
    "lone carriage return": ("a: 1\nb: 2\rc: 3", ["a.yml:2: has a carriage return that ends no line. Use \\n or \\r\\n line ends."]),
    "half a surrogate": ("a: 1\nb: \ud800", ["a.yml:2: holds half of a surrogate pair, which is no character. Save it as UTF-8."]),
    "control character": ("a: 1\nb: \x07", ["a.yml:2: holds the control character U+0007. Remove it."]),
    "deep flow": ("[" * 50_000, ["a.yml:1: nests deeper than 100 levels."]),
    "deep blocks": ("".join(f"{' ' * level}a:\n" for level in range(200)), ["a.yml:101: nests deeper than 100 levels."]),
    "too large a file": ("a" * (5 * 1024 * 1024 + 1), ["a.yml:1: is larger than 5 MiB. Split it."]),
    "unclosed quote": ("a: 'x", ["a.yml:1: not valid YAML: found unexpected end of stream. A quote is not closed."]),
    "unclosed bracket": ("a: [1, 2", ["a.yml:1: not valid YAML: did not find expected ',' or ']'. A [ or { is not closed, or a comma is missing."]),
    "colon in text": ("a: b: c", ["a.yml:1: not valid YAML: mapping values are not allowed in this context. "
                                 "Put text that holds ': ' in quotes, and check the indentation."]),
    "tab": ("a:\n\tb: 1", ["a.yml:2: not valid YAML: found character that cannot start any token. "
                           "Indent with spaces, and put text that begins with @, %, ` or a tab in quotes."]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "messages"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_place_and_remedy(text: bytes | str, messages: list[str]) -> None:
    assert refusal(text) == messages


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffa: 1\r\nb: 2\r\n", b"a: 1\r\nb: 2", b"\xef\xbb\xbfa: 1\nb: 2",
        "---\na: 1\nb: 2\n...\n", "%YAML 1.2\n---\na: 1\nb: 2",
    ],
)  # fmt: skip
def test_a_byte_order_mark_crlf_and_document_marks_are_fine(text: bytes | str) -> None:
    assert read_yaml(text, "a.yml").value == {"a": 1, "b": 2}


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\u2029"])
def test_what_no_editor_takes_for_a_line_end_is_text(char: str) -> None:
    located = read_yaml(f'a: "x {char} y\ue000"\nb: x{char}y\nc: |\n  x {char}  y\nd: 1', "a.yml")
    assert located.value == {"a": f"x {char} y\ue000", "b": f"x{char}y", "c": f"x {char}  y\n", "d": 1}
    assert located.line("d") == 5


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{now}: &{now} [{','.join([f'*{before}'] * 9)}]\n" for before, now in zip("abcdefgh", "bcdefghi", strict=True)
    )
    started = time.perf_counter()
    messages = refusal(bomb)
    assert time.perf_counter() - started < 0.1
    assert len(messages) == 17


def test_a_file_full_of_mistakes_gives_twenty_of_them() -> None:
    messages = refusal("\n".join(f"k{i}: *x{i}" for i in range(100)))
    assert len(messages) == 21
    assert messages[-1] == "a.yml: more problems follow; only these are shown."


def test_a_large_file_is_read_within_seconds() -> None:
    rows = "- {id: g-1, input: {question: 'how do I get my money back?'}, tags: [a, b, c]}\n" * 5_000
    started = time.perf_counter()
    assert len(read_yaml(rows, "a.yml").value) == 5_000
    assert time.perf_counter() - started < 5


def test_json_knows_its_lines_too() -> None:
    located = read_json(
        '{\n "name": "x: {[",\n "examples": [\n  {"id": "a"},\n  {"id": "b",\n   "input": {}}\n ]\n}', "a.json"
    )
    assert located.value["examples"][1] == {"id": "b", "input": {}}
    assert located.line() == 1
    assert located.line("name") == 2
    assert located.line("examples", 0) == 4
    assert located.line("examples", 1, "id") == 5
    assert located.line("examples", 1, "input") == 6
    assert located.line("examples", 1, "nothing") == 5


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["a.json:1: not valid JSON: it ends too early."]),
        ('{"a": 1,\n "a": 2}', ["a.json:2: duplicate key 'a': it is on line 1 already. Keep one of them."]),
        ('{"a": 1,\n "\\u0061": 2}', ["a.json:2: duplicate key 'a': it is on line 1 already. Keep one of them."]),
        ("[1,\nNaN]", ["a.json:2: not valid JSON: NaN is not a number here."]),
        ("[1,\n-Infinity]", ["a.json:2: not valid JSON: -Infinity is not a number here."]),
        ("[1,\n1e999]", ["a.json:2: not valid JSON: 1e999 is too large to be a number here."]),
        ("[NaN}}", ["a.json:1: not valid JSON: NaN is not a number here."]),
        ("[1,\n2", ["a.json:2: not valid JSON: it ends too early."]),
        ("[1,\n2,]", ["a.json:2: not valid JSON: illegal trailing comma before end of array."]),
        ("[" * 50_000, ["a.json:1: nests deeper than 100 levels."]),
        ('{"a":' * 50_000, ["a.json:1: nests deeper than 100 levels."]),
        ('[1,\n"\\ud800"]', ["a.json:2: holds half of a surrogate pair, which is no character."]),
        ("[]".encode("utf-16"), ["a.json:1: is UTF-16. Save it as UTF-8."]),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_json_is_refused_with_place(text: bytes | str, messages: list[str]) -> None:
    found = refusal(text, json_file=True)
    if "comma" in messages[0]:  # the standard library's words for it differ between versions
        assert found[0].startswith("a.json:2: not valid JSON: ")
    else:
        assert found == messages


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab1\"\\{[:,é", max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=100)
@given(JSON, st.sampled_from([None, 1]))
def test_json_reads_the_same_and_every_line_is_in_the_file(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    located = read_json(text, "a.json")
    assert located.value == value
    _walk(located, value, (), text.count("\n") + 1)


def _walk(located: Located, value: object, keys: tuple[str | int, ...], last: int) -> None:
    assert 1 <= located.line(*keys) <= last
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        assert located.line(*keys, key) >= located.line(*keys)
        _walk(located, inner, (*keys, key), last)


@settings(max_examples=200)
@given(st.text(st.sampled_from(list("ab1:-,[]{}&*!|>'\"%@#?~<.\n \t\r\0\ufeff\u2028é")), max_size=40))
def test_whatever_the_text_only_a_config_error_comes_out(text: str) -> None:
    for read in (read_yaml, read_json):
        try:
            located = read(text, "a.yml")
        except ConfigError as error:
            places = {problem.path for problem in error.problems}
        else:
            json.dumps(located.value, allow_nan=False)
            places = {located.path}
            assert located.line() >= 1
        assert places == {"a.yml"}


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_whatever_the_bytes_only_a_config_error_comes_out(data: bytes) -> None:
    for read in (read_yaml, read_json):
        try:
            located = read(data, "a.yml")
        except ConfigError:
            continue
        json.dumps(located.value, allow_nan=False)
