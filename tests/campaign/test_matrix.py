"""The fault matrix: a fixed sample of it, the oracle's own tests, and that the published figures are of the cases that there are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import islice

import pytest

from tests.campaign.matrix.cases import Case, Seen
from tests.campaign.matrix.oracle import complaints
from tests.campaign.matrix.provider_faults import OF
from tests.campaign.matrix.record import RECORD, told
from tests.campaign.matrix.tally import FAMILIES, every_case, tallied
from tests.needs import need

SAMPLES = {"provider": 12, "interfaces": 5, "github": 6, "machine": 5, "memory": 1, "runner": 1, "commits": 3, "harvest": 4, "monitor": 4}
LOST = Case("provider", "500", "judge", "head", "golden", "lasting", planted=True)
OUTAGE = replace(LOST, planted=False)
WELL = Seen(1, "inconclusive", 3, complete=False, healed="fail")


@pytest.mark.campaign
@pytest.mark.parametrize("family", SAMPLES)
def test_a_sample_of_the_matrix_says_what_the_contract_allows(family):
    cases = [case for case in FAMILIES[family].cases() if case.fault not in ("timeout", "drip")]
    step = len(cases) // SAMPLES[family]

    need("redis", family != "monitor" or shutil.which("redis-server"), "apt install redis-server")
    tally = tallied(islice(cases[step // 2 :: step], SAMPLES[family]))

    assert tally.lines == []
    assert len(tally.injected) == tally.cases == SAMPLES[family]


@pytest.mark.parametrize("name", ["interfaces × 500 × juror × base × golden × throughout × worse"])
def test_what_the_matrix_has_found_once_stays_found(name):
    """A juror that fails while a failure is confirmed: what the other one said there was paid for again."""
    chosen = [replace(case, planted=True) for case in FAMILIES["interfaces"].cases() if str(replace(case, planted=True)) == name]
    assert (tallied(chosen).lines, len(chosen)) == ([], 1)


def test_there_are_more_than_a_thousand_faults_and_no_two_are_one():
    cases = every_case()
    assert len({case.distinct for case in cases}) == len(cases) > 1000
    for family in FAMILIES:
        assert {case.planted for case in cases if case.family == family} == {True, False}
    assert {case.fault for case in cases if case.family in ("provider", "interfaces")} == {fault for faults in OF.values() for fault in faults}


def test_what_is_published_was_measured_with_the_cases_that_there_are():
    found = told()
    assert found is not None
    assert found.families == dict(sorted((name, len(list(family.cases()))) for name, family in FAMILIES.items())), "run `python -m tests.campaign.matrix --record` again"
    assert found.cases == found.injected
    assert not any(found.counts.values()), f"{RECORD.name} is of a run that went wrong"


@pytest.mark.parametrize(
    ("case", "seen", "kind"),
    [
        (LOST, replace(WELL, verdict="pass", status=0), "false passes"),
        (LOST, replace(WELL, green=True), "false passes"),
        (LOST, replace(WELL, healed="pass"), "false passes"),
        (replace(OUTAGE, phase="first"), replace(WELL, verdict="pass", status=0, healed="pass"), "false passes"),
        (OUTAGE, replace(WELL, verdict="fail", status=1, healed="pass"), "false regressions"),
        (OUTAGE, replace(WELL, blamed=frozenset({"conclusion"}), healed="pass"), "false regressions"),
        (LOST, replace(WELL, leaks=("log",)), "keys leaked"),
        (LOST, replace(WELL, lost=1), "paid answers lost"),
        (LOST, replace(WELL, duplicates=1), "duplicate comments"),
        (LOST, replace(WELL, fired=0), "not injected"),
        (LOST, replace(WELL, status=1), "other statuses"),
        (LOST, replace(WELL, verdict="config_error", status=2), "other verdicts"),
        (replace(LOST, family="github", boundary="POST comment", phase="once"), replace(WELL, complete=True), "other verdicts"),
    ],
)
def test_the_oracle_complains(case, seen, kind):
    assert kind in {found for found, _ in complaints(case, seen)}


def test_the_oracle_is_content_with_what_is_right():
    assert list(complaints(LOST, WELL)) == []
    assert list(complaints(LOST, replace(WELL, verdict="fail", status=1))) == []
    assert list(complaints(OUTAGE, replace(WELL, healed="pass"))) == []
    assert list(complaints(replace(LOST, phase="first"), Seen(1, "fail", 1, healed="fail"))) == []
