"""Fixtures that many tests use."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture
def no_waiting(monkeypatch):
    """Retries wait no time; everything else of the event loop is as it is."""
    real = asyncio.sleep
    from evalbot.engine import gateway

    defaults = dict(gateway.Gateway.__init__.__kwdefaults__)
    monkeypatch.setattr(gateway.Gateway.__init__, "__kwdefaults__", defaults | {"sleep": lambda seconds: real(0)})
