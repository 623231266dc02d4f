"""`summary.json` has every key that programs rely on, and no number that JSON does not know."""

from __future__ import annotations

import json
import math

import pytest

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Coverage, Test
from evalbot.report.accepting import findings_id
from evalbot.report.summary import summary, to_json
from tests.builders import HEAD_SHA, a_comparison, a_decision, a_finding, a_record
from tests.report.situations import SITUATIONS, config_error, fail, outage

# Written down from the documented example of schema evalbot.summary/1, not from the code.
KEYS = {
    "": "schema verdict reason event pull_request key base_sha head_sha policy_sha changed_prompts comparisons partitions golden findings "
    "coverage cost_usd calls judges started_at seconds",
    "changed_prompts": "suite prompt path causes",
    "comparisons": "suite prompt partition metric n_planned n_base n_head n_pairs base_mean head_mean effect conclusion assurance gated welch "
    "paired p_holm min_detectable_effect drop_bound",
    "partitions": "suite prompt partition side planned passed failed unscored added latency_ms failure_reasons",
    "golden": "suite prompt example partition status head_failures base_failures runs",
    "findings": "id rule level message examples",
    "judges": "metric judge_id model samples",
}


def test_flips_slices_and_the_noise_floor_are_there_for_programs() -> None:
    found = summary(fail())
    regression = next(flips for flips in found["flips"] if flips["partition"] == "regression")
    assert (len(regression["pass_to_fail"]), regression["fail_to_pass"]) == (15, ["r-31"])
    assert regression["mcnemar"] == {"p_mid": 0.0003, "p_exact": 0.0005}
    assert [row["tag"] for row in found["slices"]] == ["refund", "billing", "greeting"]
    assert found["noise"] == [{"suite": "support", "runs": 3, "rows": 12, "false_alarms": 0, "points": 0.11}]
    assert (found["flakes"], found["comparisons"][0]["sensitive_to_missing"]) == ([], False)


def test_every_documented_key_is_there() -> None:
    found = summary(fail())
    assert found["schema"] == "evalbot.summary/1"
    for part, keys in KEYS.items():
        for item in [found] if not part else found[part]:
            assert set(keys.split()) <= set(item), part
    assert set(found["coverage"]) == {"planned", "scored", "errors"}
    assert found["calls"] == {"model": 180, "judge": 180, "cached": 0, "retried": 3}
    assert set(found["comparisons"][0]["welch"]) == {"t", "df", "p", "ci"}


def test_signs_and_words_are_the_decisions_own() -> None:
    row = summary(fail())["comparisons"][1]
    assert (row["effect"], row["welch"]["t"], row["welch"]["ci"]) == (-0.8, 2.9, [-1.35, -0.25])
    assert (row["conclusion"], row["assurance"]) == ("regression", "shown")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_is_strict_json_that_reads_back(situation: str) -> None:
    found = summary(SITUATIONS[situation]())
    text = to_json(found)
    assert text.endswith("}\n")
    assert json.loads(text, parse_constant=pytest.fail) == found


def test_what_is_not_a_number_is_null() -> None:
    row = a_comparison(effect=math.nan, base_mean=math.inf, welch=Test(None, None, 1.0, (math.nan, 0.0)))
    found = summary(a_record(a_decision(comparisons=(row,)), seconds=math.nan))
    assert found["comparisons"][0]["effect"] is None
    assert found["comparisons"][0]["welch"] == {"t": None, "df": None, "p": 1.0, "ci": [None, 0.0]}
    assert found["seconds"] is None
    with pytest.raises(ValueError, match="JSON"):
        to_json({"x": math.nan})


def test_an_unknown_price_is_null_and_errors_are_counts() -> None:
    found = summary(outage())
    assert found["cost_usd"] is None
    assert found["coverage"] == {"planned": 6, "scored": 3, "errors": {"target_error": 3}}


def test_a_configuration_error_lists_its_problems_with_their_places() -> None:
    assert summary(config_error())["problems"][0] == {
        "message": "there is no metric 'toen'.", "path": "evalbot.yml", "line": 14, "hint": "Did you mean 'tone'?",
    }  # fmt: skip


def test_a_run_with_nothing_in_it_has_every_key_too() -> None:
    found = summary(RunRecord(a_decision("not_applicable", "", coverage=Coverage())))
    assert set(KEYS[""].split()) <= set(found)


def test_half_a_character_does_not_break_the_file() -> None:
    to_json(summary(a_record(a_decision(reason="\ud800\x00")))).encode()


def test_a_findings_id_is_the_first_digits_of_a_hash_over_head_and_sorted_ids() -> None:
    # sha256 of b"head\n" and so on, worked out by hand here rather than taken from the function.
    from hashlib import sha256

    findings = [
        a_finding("new_failure", example="b"),
        a_finding("new_failure", example="a"),
        a_finding("flaky", "notes"),
        a_finding("policy_changed"),
    ]
    ids = sorted(finding.id for finding in findings[:2])
    assert findings_id(HEAD_SHA, findings) == sha256(f"{HEAD_SHA}\n{ids[0]}\n{ids[1]}".encode()).hexdigest()[:8]
    assert findings_id("other", findings) != findings_id(HEAD_SHA, findings)
    assert findings_id(HEAD_SHA, findings[2:]) is None
    assert findings_id(HEAD_SHA, []) is None
