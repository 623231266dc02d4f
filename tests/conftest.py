"""Fixtures that many tests use."""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import settings

from tests.longer import FULL

# What hypothesis draws is the same in every run of `make test`, and new in every run of `make campaign`. No test is judged by its time.
settings.register_profile("evalbot", derandomize=not FULL, deadline=None, database=None, print_blob=FULL)
settings.load_profile("evalbot")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skipped test is a failure: there everything is installed that a test could need."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture
def no_waiting(monkeypatch):
    """Retries wait no time; everything else of the event loop is as it is."""
    real = asyncio.sleep
    from evalbot.engine import gateway

    defaults = dict(gateway.Gateway.__init__.__kwdefaults__)
    monkeypatch.setattr(gateway.Gateway.__init__, "__kwdefaults__", defaults | {"sleep": lambda seconds: real(0)})
