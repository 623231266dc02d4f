"""What libraries log of themselves, once somebody switches it on: without secrets, and on one line, so that a runner obeys none of it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie", "set-cookie"})
_MASK = "[redacted]"


def guard_logs(redact: Callable[[str], str]) -> None:
    """Have every record of every logger of this process redacted as it is made, whatever handler gets it."""

    def record(*given: Any, **named: Any) -> logging.LogRecord:
        made = logging.LogRecord(*given, **named)
        made.msg, made.args = _one_line(redact(_message(made))), None
        if made.exc_info and made.exc_info[0] is not None:
            made.exc_text = _one_line(redact("".join(traceback.format_exception(*made.exc_info))))
        if made.stack_info:
            made.stack_info = _one_line(redact(made.stack_info))
        return made

    logging.setLogRecordFactory(record)


def _message(made: logging.LogRecord) -> str:
    if isinstance(made.args, Mapping):
        made.args = {name: _without_secret_headers(value) for name, value in made.args.items()}
    elif made.args:
        made.args = tuple(_without_secret_headers(value) for value in made.args)
    try:
        return made.getMessage()
    except Exception:  # a wrong format of somebody else's: its words are enough
        return str(made.msg)


def _without_secret_headers(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _MASK if str(name).lower() in _SECRET_HEADERS else _without_secret_headers(inner) for name, inner in value.items()}


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n").replace("##[", "# #[")
