"""What each dependency weighs in the image, as a table; run inside it, so it imports nothing but the standard library."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path


def weights() -> dict[str, int]:
    """Distribution → bytes of its files and their .pyc, of everything that is installed."""
    found = {}
    for distribution in metadata.distributions():
        paths = {Path(str(distribution.locate_file(file))) for file in distribution.files or ()}
        for path in list(paths):
            if path.suffix == ".py":
                paths |= set((path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc"))
        found[_name(distribution.metadata["Name"])] = sum(path.stat().st_size for path in paths if path.is_file())
    return found


def needed(root: str = "evalbot", extra: str = "monitor") -> set[str]:
    """The distributions that a package needs with one extra, and those that these need without any."""
    found, left = set(), [root]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [_name(need) for need in metadata.requires(name) or () if ("extra ==" not in need or (name == root and f"'{extra}'" in need)) and _installed(need)]
    return found


def _installed(requirement: str) -> bool:
    try:
        metadata.distribution(_name(requirement))
    except metadata.PackageNotFoundError:  # a marker that does not hold here
        return False
    return True


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


if __name__ == "__main__":
    json.dump({"weights": weights(), "needed": sorted(needed())}, sys.stdout)
