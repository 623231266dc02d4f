"""A distribution dataset: many ordinary questions, each only once, none of them known to another partition; here from templates."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from evalbot.adapters.located import Located
from evalbot.adapters.strict_yaml import read_yaml
from evalbot.adapters.targets.template import filled, holes
from evalbot.app.setup.adversarial import text_key
from evalbot.domain.canonical import Json, canonical, digest
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Example, Partition
from evalbot.engine.exam import leakage
from evalbot.stats.near import Near, tokens

FEWEST, MOST = 500, 5000
_KEYS = ("templates", "slots")
_TEMPLATE_KEYS = ("input", "expected_output", "checks", "tags", "context", "prompts")
_DRAWN = 50_000  # above so many combinations of a template they are drawn, not listed


@dataclass(frozen=True)
class Templates:
    """What rows are made of: templates of rows, and the values of each slot."""

    rows: tuple[Mapping[str, Json], ...]
    slots: Mapping[str, tuple[Json, ...]]
    path: str


@dataclass(frozen=True)
class Made:
    """Rows that were made, and how many were left out and why."""

    rows: tuple[Mapping[str, Json], ...]
    twins: int
    known: int
    leaked: int
    possible: int


def read_templates(data: bytes, path: str) -> Templates:
    """The templates of a YAML file.

    Raises:
        ConfigError: Everything that is wrong with it, each with its line.
    """
    located = read_yaml(data, path)
    problems = list(_problems(located))
    if problems:
        raise ConfigError(problems)
    found = located.value
    slots = {name: tuple(values) for name, values in (found.get("slots") or {}).items()}
    return Templates(tuple(found["templates"]), slots, path)


def generate(templates: Templates, known: Sequence[Example], prompts: Sequence[str], *, rows: int, seed: int, near: float = 0.9) -> Made:
    """So many rows, or fewer where no more can be made; the same templates, seed and examples give the same rows.

    Args:
        known: Examples of all partitions, without those that this file made earlier.
        prompts: The texts of the suite's prompts.
        rows: From 500 to 5,000.

    Raises:
        ConfigError: Fewer than 500 rows can be made, or `rows` is out of its range.
    """
    combinations = _combinations(templates, random.Random(seed))
    made = sifted((_row(templates, template, values) for template, values in combinations), known, prompts, rows=rows, near=near)
    if len(made.rows) < FEWEST:
        message = f"the templates give {len(made.rows):,} rows that can be used; a distribution has {FEWEST:,} to {MOST:,}."
        raise ConfigError(Problem(message, templates.path, None, "Add templates, or values to the slots."))
    return replace(made, possible=possible(templates))


def sifted(candidates: Iterable[Mapping[str, Json]], known: Sequence[Example], prompts: Sequence[str], *, rows: int, near: float = 0.9) -> Made:
    """The first so many candidates that can be used.

    Left out are twins (the same words in another case or punctuation), questions that another partition holds nearly so
    (token-set Jaccard of at least `near`), and those whose words stand in a prompt.

    Raises:
        ConfigError: `rows` is out of its range.
    """
    if not FEWEST <= rows <= MOST:
        raise ConfigError(Problem(f"a distribution has {FEWEST:,} to {MOST:,} rows, not {rows:,}.", "--rows"))
    others = Near(near)
    for example in known:
        others.add(example.id, tokens(_text(example.input)))
    seen: set[str] = set()
    made: list[Mapping[str, Json]] = []
    twins = same = leaked = 0
    for row in candidates:
        text = _text(row["input"])  # type: ignore[arg-type]  # an object, as the file was checked
        plain = _plain(text)
        if plain in seen:
            twins += 1
        elif others.find(tokens(text)) is not None:
            same += 1
        elif _leaks(row, prompts):
            leaked += 1
        else:
            made.append(row)
        seen.add(plain)
        if len(made) == rows:
            break
    return Made(tuple(made), twins, same, leaked, 0)


def possible(templates: Templates) -> int:
    """How many combinations there are, twins included."""
    return sum(prod(len(templates.slots[name]) for name in holes(template)) for template in templates.rows)


def as_lines(made: Made) -> str:
    """The rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made.rows)


def _combinations(templates: Templates, rng: random.Random) -> Iterator[tuple[int, Mapping[str, Json]]]:
    """Each template in turn with values that it had not yet, until all have had all of theirs."""
    streams = [_values(templates, index, rng) for index in range(len(templates.rows))]
    while streams:
        for stream in list(streams):
            found = next(stream, None)
            if found is None:
                streams.remove(stream)
            else:
                yield found


def _values(templates: Templates, index: int, rng: random.Random) -> Iterator[tuple[int, Mapping[str, Json]]]:
    names = holes(templates.rows[index])
    choices = [templates.slots[name] for name in names]
    total = prod(len(values) for values in choices)
    if total <= _DRAWN:
        every = list(product(*choices))
        rng.shuffle(every)
    else:
        # Drawn by number and each number once, so that none comes twice and few are kept.
        every = [_numbered(choices, number) for number in rng.sample(range(total), _DRAWN)]
    yield from ((index, dict(zip(names, values, strict=True))) for values in every)


def _numbered(choices: Sequence[Sequence[Json]], number: int) -> tuple[Json, ...]:
    found = []
    for values in choices:
        number, at = divmod(number, len(values))
        found.append(values[at])
    return tuple(found)


def _row(templates: Templates, index: int, values: Mapping[str, Json]) -> dict[str, Json]:
    body = filled(templates.rows[index], values)
    assert isinstance(body, Mapping)  # noqa: S101 - a mapping stays one
    tags = body.get("tags")
    row: dict[str, Json] = {
        "id": f"dist-{digest([body['input'], index])[:12]}", "partition": str(Partition.DISTRIBUTION), **body,
        "tags": [*(tags if isinstance(tags, list) else ()), "generated"], "source": {"generated_from": templates.path, "template": index + 1},
    }  # fmt: skip
    return row


def _text(given: Mapping[str, Json]) -> str:
    text = given.get(text_key(given))
    return text if isinstance(text, str) else canonical(given)


def _plain(text: str) -> str:
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def _leaks(row: Mapping[str, Json], prompts: Sequence[str]) -> bool:
    given = row["input"]
    expected = row.get("expected_output")
    assert isinstance(given, Mapping)  # noqa: S101 - as the file was checked
    example = Example("", Partition.DISTRIBUTION, given, expected if isinstance(expected, str) else None)
    return any(leakage([example], prompt) for prompt in prompts)


def _problems(located: Located) -> Iterator[Problem]:
    found = located.value
    if not isinstance(found, dict) or not isinstance(found.get("templates"), list) or not found["templates"]:
        yield located.problem("a file of templates begins with `templates:`, a list.", hint="See docs/datasets.md.")
        return
    yield from (located.problem(f"unknown key {key!r:.60}.", key, hint=nearest(str(key), _KEYS)) for key in found if key not in _KEYS)
    slots = found.get("slots") or {}
    if not isinstance(slots, dict):
        yield located.problem("`slots` must be a mapping of names to lists.", "slots")
        return
    for name, values in slots.items():
        if not isinstance(values, list) or not values:
            yield located.problem(f"slot {name!r:.60} must be a list of values.", "slots", name)
    for index, template in enumerate(found["templates"]):
        yield from _template_problems(located, index, template, slots)


def _template_problems(located: Located, index: int, template: object, slots: Mapping[str, object]) -> Iterator[Problem]:
    here = ("templates", index)
    if not isinstance(template, dict) or not isinstance(template.get("input"), dict) or not template["input"]:
        yield located.problem("a template has an `input`, an object with at least one key.", *here)
        return
    for key in template:
        if key not in _TEMPLATE_KEYS:
            yield located.problem(f"a template has no key {key!r:.60}.", *here, key, hint=nearest(str(key), _TEMPLATE_KEYS))
    for name in holes(template):
        if name not in slots:
            yield located.problem(f"there is no slot {name!r:.60}.", *here, hint=nearest(name, slots) or "Add it under `slots`.")
