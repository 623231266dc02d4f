"""Write the tables of inputs and outputs in docs/action.md from action.yml: python tools/action_tables.py"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "action.md"
# What a reader of the page can follow from a description: (name of input, words in its description) → where they lead.
_LINKS = {
    ("command", "whole suites"): "suites.md", ("command", "proposes examples"): "harvest.md",
    ("command", "takes what waits in a stream"): "monitoring.md", ("comment", "comment"): "#the-comment", ("fork", "forks"): "#forks", ("cache-dir", "cache"): "caching.md",
}  # fmt: skip


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def page(text: str) -> str:
    """The page with its two tables as action.yml has them."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    for kind, rows in (("input", _inputs(action["inputs"])), ("output", _outputs(action["outputs"]))):
        table = re.compile(rf"^\| {kind} \|.*\n\|---.*\n(?:\|.*\n)*", re.MULTILINE)
        text, found = table.subn(lambda _, rows=rows: "".join(f"{row}\n" for row in rows), text)  # type: ignore[misc]
        if found != 1:
            raise SystemExit(f"docs/action.md has {found} tables of {kind}s.")
    return text


def _inputs(inputs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| input | default | |"
    yield "|---|---|---|"
    for name, about in inputs.items():
        default = str(about.get("default", ""))
        shown = "the job's token" if "github.token" in default else default and f"`{default}`"
        yield f"| `{name}` | {shown} | {_linked(name, about['description'])} |"


def _outputs(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| output | |"
    yield "|---|---|"
    for name, about in outputs.items():
        yield f"| `{name}` | {about['description']} |"


def _linked(name: str, description: str) -> str:
    for (of, words), place in _LINKS.items():
        if of == name:
            if words not in description:
                raise SystemExit(f"the description of {name} no longer says {words!r}.")
            description = description.replace(words, f"[{words}]({place})", 1)
    return description.strip()


if __name__ == "__main__":
    main()
