"""What is too heavy for every run (docs/decisions/0126): where nothing may be skipped, its tests are run only where it is named."""

from __future__ import annotations

import os

_BESIDE = {
    "EVALBOT_MOTO": "sources/test_stores.py", "EVALBOT_PHOENIX": "sources/test_phoenix.py",
    "EVALBOT_AZURITE": "sources/test_stores_of_azure.py", "EVALBOT_NAMES": "people/test_presidio.py",
}  # fmt: skip
collect_ignore = [file for name, file in _BESIDE.items() if os.environ.get("CI") and not os.environ.get(name)]
