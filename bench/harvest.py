"""Reading, mapping and drawing from a production log, and redacting what was drawn: CPU and memory for a million records.

    python -m bench.harvest [--records 1000000]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from evalbot.adapters.sources.jsonl import JsonLines
from evalbot.app.harvest_window import draw
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.privacy import KINDS, Personal
from evalbot.domain.samples import From, Window

WORDS = ("refund", "plan", "cancel", "invoice", "login", "slow", "export", "price", "seat", "team", "error", "mail")
MAP = {
    "id": "request_id", "user_input": "input.text", "output": "output", "timestamp": "ts", "latency_ms": "latency", "had_error": "error", "user": "user",
    "metadata": "metadata",
}  # fmt: skip


def written(path: Path, records: int) -> None:
    rng = random.Random(1)
    with path.open("w") as file:
        for number in range(records):
            record = {
                "request_id": f"req-{number:07}", "input": {"text": " ".join(rng.choices(WORDS, k=8)) + "?"}, "ts": 1_790_000_000 + number * 0.08,
                "output": "You can do that under Settings > Billing, at any time. " * 3, "latency": rng.lognormvariate(6.5, 0.5), "error": False,
                "user": f"u{number % 5000}", "metadata": {"segment": ("free", "pro", "team")[number % 3]},
            }  # fmt: skip
            file.write(json.dumps(record) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="bench-harvest-") as folder:
        path = Path(folder) / "log.jsonl"
        written(path, asked.records)
        started = time.process_time()
        policy = HarvestPolicy("support", "x.jsonl", {}, MAP, by=("hour", "metadata.segment"), always=("refund.*cancel",), redact=KINDS)
        drawn = draw(policy, JsonLines(str(path)), Window(0.0, 1e12), From(), Personal(b"key"), 0)
        seconds = time.process_time() - started
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = path.stat().st_size / 1e6
    print(f"{drawn.counts.fetched:,} records ({size:.0f} MB) read, mapped and drawn from, {len(drawn.samples)} redacted: {seconds:.1f} s CPU, peak {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
