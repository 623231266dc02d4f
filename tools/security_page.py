"""Print docs/security.md from the registry of threats and from the tests that carry its cases: python tools/security_page.py > docs/security.md"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.campaign.registry import NOT_HERE, OTHERWISE, THREATS, of, proofs

HEAD = """\
# Threats and tests

evalbot holds keys, reads what strangers wrote and decides what may be merged. This page lists who could want something of it, what they
could try, what stands in the way, and which tests prove it. It is generated: `python tools/security_page.py > docs/security.md`.
How to report a vulnerability is in [SECURITY.md](../SECURITY.md).

Each case has an id, and each test that proves it carries that id in its name, in a parameter's name or in a comment. `make test` runs
all of them; `make campaign` runs the long form of those that have one. `make image` repeats the main ones with the built container.

| who | tries | what stands in the way | proved by |
|:--|:--|:--|:--|
"""


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


def page() -> str:
    """The whole page."""
    found = proofs()
    rows = [f"| {threat.who} | {threat.tries} | {threat.answer} | {_tests(of(threat), found)} |" for threat in THREATS]
    told = (("Where evalbot does otherwise than the case asks", OTHERWISE), ("Cases that do not apply", NOT_HERE))
    lists = [f"\n## {title}\n\n" + "\n".join(f"- {case}: {why}" for case, why in cases.items()) + "\n" for title, cases in told if cases]
    return HEAD + "\n".join(rows) + "\n" + "".join(lists)


def _tests(cases: list[str], found: dict[str, list[str]]) -> str:
    proved = [f"[{case}](../{found[case][0]})" for case in cases if case in found]
    return ", ".join(proved)


if __name__ == "__main__":
    main()
