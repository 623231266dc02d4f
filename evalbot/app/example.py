"""The example repository that ships with evalbot, from a checkout or from an installed package."""

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
    root = package or Path(__file__).resolve().parents[1]
    # The package's own folder first: beside an installed package stand other people's.
    for folder in (root / "examples" / _NAME, root.parent / "examples" / _NAME):
        if (folder / "evalbot.yml").is_file():
            return {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
    raise CouldNotRun(
        f"the example repository {_NAME!r} is not part of this installation; install evalbot from its wheel."
    )
