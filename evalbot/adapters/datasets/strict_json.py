"""One JSON text of a row or a cell, read strictly; what is wrong with it is said in one line."""

from __future__ import annotations

import json

from evalbot.domain.canonical import Json, parse_json

_DEEPEST = 100


class NotJsonError(ValueError):
    """Why a text is not strict JSON; `column` is 1-based, where the parser knows it, and `line` counts within the text."""

    def __init__(self, reason: str, column: int | None = None, line: int = 1) -> None:
        self.column, self.line = column, line
        super().__init__(reason)


def parse(text: str) -> Json:
    """The value; raises NotJsonError on anything that is not strict JSON, nests too deeply or is no valid Unicode."""
    if text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        raise NotJsonError(f"it nests deeper than {_DEEPEST} levels")
    try:
        value = parse_json(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NotJsonError(_reason(error), error.colno, error.lineno) from None
    except UnicodeEncodeError:
        raise NotJsonError("it holds half of a surrogate pair (\\ud800 to \\udfff), which is no character") from None
    except (ValueError, RecursionError) as error:
        raise NotJsonError(str(error)) from None
    return value


def _reason(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()):
        return "it ends too early"
    return error.msg[:1].lower() + error.msg[1:]


def _depth(text: str) -> int:
    deepest = depth = 0
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest
