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


def configuration(suites: Sequence[Suite], people: int, left_out: Sequence[Problem]) -> str:
    """The whole file."""
    parts = [
        f"# yaml-language-server: $schema={SCHEMA}",
        "# Written by `evalbot init`. `evalbot validate` checks it, `evalbot doctor` says what is missing.",
        *_not_taken(left_out),
        "version: 1",
        "",
        *_models(suites),
        f"{_EITHER}suites:",
        *(_suite(suite) for suite in suites),
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


def _name(suite: Suite, number: int) -> str:
    return _text(suite.draft.name if number == 0 else f"{suite.draft.name}-{number + 1}")


def _model(label: str, params: Mapping[str, Json]) -> str:
    provider, _, model = label.partition("/")
    given = {key: value for key, value in params.items() if key != "api"}
    api = f", api: {_text(str(params['api']))}" if "api" in params else ""
    shown = f", params: {json.dumps(given, ensure_ascii=False)}" if given else ""
    return f"{{provider: {_text(provider)}, model: {_text(model)}{api}{shown}}}"


def _suite(suite: Suite) -> str:
    draft = suite.draft
    model = draft.models[0] if draft.models else None
    answers = _name(suite, 0) if model and model[1] else _text(suite.answers.model)
    prompts = f"prompt: {_text(draft.prompts[0])}" if len(draft.prompts) == 1 else f"prompts: [{', '.join(map(_text, draft.prompts))}]"
    note = "starter rows: put your own in their place" if draft.rows and not draft.mapped else f"from {draft.source}" if draft.rows else "was here"
    return (
        f"  {_text(draft.name)}:\n"
        f"    {prompts}\n"
        f"    model: {answers}  # {_one_line(suite.answers.why)}\n"
        f"    dataset: {_text(draft.dataset)}  # {_one_line(note)}\n"
        f"    judge: {_text(suite.grades.model)}  # {_one_line(suite.grades.why)}\n"
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
