"""A prompt and a row become chat messages: what variables a row offers, and which message goes where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast, get_args

from evalbot.adapters.prompts import github_file
from evalbot.adapters.prompts.formats import Parsed
from evalbot.adapters.prompts.partials import SPLITS, Partials
from evalbot.adapters.prompts.plain import MissingVariableError, Plain, missing_variable, plain
from evalbot.adapters.prompts.renderer import MOST_CHARS, Failed, Rendered, Worker
from evalbot.adapters.trees import shown
from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.models import Message, Role
from evalbot.domain.runs import file_of
from evalbot.domain.turns import PLACE, with_places

_ROLES: tuple[Role, ...] = get_args(Role)
_WORKER = Worker()  # one for the whole process: starting one takes longer than most prompts


def render_all(path: str, parsed: Parsed, partials: Partials, examples: Sequence[Example]) -> list[tuple[Message, ...] | str]:
    """The messages of each example, or the one-line reason why there are none, as path:line: reason."""
    rows = [_variables(example) for example in examples]
    given = [row for row in rows if not isinstance(row, str)]
    texts = iter(_texts(path, parsed, partials, given))
    lines = {_name(path, index): part.line for index, part in enumerate(parsed.parts)}
    roles = roles_of(parsed, partials.uses_user_input)
    results: list[tuple[Message, ...] | str] = []
    for row, example in zip(rows, examples, strict=True):
        if isinstance(row, str):
            results.append(f"{shown(path)}: {row}")
            continue
        found = next(texts)
        results.append(_placed(found, path, lines) if isinstance(found, Failed) else _messages(roles, found, example, path))
    return results


def roles_of(parsed: Parsed, uses_user_input: bool) -> tuple[Role, ...]:
    """The role of each part; a text that says none is the question where it uses `user_input`, else the system's."""
    return tuple(part.role or ("user" if uses_user_input else "system") for part in parsed.parts)


def _variables(example: Example) -> dict[str, Json] | str:
    """A row's `input` by name, and its passages as `context` unless the input has its own; plain data only."""
    try:
        values = {name: _plain_data(value) for name, value in example.input.items()}
    except TypeError as error:
        return f"the row's input holds {error}."
    return {"context": "\n\n".join(example.context), **values}


def _plain_data(value: object) -> Json:
    """A copy in dict, list and scalars: no object of ours, whose methods a template could call, reaches one."""
    if value is None or type(value) in (str, int, float, bool):
        return cast("Json", value)
    if isinstance(value, Mapping):
        return {str(key): _plain_data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_data(inner) for inner in value]
    raise TypeError(f"a {type(value).__name__}, which is no JSON value")


def _texts(path: str, parsed: Parsed, partials: Partials, rows: Sequence[Mapping[str, Json]]) -> Sequence[Rendered]:
    sources = {_name(path, index): part.source for index, part in enumerate(parsed.parts)}
    if parsed.syntax in SPLITS:
        return [_replaced(sources, SPLITS[parsed.syntax], row) for row in rows]
    simple = {name: template for name, source in sources.items() if (template := plain(source))}
    if len(simple) == len(sources):
        return [_simple(simple, row) for row in rows]
    return _WORKER.render({**partials.sources, **sources}, list(sources), rows)


def _replaced(sources: Mapping[str, str], split: Callable[[str], Plain], row: Mapping[str, Json]) -> Rendered:
    values = {name: github_file.spoken(value) for name, value in row.items()}
    return _joined(((name, split(source)) for name, source in sources.items()), values)


def _simple(templates: Mapping[str, Plain], row: Mapping[str, Json]) -> Rendered:
    values = {name: str(value) for name, value in row.items()}
    return _joined(templates.items(), values)


def _joined(templates: Iterable[tuple[str, Plain]], values: Mapping[str, str]) -> Rendered:
    texts: list[str] = []
    for name, template in templates:
        try:
            text = template.render(values)
        except MissingVariableError as error:
            return Failed(missing_variable(error.name, values), name, error.line + 1)
        if len(text) > MOST_CHARS:
            return Failed(f"the message has more than {MOST_CHARS:,} characters.", name, 1)
        texts.append(text)
    return tuple(texts)


def _name(path: str, index: int) -> str:
    # In the file's folder, for includes; the line end keeps it apart from any file's name but a strange one's.
    return f"{path}\n{index}"


def _placed(failed: Failed, path: str, lines: Mapping[str, int]) -> str:
    if not failed.line:
        return f"{shown(path)}: {failed.reason}"
    where = file_of(path) if failed.name in lines else failed.name
    return f"{shown(where)}:{lines.get(failed.name, 1) + failed.line - 1}: {failed.reason}"


def _messages(roles: Sequence[Role], texts: Sequence[str], example: Example, path: str) -> tuple[Message, ...] | str:
    """The prompt's messages; after its system messages the row's earlier `messages`, and at the end its question.

    Earlier turns of the user that nobody has answered get a place for the target's own answer.
    """
    history = [message for given in example.messages if (message := _earlier(given)) is not None]
    if len(history) < len(example.messages):
        return f"{shown(path)}: each of the row's `messages` needs a role ({', '.join(_ROLES)}) and a content that is text."
    while history and history[-1] == PLACE and "user" not in roles and "user_input" not in example.input:
        history.pop()  # the answer to the last turn is the answer
    messages = [Message(role, text) for role, text in zip(roles, texts, strict=True)]
    lead = next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))
    messages[lead:lead] = history
    question = example.input.get("user_input")
    if "user" not in roles and question is not None:
        messages.append(Message("user", github_file.spoken(question)))
    elif messages[-1].role != "user" and "user" not in roles:
        return (
            f"{shown(path)}: the prompt does not use {{{{ user_input }}}}, so the user's message is the row's `input.user_input`, "
            "which is missing."
        )
    return with_places(messages, range(lead, lead + len(history)))


def _earlier(message: Mapping[str, Json]) -> Message | None:
    role = next((role for role in _ROLES if role == message.get("role")), None)
    content = message.get("content")
    return Message(role, content) if role is not None and isinstance(content, str) else None
