"""Coverage-guided fuzzing of everything that reads what strangers write, as long as you like.

    pip install atheris          # 3.0.0; wheels for Linux and CPython 3.11 to 3.13 at the time of writing
    python -m bench.fuzz datasets -max_total_time=60
    python -m bench.fuzz all     # each for a minute

What follows the name goes to libFuzzer. `tests/campaign/test_fuzz.py` takes a fixed sample of the same readers by hypothesis.
A reader may refuse with the errors that its callers know; anything else ends the run with the bytes that did it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

A_MINUTE = "-max_total_time=60"


@dataclass(frozen=True)
class OneFile:
    """A tree in which every path holds the same bytes."""

    data: bytes

    def read(self, path: str) -> bytes:  # noqa: ARG002 - the port's signature
        """They."""
        return self.data

    def exists(self, path: str) -> bool:  # noqa: ARG002 - the port's signature
        """Always."""
        return True

    def paths(self) -> list[str]:
        """A few."""
        return ["evalbot.yml"]


def config(data: bytes) -> None:
    """`evalbot.yml`."""
    from evalbot.config import load_policy
    from evalbot.domain.errors import ConfigError

    with suppress(ConfigError):
        load_policy(data, "evalbot.yml")


def datasets(data: bytes) -> None:
    """A dataset in each format."""
    from evalbot.adapters.datasets import read_datasets
    from evalbot.domain.errors import ConfigError

    for suffix in ("jsonl", "json", "yaml", "csv"):
        with suppress(ConfigError):
            read_datasets(OneFile(data), [f"evals/x.{suffix}"])  # type: ignore[arg-type]


def prompts(data: bytes) -> None:
    """A prompt in each format; nothing is rendered."""
    from evalbot.adapters.prompts import load_prompt
    from evalbot.domain.errors import ConfigError

    for path in ("p/x.md", "p/x.j2", "p/x.json", "p/x.yaml", "p/x.prompt.yml", "p/x.prompty", "p/x.py:NAME"):
        with suppress(ConfigError):
            load_prompt(OneFile(data), path)  # type: ignore[arg-type]


def replies(data: bytes) -> None:
    """What a judge said."""
    from evalbot.instruments.replies import UnreadableReplyError, objects_at, read_object, text_at, texts_at

    with suppress(UnreadableReplyError):
        found = read_object(data.decode("utf-8", "replace"), ["reasoning", "score"])
        for read in (text_at, texts_at, lambda value, key: objects_at(value, key, ["a"])):
            with suppress(UnreadableReplyError):
                read(found, "reasoning")


def events(data: bytes) -> None:
    """An event's payload, under every event's name."""
    from evalbot.app.inputs import Inputs
    from evalbot.app.routing import route
    from evalbot.domain.canonical import parse_json
    from evalbot.domain.errors import ConfigError

    try:
        payload = parse_json(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return  # as the action refuses a file that is no JSON
    if isinstance(payload, Mapping):
        for name in ("pull_request", "pull_request_review", "issue_comment", "merge_group", "workflow_run", "push", "release", "workflow_dispatch", "x"):
            with suppress(ConfigError):
                route(name, payload, Inputs())


def commands(data: bytes) -> None:
    """A comment's body."""
    from evalbot.app.commands import parse

    for before in ("", "/evalbot "):
        parse(before + data.decode("utf-8", "replace"))


READERS: Mapping[str, Callable[[bytes], None]] = {one.__name__: one for one in (config, datasets, prompts, replies, events, commands)}
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "config": (b"version: 1\nsuites:\n  s: {prompt: p.md, model: openai/x, dataset: e.jsonl, judge: openai/y}\n", b"run: {budget_usd: .nan}\n", b"a: &a [*a]\n"),
    "datasets": (b'{"id": "g", "partition": "golden", "input": {"q": "x"}}\n', b"id,partition,input.q\ng,golden,x\n", b"- {id: g, partition: golden, input: {q: 1e3}}\n"),
    "prompts": (b"---\nmodel: openai/x\nparams: {seed: 1}\n---\n{{ q }} {% include 'x.md' %}", b'[{"role": "system", "content": "a {{ b }}"}]', b'NAME = f"{x}"\n'),
    "replies": (b'{"reasoning": "r", "score": 3}', b'so: {"reasoning": "x", "score": 1e999} {"score": 1}', b'{"score": 1, "score": 5}', b"```json\n{}\n```"),
    "events": (b'{"action": "created", "comment": {"id": 1, "body": "/evalbot help", "user": {"login": "a", "type": "User"}}, "issue": {"number": 1}}', b"{}"),
    "commands": (b'accept 0a1b2c3d "ok"', b"run 0123456789012345678901234567890123456789", b"rerun --epochs 3", b"explain g-01"),
}  # fmt: skip


def main() -> None:
    """Fuzz one reader, or all of them one after the other in processes of their own."""
    name, more = (sys.argv[1:2] or ["all"])[0], sys.argv[2:]
    if name == "all":
        done = [subprocess.run([sys.executable, "-m", "bench.fuzz", one, *(more or [A_MINUTE])], check=False).returncode for one in READERS]
        raise SystemExit(max(done))
    if name not in READERS:
        raise SystemExit(f"{name!r} is none of: all, {', '.join(READERS)}")
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["evalbot", "yaml"]):
        for seed in SEEDS[name]:
            READERS[name](seed)
    atheris.Setup(["bench.fuzz", *more], READERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
