"""The examples that ship with evalbot, from a checkout or from an installed package."""

from __future__ import annotations

from pathlib import Path

from evalbot.domain.errors import CouldNotRun

_NAME = "support-bot"
PLANTED = "planted/support.md"
"""The shortened prompt of the example: as head's `prompts/support.md` it makes a regression."""


def example_files(package: Path | None = None) -> dict[str, bytes]:
    """Every file of `examples/support-bot`, by its path in that folder, sorted.

    Args:
        package: The folder of the package `evalbot`, where the example is looked for (`examples/support-bot` in it, as a
            wheel installs it, or beside it, as in a checkout). By default the one that runs.

    Raises:
        CouldNotRun: The example is not installed.
    """
    folder = _examples(package, f"{_NAME}/evalbot.yml") / _NAME
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def workflow() -> str:
    """The text of `examples/workflows/evalbot.yml`; raises CouldNotRun where it is not installed."""
    return (_examples(None, "workflows/evalbot.yml") / "workflows" / "evalbot.yml").read_text(encoding="utf-8")


def _examples(package: Path | None, holding: str) -> Path:
    """The folder of the examples; the package's own first: beside an installed package stand other people's."""
    root = package or Path(__file__).resolve().parents[1]
    for folder in (root / "examples", root.parent / "examples"):
        if (folder / holding).is_file():
            return folder
    raise CouldNotRun(f"the example {holding.partition('/')[0]!r} is not part of this installation; install evalbot from its wheel.")
