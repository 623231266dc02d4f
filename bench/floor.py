"""The bare loop: the official SDK and nothing else, making the calls that evalbot made. The floor on this transport.

    python -m bench.floor BODIES --in-flight 20     # a file with one request's JSON body a line; OPENAI_* say where to
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import openai


async def _work(client: openai.AsyncOpenAI, bodies: Iterator[str], texts: list[str]) -> None:
    for body in bodies:
        completion = await client.chat.completions.create(**json.loads(body))
        texts.append(completion.choices[0].message.content or "")


async def _loop(path: Path, in_flight: int) -> int:
    texts: list[str] = []
    with path.open(encoding="utf-8") as lines:
        bodies = iter(lines)
        async with openai.AsyncOpenAI(max_retries=0) as client:
            await asyncio.gather(*(_work(client, bodies, texts) for _ in range(in_flight)))
    return sum(map(bool, texts))


def main() -> None:
    parser = argparse.ArgumentParser(description="The bare SDK loop over recorded requests.")
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--in-flight", type=int, default=20)
    options = parser.parse_args()
    print(asyncio.run(_loop(options.bodies, options.in_flight)), "answers")


if __name__ == "__main__":
    main()
