"""The fault matrix, whole: one fault a case, and one line of what came of them.

    python -m tests.campaign.matrix [--jobs 2] [--family NAME …] [--only WORDS] [--record]

`--record` writes what each family that was run whole has counted to tests/campaign/matrix/record.json; docs/security.md quotes their sum.
The exit status is 1 where anything but the number of cases and faults is not 0.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime

from tests.campaign.matrix.record import COMMAND, RECORD, Told, kept
from tests.campaign.matrix.tally import FAMILIES, Tally, tallied


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cases at once")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="only this family; may be repeated")
    parser.add_argument("--only", default="", help="only cases whose name holds these words")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    asked = parser.parse_args()
    done: dict[str, Tally] = {}
    for name in asked.family or FAMILIES:
        started = time.monotonic()
        done[name] = tally = tallied((case for case in FAMILIES[name].cases() if asked.only in str(case)), asked.jobs)
        for line in tally.lines:
            print(line)
        print(f"{name}: {tally.cases:,} cases, {time.monotonic() - started:.0f} s with {asked.jobs} at once", file=sys.stderr, flush=True)
        if asked.record and not asked.only:
            kept({name: tally}, f"{datetime.now(UTC):%Y-%m-%d}")
    counts = sum((tally.counts for tally in done.values()), start=Tally().counts)
    families = {name: tally.cases for name, tally in done.items()}
    found = Told(sum(families.values()), sum(len(tally.injected) for tally in done.values()), counts, families, "")
    print(f"{found.sentence}\nbeside these: {found.beside}\nby family: {', '.join(f'{name} {count:,}' for name, count in families.items())}")
    sys.exit(1 if any(tally.lines for tally in done.values()) else 0)


if __name__ == "__main__":
    main()
