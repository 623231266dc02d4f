"""docs/metrics.md, written from the metrics' own docstrings: `python -m evalbot.app.metric_docs > docs/metrics.md`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields

from evalbot.domain.ports import Metric
from evalbot.metrics import METRICS

_INTRODUCTION = """\
# Metrics

A metric scores one answer. It says `scored` with a number, `not_applicable` where it has nothing to say about an example,
or `unscored` with an error class where it broke; an error is never a number. In `evalbot.yml` the key under `metrics:` is
the name you choose, and `type` is one of those below; unknown options are errors.

<!-- Written by `python -m evalbot.app.metric_docs` from the docstrings in evalbot/metrics; edit those. -->
"""

# What Python calls a type, in the words of someone who writes YAML.
_WORDS = (
    ("Threshold", "float | Mapping[str, float]"), (" | None", ""), ("tuple[float, float]", "two numbers"),
    ("tuple[str, ...]", "list of texts"), ("tuple[Mapping[str, object], ...]", "list of mappings"),
    ("Mapping[int | float | str, str]", "mapping of grades to texts"), ("Mapping[str, float]", "mapping of partitions to numbers"),
    ("Mapping[str, object]", "mapping"), ("Mapping[str, Wanted]", "mapping of partitions"), ("Mapping[str, int]", "mapping of partitions to whole numbers"),
    ("Wanted", "Literal['answer', 'refusal', 'either']"), ("bool", "true or false"),
    ("int", "whole number"), ("float", "number"), ("str", "text"), (" | ", " or "),
)  # fmt: skip


def metrics_page() -> str:
    """The whole page in Markdown: one section for each built-in metric, by name."""
    parts = ((name, METRICS.get(name)) for name in METRICS.names())
    own = [(name, part) for name, part in parts if part.__module__.startswith("evalbot.metrics.")]
    return "\n".join([_INTRODUCTION, _overview(own), *(_section(name, part) for name, part in own)])


def _overview(own: Sequence[tuple[str, type[Metric]]]) -> str:
    rows = [f"| [{name}](#{name}) | {_first_sentence(part)} | {_asked(part)} |" for name, part in own]
    return "\n".join(["| type | what it measures | asks |", "|---|---|---|", *rows, ""])


def _first_sentence(part: type[Metric]) -> str:
    """The first paragraph of a page says what is measured; its further sentences say more."""
    paragraph = " ".join((inspect.getdoc(part) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph)[0].replace("|", "\\|")


def _asked(part: type[Metric]) -> str:
    if hasattr(part, "embedders"):
        return "an embedding model"
    return "a judge" if "model" in {field.name for field in fields(part)} else "nobody"  # type: ignore[arg-type]  # as below


def _section(name: str, part: type[Metric]) -> str:
    return f"## {name}\n\n{inspect.getdoc(part)}\n\n{_options(name, part)}"


def _options(name: str, part: type[Metric]) -> str:
    options = fields(part)  # type: ignore[arg-type]  # every metric is a dataclass, which a protocol cannot say
    rows = [f"| `{field.name}` | {_type(field)} | {_default(field)} |" for field in options]
    return "\n".join([f"| option of `{name}` | type | default |", "|---|---|---|", *rows, ""])


def _type(field: Field[object]) -> str:
    text = field.type if isinstance(field.type, str) else str(field.type)
    for python, yaml in _WORDS:
        text = text.replace(python, yaml)
    return re.sub(r"Literal\[([^]]*)\]", lambda found: " or ".join(f"`{word.strip()[1:-1]}`" for word in found[1].split(",")), text)


def _default(field: Field[object]) -> str:
    if field.default is MISSING:
        return "required"
    plain = {None: "none", True: "true", False: "false"}
    if field.default is None or isinstance(field.default, bool):
        return f"`{plain[field.default]}`"
    return f"`{list(field.default)}`" if isinstance(field.default, tuple) else f"`{field.default!r}`"


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
