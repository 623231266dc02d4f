"""The text of `evalbot.yml` for drafted suites: short, with the reason beside each line that a reader may want to change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalbot.app.setup.draft import Draft
from evalbot.app.setup.models import Choice
from evalbot.domain.canonical import Json
from evalbot.domain.errors import Problem

SCHEMA = "https://raw.githubusercontent.com/evalbot/evalbot/main/docs/evalbot.schema.json"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./:-]*[A-Za-z0-9_]")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_EITHER = """\
# `test: either`: two tests, and either may block. Welch's is the plain one; the paired one compares each example with itself and so sees
# smaller drops. False alarms are a little more frequent than with `welch` alone (docs/statistics.md has the figures).
"""


@dataclass(frozen=True)
class Suite:
    """A draft with its models."""

    draft: Draft
    answers: Choice
    grades: Choice

    @property
    def embeddings(self) -> tuple[str, ...]:
        """Models that its metrics name beside the two."""
        return tuple(str(metric["model"]) for metric in self.draft.metrics.values() if metric.get("model"))


def configuration(suites: Sequence[Suite], people: int, left_out: Sequence[Problem]) -> str:
    """The whole file."""
    parts = [
        f"# yaml-language-server: $schema={SCHEMA}",
        "# Written by `evalbot init`. `evalbot validate` checks it, `evalbot doctor` says what is missing.",
        *_not_taken(left_out),
        "version: 1",
        "",
        *_models(suites),
        *_metrics(suites),
        f"{_EITHER}suites:",
        *(_suite(suite, _metric_names(suite, len(suites) > 1)) for suite in suites),
        _approvals(people),
    ]
    return "\n".join(parts) + "\n"


def _not_taken(left_out: Sequence[Problem]) -> list[str]:
    if not left_out:
        return []
    return ["#", "# Not taken over:", *(f"# - {_one_line(str(problem))}" for problem in left_out), "#"]


def _models(suites: Sequence[Suite]) -> list[str]:
    """Names for models that come with params, or that another tool's file listed beside the one that answers."""
    lines = []
    for suite in suites:
        for number, (model, params) in enumerate(suite.draft.models):
            if params or number:
                lines.append(f"  {_name(suite, number)}: {_model(model, params)}")
    return ["models:", *lines, ""] if lines else []


def _metrics(suites: Sequence[Suite]) -> list[str]:
    """The metrics that imported tests ask for, each under a name that is its suite's own."""
    lines = []
    for suite in suites:
        for name, metric in zip(_metric_names(suite, len(suites) > 1), suite.draft.metrics.values(), strict=True):
            options = {key: suite.grades.model if key == "model" and not value else value for key, value in metric.items()}
            shown = ", ".join(f"{key}: {_text(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}" for key, value in options.items())
            lines.append(f"  {_text(name)}: {{{shown}}}")
    return ["metrics:", *lines, ""] if lines else []


def _metric_names(suite: Suite, several: bool) -> list[str]:
    return [f"{suite.draft.name}-{name}" if several else name for name in suite.draft.metrics]


def _name(suite: Suite, number: int) -> str:
    return _text(suite.draft.name if number == 0 else f"{suite.draft.name}-{number + 1}")


def _model(label: str, params: Mapping[str, Json]) -> str:
    provider, _, model = label.partition("/")
    given = {key: value for key, value in params.items() if key != "api"}
    api = f", api: {_text(str(params['api']))}" if "api" in params else ""
    shown = f", params: {json.dumps(given, ensure_ascii=False)}" if given else ""
    return f"{{provider: {_text(provider)}, model: {_text(model)}{api}{shown}}}"


def _suite(suite: Suite, metrics: Sequence[str]) -> str:
    draft = suite.draft
    model = draft.models[0] if draft.models else None
    answers = _name(suite, 0) if model and model[1] else _text(suite.answers.model)
    prompts = f"prompt: {_text(draft.prompts[0])}" if len(draft.prompts) == 1 else f"prompts: [{', '.join(map(_text, draft.prompts))}]"
    note = "starter rows: put your own in their place" if draft.rows and not draft.mapped else f"from {draft.source}" if draft.rows else "was here"
    beside = f"    metrics: [{', '.join(map(_text, metrics))}]  # beside the judge\n" if metrics else ""
    return (
        f"  {_text(draft.name)}:\n"
        f"    {prompts}\n"
        f"    model: {answers}  # {_one_line(suite.answers.why)}\n"
        f"    dataset: {_text(draft.dataset)}  # {_one_line(note)}\n"
        f"    judge: {_text(suite.grades.model)}  # {_one_line(suite.grades.why)}\n"
        f"{beside}"
        f"    gates: {{scores: {{test: either}}}}\n"
    )


def _approvals(people: int) -> str:
    if people <= 1:
        why = "# One person commits here, so there is nobody else to approve. With a second one, delete this section: its defaults ask for one approval."
        return f"{why}\napprovals: {{golden: 0, policy: 0, accept_by_author: true}}"
    why = "# How many others must approve an edited example, and a change of this file or of the workflow."
    return f"{why}\napprovals: {{golden: 1, policy: 1, accept_by_author: false}}"


def _text(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and ": " not in text else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:300]
