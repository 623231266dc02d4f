"""The lexical judge: how much of a reference, of the context or of the question an answer's words cover."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evalbot.adapters.providers.local.words import terms, written

_SECTION = r"input|response|reference|context|criteria|items|item-\d+|answer_a|answer_b"
_OPENING = re.compile(rf"<(?:{_SECTION})-([0-9a-fA-F]{{8,}})>")
_NUMBER_WEIGHT = 3.0  # a wrong price is a worse fault than a missing adjective
_REFERENCE_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Asked:
    """What a judge is given: untrusted text, by section."""

    question: str = ""
    response: str = ""
    references: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grade:
    """`share` is 0 (nothing fits) to 1; `reasoning`, `strengths` and `weaknesses` say which words made it."""

    share: float
    reasoning: str = ""
    strengths: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()


def read(message: str) -> Asked | None:
    """The sections of a judge's message, or None where it holds neither a response nor items to grade."""
    found = sections(message)
    return asked(found) if "response" in found or "item-1" in found else None


def sections(message: str) -> dict[str, list[str]]:
    """The texts of each section by name; none where the message has none.

    The first opening tag is the judge's own, since all untrusted text stands inside its sections: what carries another
    nonce is text.
    """
    first = _OPENING.search(message)
    if first is None:
        return {}
    nonce = re.escape(first[1])
    found: dict[str, list[str]] = {}
    for one in re.finditer(rf"<({_SECTION})-{nonce}>(.*?)</\1-{nonce}>", message, re.DOTALL):
        found.setdefault(one[1], []).append(one[2].strip())
    return found


def asked(found: Mapping[str, Sequence[str]]) -> Asked:
    """What sections ask to be graded."""
    return Asked(
        question="\n".join(found.get("input", ())),
        response=found.get("response", ("",))[-1],  # a message may name its tags before it uses them
        references=tuple(filter(None, found.get("reference", ()))),
        contexts=tuple(filter(None, found.get("context", ()))),
        items=tuple(found[name][-1] for name in sorted(_numbered(found), key=_number)),
    )


def _numbered(found: Mapping[str, Sequence[str]]) -> list[str]:
    return [name for name in found if name.startswith("item-")]


def _number(name: str) -> int:
    return int(name.removeprefix("item-"))


def grade(asked: Asked) -> Grade:
    """A share of words, from what there is to compare with: the references, the context, else the question.

    With references: 85 % is the share of the best matching reference's words that the response holds, numbers counting
    threefold; 15 % is the share of the response's words that stand in references, context or question, so that
    inventing costs a little. Without references, the second share is of the context alone and counts half, the question's
    words the other half.
    """
    said = set(terms(asked.response))
    known = _all(asked.contexts)
    asked_for = set(terms(asked.question))
    if not asked.references:
        covered = _share(asked_for, said)
        supported = _share(said, known | asked_for) if known else covered
        return _explained((covered + supported) / 2, asked.question, said, "question")
    reference = max(asked.references, key=lambda text: _share(set(terms(text)), said))
    best = set(terms(reference))
    supported = _share(said, known | asked_for | _all(asked.references))
    share = _REFERENCE_SHARE * _share(best, said) + (1 - _REFERENCE_SHARE) * supported
    return _explained(share, reference, said, "reference")


def _all(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in terms(text)}


def _share(wanted: set[str], found: set[str]) -> float:
    whole = sum(map(_weight, wanted))
    return sum(_weight(word) for word in wanted & found) / whole if whole else 0.0


def _weight(word: str) -> float:
    return _NUMBER_WEIGHT if word[0].isdigit() else 1.0


def _explained(share: float, wanted: str, said: set[str], what: str) -> Grade:
    words = dict(reversed(written(wanted)))  # each stem once, as it is written first
    held = [words[stem] for stem in reversed(words) if stem in said]
    missing = [words[stem] for stem in reversed(words) if stem not in said]
    return Grade(
        share,
        f"By word overlap only: {len(held)} of {len(words)} words of the {what} are in the response.",
        (f"Holds: {', '.join(held[:8])}.",) if held else (),
        (f"Lacks: {', '.join(missing[:8])}.",) if missing else (),
    )
