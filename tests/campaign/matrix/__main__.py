"""The fault matrix, whole: one fault a case, and one line of what came of them.

    python -m tests.campaign.matrix [--jobs 2] [--only WORDS] [--record]

`--record` writes the line, the date and the machine's cores to tests/campaign/matrix/record.json, which docs/security.md quotes.
The exit status is 1 where anything but the number of cases and faults is not 0.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.campaign.matrix.tally import every_case, tallied

RECORD = Path(__file__).with_name("record.json")
COMMAND = "python -m tests.campaign.matrix"


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cases at once")
    parser.add_argument("--only", default="", help="only cases whose name holds these words")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    asked = parser.parse_args()
    started = time.monotonic()
    tally = tallied((case for case in every_case() if asked.only in str(case)), asked.jobs)
    seconds = time.monotonic() - started
    for line in tally.lines:
        print(line)
    families = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.families.items()))
    print(f"{tally.sentence}\nbeside these: {tally.beside}\nby family: {families}; {seconds:.0f} s with {asked.jobs} at once")
    if asked.record and not asked.only:
        told = {
            "command": COMMAND, "date": f"{datetime.now(UTC):%Y-%m-%d}", "cases": tally.cases, "injected": len(tally.injected),
            "sentence": tally.sentence, "beside": tally.beside, "families": dict(sorted(tally.families.items())),
        }  # fmt: skip
        RECORD.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if tally.lines else 0)


if __name__ == "__main__":
    main()
