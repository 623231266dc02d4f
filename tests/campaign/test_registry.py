"""The registry of threats agrees with the tests that exist, and the page that is generated from it with both."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.campaign import registry
from tests.campaign.registry import (
    CASES,
    COMPLETE,
    ELSEWHERE,
    NOT_HERE,
    TESTS,
    THREATS,
    cases_in,
    every_case,
    of,
    proofs,
)

ROOT = TESTS.parent


def test_every_case_of_a_complete_group_has_a_test_or_a_reason():
    found = proofs()
    open_ones = [case for case in every_case() if case.split("-")[0] in COMPLETE and case not in found and case not in NOT_HERE]
    assert open_ones == []


def test_no_test_carries_the_id_of_a_case_that_does_not_exist():
    assert sorted(set(proofs()) - set(every_case())) == []


def test_a_case_that_does_not_apply_has_no_test():
    assert sorted(set(NOT_HERE) & set(proofs())) == []


def test_what_is_done_otherwise_is_proved_too():
    assert sorted(set(registry.OTHERWISE) - set(proofs())) == []


def test_every_case_belongs_to_a_threat():
    assert sorted(set(every_case()) - {case for threat in THREATS for case in of(threat)} - set(NOT_HERE)) == []


@pytest.mark.parametrize("name", sorted({name for names in ELSEWHERE.values() for name in names}))
def test_a_test_that_proves_a_case_under_another_name_exists(name):
    path, _, function = name.partition("::")
    assert re.search(rf"^def {function}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_ids_are_found_in_names_parameters_and_comments_and_nowhere_else():
    source = 'def test_GH_05_and_GH_07_x(): pass\ndef test_md_13_y():  # campaign YML-01, 02, DAT-05\n    "CFG-01 a"; "MD-01"; CMD_01 = "see GH-99"\n'
    assert cases_in(source) == {"GH-05", "GH-07", "MD-13", "YML-01", "YML-02", "DAT-05", "CFG-01", "MD-01"}
    assert cases_in("") == set()


def test_the_page_is_what_the_registry_and_the_tests_say():
    printed = subprocess.run([sys.executable, "tools/security_page.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs/security.md").read_text() == printed, "run: python tools/security_page.py > docs/security.md"


def test_every_group_is_known():
    assert set(COMPLETE) <= set(CASES)
    assert registry.every_case().count("CFG-01") == 1
