"""Print docs/security.md from the registry of threats and from the tests that carry its cases: python tools/security_page.py > docs/security.md"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.campaign.matrix.record import COMMAND, RECORD, told
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

MATRIX = """\
`python -m tests.campaign.matrix` (a part of `make campaign`; a fixed sample is in `make test`) injects one fault a run: of a provider (answers of
both interfaces, grades of judges, jurors and pairs, embeddings), of GitHub (on a pull request, in a merge queue, at a push), of the machine,
of a harvest's source and of the monitor's neighbours, at every call, route, statement and file, on either side, by partition and by phase. It counts a fault as
injected where the loopback server, or the wrapper around a file, says that it struck. In half of the cases head really is worse. What a run
may say is worked out from the contract alone (`tests/campaign/matrix/oracle.py`), and each run is repeated without its fault: then it
must say the truth, with one comment, and ask only for what was in flight or never answered. Two limits of this: where a full disk takes nothing
any more, the answer and the grade of each open row are paid for again; where there is no memory left at all, so is what could not be received,
and the interpreter itself may end by a signal: no verdict, and red.

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
    return HEAD + "\n".join(rows) + "\n" + _matrix() + "".join(lists)


def _matrix(path: Path = RECORD) -> str:
    """What the fault matrix counted when it was last run; nothing where it has left no record."""
    found = told(path)
    if found is None:
        line = ""
    else:
        families = ", ".join(f"{count:,} {name}" for name, count in found.families.items())
        line = f"`{COMMAND}`, {found.since}: **{found.sentence}**. Beside these: {found.beside}. By family: {families}.\n"
    return f"\n## One fault at a time\n\n{MATRIX}{line}"


def _tests(cases: list[str], found: dict[str, list[str]]) -> str:
    proved = [f"[{case}](../{found[case][0]})" for case in cases if case in found]
    return ", ".join(proved)


if __name__ == "__main__":
    main()
