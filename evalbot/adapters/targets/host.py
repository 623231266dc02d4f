"""Serves a callable line by line: the process of a `python` target, in whatever Python has the callable's packages.

Started by path with MODULE:CALLABLE as its argument, so it stands alone: standard library only, and nothing of evalbot.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
import traceback
from functools import reduce


def main() -> None:
    """Answer questions from standard input until it ends; what the callable prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.path[0] = os.getcwd()  # in place of this file's folder
    module, _, name = sys.argv[1].partition(":")
    call = reduce(getattr, name.split("."), importlib.import_module(module))
    whole = _takes_two(call)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            out.write(json.dumps(_answer(runner, call, json.loads(line), whole)) + "\n")
            out.flush()


def _takes_two(call: object) -> bool:
    try:
        parameters = inspect.signature(call).parameters.values()  # type: ignore[arg-type]  # whatever the user's module holds
    except (TypeError, ValueError):
        return False
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in parameters) >= 2


def _answer(runner: asyncio.Runner, call: object, question: dict[str, object], whole: bool) -> object:
    arguments = (question["input"], question) if whole else (question["input"],)
    try:
        found = call(*arguments)  # type: ignore[operator]  # a callable, or the error says that it is none
        if inspect.isawaitable(found):
            found = runner.run(_awaited(found))
        answer = {"output": found} if isinstance(found, str) else found
        json.dumps(answer)
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}
    return answer


async def _awaited(found: object) -> object:
    return await found  # type: ignore[misc]  # it is awaitable, as the caller has seen


if __name__ == "__main__":
    main()
