"""A bill of materials (CycloneDX 1.6, JSON): every installed distribution with its version and hashes, held against the lock.

    python tools/sbom.py --lock requirements/runtime.txt > sbom.cdx.json

It looks at the Python that runs it. A distribution that the lock does not know in that version is an error: what is
installed is then not what was reviewed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

OURS = "evalbot"
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

Lock = Mapping[str, Mapping[str, tuple[str, ...]]]


def read_lock(text: str) -> Lock:
    """Name → version → sha256 of the files that pip takes for it."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for pin in _PINNED.finditer(text):
        found.setdefault(normal(pin["name"]), {})[pin["version"]] = tuple(_HASH.findall(pin["rest"]))
    return found


def normal(name: str) -> str:
    """A name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bill(installed: Iterable[Distribution], lock: Lock) -> tuple[dict[str, object], list[str]]:
    """The bill, and what is installed but not locked (`name version`), sorted by name."""
    found = {normal(dist.name): dist for dist in installed}
    strange = [f"{name} {dist.version}" for name, dist in sorted(found.items()) if name != OURS and not lock.get(name, {}).get(dist.version)]
    components = [_component(name, dist, lock.get(name, {}).get(dist.version, ())) for name, dist in sorted(found.items())]
    document: dict[str, object] = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "name": OURS, "version": found[OURS].version if OURS in found else "unknown"}},
        "components": components,
    }  # fmt: skip
    return document, strange


def _component(name: str, dist: Distribution, hashes: tuple[str, ...]) -> dict[str, object]:
    purl = f"pkg:pypi/{name}@{dist.version}"
    return {
        "type": "library", "bom-ref": purl, "name": name, "version": dist.version, "purl": purl,
        # Of what is installed, file by file (RECORD); below, of the files that it may have come from (the lock).
        "hashes": [{"alg": "SHA-256", "content": _record(dist)}],
        "externalReferences": [
            {"type": "distribution", "url": f"https://pypi.org/project/{name}/{dist.version}/", "hashes": [{"alg": "SHA-256", "content": one} for one in hashes]}
        ] if hashes else [],
    }  # fmt: skip


def _record(dist: Distribution) -> str:
    """sha256 over the names and hashes of the distribution's own files: those that its installer wrote down."""
    lines = sorted(f"{file}:{_hex(file.hash.value)}" for file in dist.files or () if file.hash is not None)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _hex(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()


def main(words: list[str]) -> int:
    """Print the bill; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--lock", type=Path, action="append", required=True, help="hash-locked requirements")
    asked = parser.parse_args(words)
    document, strange = bill(distributions(), read_lock("\n".join(path.read_text(encoding="utf-8") for path in asked.lock)))
    print(json.dumps(document, indent=1))
    if strange:
        print(f"sbom: installed, but not locked: {', '.join(strange)}", file=sys.stderr)
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
