"""Servers too heavy for every run (docs/decisions/0126): where nothing may be skipped, their tests are run only where they are named."""

from __future__ import annotations

import os

_BESIDE = {"EVALBOT_MOTO": "test_stores.py", "EVALBOT_PHOENIX": "test_phoenix.py"}
collect_ignore = [file for name, file in _BESIDE.items() if os.environ.get("CI") and not os.environ.get(name)]
