"""From failures to proposals: what is known is left out, the same thing is proposed once, and everybody gets a turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalbot.domain.examples import Example
from evalbot.domain.harvest import Caps, Failure
from evalbot.gate.alike import Alike, asked
from evalbot.stats.near import clusters, telling, tokens

ALIKE = 0.5  # inputs of one cluster share at least half of their words with its first


@dataclass(frozen=True)
class Sorted:
    """Failures by what is known of them: `recurred` counts those of an example that is in the datasets."""

    new: tuple[Failure, ...]
    recurred: Mapping[str, int]
    decided: int


def unknown(failures: Iterable[Failure], examples: Iterable[Example], decided: Callable[[Failure], bool], alike: Callable[[], Alike]) -> Sorted:
    """Leave out what the datasets hold (the same id, or nearly the same input) and what people have decided on; count twins.

    Args:
        failures: In the order of their importance: of twins the first stays.
        examples: Of all partitions, proposed ones too.
        decided: Whether a failure was proposed before, and accepted or turned down.
        alike: Makes what tells whether two inputs are the same.
    """
    known, ids = alike(), set()
    for example in examples:
        known.add(example.id, asked(example.input))
        ids.add(example.id)
    fresh = alike()
    found: dict[str, Failure] = {}
    recurred: Counter[str] = Counter()
    settled = 0
    for failure in failures:
        question = asked(failure.sample.input)
        same = failure.example if failure.example in ids else known.find(question)
        twin = fresh.find(question)
        if same is not None:
            recurred[same] += 1
        elif decided(failure):
            settled += 1
        elif twin is not None:
            found[twin] = replace(found[twin], seen=found[twin].seen + 1)
        else:
            fresh.add(failure.example, question)
            found[failure.example] = failure
    return Sorted(tuple(found.values()), dict(recurred), settled)


def chosen(failures: Sequence[Failure], caps: Caps) -> tuple[Failure, ...]:
    """At most `caps.most`: a turn for each cluster, the largest first, until its cap and each user's is reached."""
    groups = clustered(failures)
    users: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    found: list[Failure] = []
    waiting = [list(group) for group in groups]
    while any(waiting) and len(found) < caps.most:
        for group in waiting:
            pick = next((one for one in group if not one.sample.user or users[one.sample.user] < caps.per_user), None)
            if pick is None or taken[pick.cluster] >= caps.per_cluster or len(found) >= caps.most:
                group.clear()
                continue
            group.remove(pick)
            users[pick.sample.user] += 1
            taken[pick.cluster] += 1
            found.append(pick)
    return tuple(found)


def clustered(failures: Sequence[Failure]) -> list[list[Failure]]:
    """Failures of one kind with like inputs, each group with a name; largest first, what was seen most first in each."""
    by_kind: dict[tuple[str, ...], list[Failure]] = {}
    for failure in failures:
        by_kind.setdefault(failure.kinds or failure.alerts or failure.signals, []).append(failure)
    groups: list[list[Failure]] = []
    for kinds, some in by_kind.items():
        words = [tokens(asked(failure.sample.input)) for failure in some]
        for group in clusters(words, ALIKE):
            others = [words[index] for index in range(len(some)) if index not in set(group)]
            name = _name(kinds, telling([words[index] for index in group], others), {one.cluster for done in groups for one in done})
            groups.append(sorted((replace(some[index], cluster=name) for index in group), key=lambda one: -one.seen))
    return sorted(groups, key=lambda group: (-sum(one.seen for one in group), group[0].cluster))


def _name(kinds: Sequence[str], words: Sequence[str], taken: Collection[str]) -> str:
    name = f"{', '.join(kinds[:2])}: {' '.join(words)}".rstrip(": ")
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name} ({number})", number + 1
    return unique
