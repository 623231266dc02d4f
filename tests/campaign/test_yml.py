"""YML: what a YAML or JSON file can do to whoever reads it: nothing, and it is said in one line where."""

from __future__ import annotations

import time

import pytest

from tests.app.checking import CONFIG, PROMPT, House, few, golden, lines
from tests.loopback import Answer

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 10))


def check(tmp_path, text, *, name="evalbot.yml"):
    return House(tmp_path, few()).head(SAME | {name: text}).check()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(BOMB + CONFIG, "evalbot.yml:1: .*anchor", id="YML-01 alias bomb"),
        pytest.param("a: &a [*a]\n" + CONFIG, "evalbot.yml:1: .*(anchor|alias)", id="YML-02 recursive alias"),
        pytest.param(CONFIG + "x: !!python/object/apply:os.system ['touch /tmp/owned']\n", "evalbot.yml:8: .*tag", id="YML-04 tag"),
        pytest.param(CONFIG + "    owner: a\n    owner: b\n", "evalbot.yml:9: .*evalbot.yml:8|evalbot.yml:9: .*line 8|evalbot.yml:9", id="YML-05 duplicate key"),
        pytest.param(CONFIG + "run: {seed: 2026-13-45}\n", "evalbot.yml:8: ", id="YML-08 a date that is none"),
        pytest.param(CONFIG + "run: {budget_usd: .nan}\n", "evalbot.yml:8: ", id="YML-08 not a number"),
        pytest.param(CONFIG + "---\nversion: 1\n", "evalbot.yml:8: ", id="YML-10 two documents"),
        pytest.param("\0" + CONFIG, "evalbot.yml:1: ", id="YML-10 NUL"),
        pytest.param(CONFIG.encode("utf-16"), "evalbot.yml.*UTF-8", id="YML-10 UTF-16"),
        pytest.param("[" * 5000, "evalbot.yml:1: ", id="YML-02 depth"),
    ],
)
def test_YML_a_hostile_file_is_refused_with_its_place(tmp_path, text, said):
    import re

    started = time.process_time()
    result = check(tmp_path, text)

    assert result.verdict == "config_error"
    assert re.search(said, "\n".join(map(str, result.record.problems)))
    assert result.server.calls == []
    assert time.process_time() - started < 20, "seconds of our own: far from what an expanded bomb takes"


@pytest.mark.parametrize("text", ["\ufeff" + CONFIG, CONFIG.replace("\n", "\r\n")], ids=["byte order mark", "CRLF"])
def test_YML_10_a_byte_order_mark_and_crlf_are_fine(tmp_path, text):
    assert check(tmp_path, text).verdict == "pass"


def test_YML_05_both_lines_of_a_duplicate_key_are_named(tmp_path):
    result = check(tmp_path, CONFIG + "    gates: {}\n    gates: {scores: {min_effect: 4}}\n")

    said = str(result.record.problems[0])
    assert "evalbot.yml:9" in said
    assert "8" in said.split(":", 2)[2]


@pytest.mark.parametrize("scalar", ["no", "0123", "1:30", "1e3", "1.10"])
def test_YML_07_an_expected_output_stays_the_text_that_was_written_or_asks_for_quotes(tmp_path, scalar):
    rows = f"- {{id: y-1, partition: golden, reviewers: [a, b], input: {{user_input: x}}, expected_output: {scalar}}}\n"
    config = CONFIG.replace("evals/*.jsonl", "evals/all.yaml").replace("judge: anthropic/claude-sonnet-5", "metrics: [exact]") + "metrics:\n  exact: {type: exact_match}\n"
    start = {"evalbot.yml": config, "prompts/support.md": PROMPT.format(quality="good"), "evals/all.yaml": rows}

    result = House(tmp_path, start).head(SAME).check(lambda call: Answer(scalar))

    if result.verdict == "config_error":
        assert "evals/all.yaml:1" in str(result.record.problems[0])
    else:
        assert result.verdict == "pass", "the model said exactly what stands in the file"


@pytest.mark.parametrize(
    ("score", "scored"),
    [("5", True), ("NaN", False), ("Infinity", False), ("1e999", False), ('1, "score": 5', False)],
    ids=["a number", "NaN", "infinity", "overflow", "twice"],
)
def test_YML_11_a_judges_reply_that_is_no_strict_json_scores_nothing(tmp_path, score, scored, no_waiting):
    house = House(tmp_path, few()).head(SAME)
    reply = '{"reasoning": "x", "strengths": [], "weaknesses": [], "score": ' + score + "}"

    result = house.check(lambda call: "answer of quality=same to r-01" if call.schema is None else reply)

    assert result.verdict == ("pass" if scored else "inconclusive")
    assert set(result.summary["coverage"]["errors"]) == (set() if scored else {"judge_error"})
    assert {row["scores"]["judge"]["value"] for row in result.rows} == ({5.0} if scored else {None})


def test_YML_04_no_module_of_ours_loads_yaml_without_a_safe_loader():
    import re
    from pathlib import Path

    import evalbot

    found = [path.name for path in Path(evalbot.__file__).parent.rglob("*.py") if re.search(r"yaml\.(load|unsafe_load|full_load)\(|UnsafeLoader|FullLoader", path.read_text())]
    assert found == []


def test_YML_08_nothing_that_a_dataset_says_escapes_as_another_error(tmp_path):
    rows = lines(golden(1)) + '{"id": "x", "partition": "golden", "input": {"user_input": "' + "\\ud800" + '"}, "created_at": "2026-13-45"}\n'

    result = House(tmp_path, few()).head(SAME | {"evals/golden.jsonl": rows}).check()

    assert result.verdict in ("config_error", "fail", "pass")
