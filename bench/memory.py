"""Peak memory of `evalbot check`: what its imports take, and what 1,000 and 10,000 examples add.

    python -m bench.memory [--answer-chars 2000] [--n 1000 10000]

Run from the repository's root. Memory is resident, as the kernel has it; the imports are the modules that the run itself had
loaded at its end, in a process that does nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import workload
from bench.check import EVALBOT, _called, _check, _table
from bench.measure import ModelServer, measured, model_server

_LIST = """
import atexit, sys
path = sys.argv.pop(1)
atexit.register(lambda: open(path, "w").write("\\n".join(sys.modules)))
from evalbot.cli import main
main()
"""
_IMPORT = """
import importlib, sys
from contextlib import suppress
for name in open(sys.argv[1]).read().split():
    with suppress(Exception):  # made by its parent as that is imported, and not by its own name
        importlib.import_module(name)
"""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="evalbot-bench-") as name, model_server(options.answer_chars) as server:
        folder = Path(name)
        imports = _imports(folder, server)
        rows = [["its imports alone", "", f"{imports:.0f}", ""]]
        for examples in options.n:
            work = folder / str(examples)
            work.mkdir()
            workload.build(work, examples, options.in_flight)
            cost = _called(_check(work, workload.CHANGE), 0, 4 * examples, server)
            rows.append([f"evalbot check, {examples:,} examples", f"{cost.calls:,}", f"{cost.peak_mb:.0f}", f"{cost.peak_mb - imports:+.0f}"])
    print(f"Peak memory, answers of {options.answer_chars:,} characters\n")
    print(_table(["", "calls", "peak MB", "beyond imports"], rows))


def _imports(folder: Path, server: ModelServer) -> float:
    """Megabytes of a process that imports what a run of two examples had imported at its end."""
    work, names = folder / "imports", folder / "modules.txt"
    work.mkdir()
    workload.build(work, 2, 2)
    arguments = _check(work, workload.CHANGE)[len(EVALBOT) :]
    server.reset(0)
    measured([sys.executable, "-c", _LIST, str(names), *arguments], server.environment, server, fails=(0, 1, 3))
    return measured([sys.executable, "-c", _IMPORT, str(names)], {}).peak_mb


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="Peak memory of evalbot check.")
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 10_000], help="examples (default 1000 and 10000)")
    parser.add_argument("--answer-chars", type=int, default=2000, help="length of an answer (default 2000)")
    parser.add_argument("--in-flight", type=int, default=20, help="calls at once (default 20)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
