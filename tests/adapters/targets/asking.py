"""A target asked for real: its process or its server runs, and what comes back is a reply or an error."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evalbot.adapters.targets import TARGETS
from evalbot.domain.canonical import canonical
from evalbot.domain.errors import ProviderError
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Model, Reply, Request
from evalbot.domain.targets import Place

PATH = {"PATH": os.environ["PATH"]}


def example(question: str = "What?", **more: Any) -> Example:
    more.setdefault("input", {"user_input": question})
    return Example("g-1", Partition.GOLDEN, **more)


def ask(
    kind: str, options: Mapping[str, Any], questions: Sequence[Example] = (example(),), *, code: Path | None = None,
    environment: Mapping[str, str] = PATH, seconds: float = 60.0,
) -> list[Reply | str]:  # fmt: skip
    """Every question at once; for each the reply, or the message of its error."""
    target = TARGETS.get(kind)(**options)
    assert not list(getattr(target, "problems", list)())

    async def main() -> list[Reply | str]:
        provider = target.open(Place(code, environment))

        async def one(question: Example) -> Reply | str:
            request = Request(Model(kind, target.label), (Message("user", canonical(target.payload(question))),))
            try:
                return await provider.complete(request, seconds)
            except ProviderError as error:
                return f"{error.fault}: {error}"

        try:
            return await asyncio.gather(*map(one, questions))
        finally:
            await provider.close()

    return asyncio.run(main())


def folder(tmp_path: Path, **files: str) -> Path:
    """Code as it is exported: readable for whoever runs it."""
    code = Path(tmp_path / "code")
    code.mkdir(parents=True)
    for name, text in files.items():
        (code / name.replace("__", ".")).write_text(text)
    for path in (code, *code.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o755)
    return code


def commands() -> list[str]:
    """The command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text())
        except OSError:
            continue
    return found
