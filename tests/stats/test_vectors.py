"""No published number lies here unused."""

from __future__ import annotations

import re
from pathlib import Path

from tests.stats.vectors import CASES


def test_every_kind_of_vector_is_reproduced_by_a_test():
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert {case["kind"] for case in CASES} == set(re.findall(r'of_kind\("(\w+)"\)', tests))


def test_every_vector_names_its_source_and_tolerance():
    assert all(case["source"] and 0 < case["tol"] <= 1e-4 for case in CASES)
