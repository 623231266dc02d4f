"""How long report.html takes to open: from disk to the first rows, in Chromium.

    python -m bench.page [--examples 5000]

Each example has two answers of 2,000 characters. Needs chromium (apt-get install chromium) and the development requirements.
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from evalbot.report.page import document
from tests.builders import a_comparison, a_decision, a_record, a_row

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("bench.page needs chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    rows = [
        a_row(f"r-{number:05}", side, output=f"Answer {number} of {side}. " + "word " * 395, judge=float(1 + (number * 7 + len(side) * number) % 5))
        for number in range(asked.examples)
        for side in ("base", "head")
    ]
    record = replace(a_record(a_decision(comparisons=(a_comparison(),))), rows=rows)
    with TemporaryDirectory(prefix="bench-page-") as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        started = time.perf_counter()
        with path.open("w", encoding="utf-8") as file:
            file.writelines(document(record))
        written = time.perf_counter() - started
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        opened = []
        for _ in range(asked.runs):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            started = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            opened.append(time.perf_counter() - started)
            page.close()
        browser.close()
        print(f"{asked.examples:,} examples, {path.stat().st_size / 1e6:.1f} MB: written in {written:.2f} s, opened in {min(opened):.2f} s (least of {asked.runs}; most {max(opened):.2f} s)")


if __name__ == "__main__":
    main()
