"""Which model answers and which one grades, where nobody has said: from the code, from other tools' files, from the keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from evalbot.app.setup.look import Found

_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_ANSWERS = {"openai": "openai/gpt-6-luna", "anthropic": "anthropic/claude-sonnet-5"}
_GRADES = {"openai": "openai/gpt-6.1-terra", "anthropic": "anthropic/claude-sonnet-5"}
_LOCAL, _LOCAL_JUDGE = "local/extractive", "local/rubric"


@dataclass(frozen=True)
class Choice:
    """A model, and where it comes from in a few words."""

    model: str
    why: str


def answering(found: Found, named: Sequence[str], source: str, environment: Mapping[str, str]) -> Choice:
    """The model that answers.

    Args:
        named: Models that the suite's own files name, `provider/model` or bare.
        source: Which file that is.
        environment: For keys that are set; their values are not read.
    """
    for name in [*named, *found.models]:
        model = labelled(name)
        if model:
            return Choice(model, f"named in {source}" if name in named else "named in the code")
    for vendor in _vendors(found.vendors, environment):
        reason = "its SDK is used here" if vendor in found.vendors else f"{_KEYS[vendor]} is set"
        return Choice(_ANSWERS[vendor], reason)
    return Choice(_LOCAL, "no SDK and no key was found: evalbot's own, which needs none; put your model here")


def grading(answers: str, found: Found, environment: Mapping[str, str]) -> Choice:
    """The model that grades: of another family where there is a key for one, since judges prefer their own."""
    vendor = answers.partition("/")[0]
    if vendor not in _KEYS:
        return Choice(_LOCAL_JUDGE, "evalbot's own, which needs no key; put a model here")
    others = [other for other in _KEYS if other != vendor and (other in found.vendors or environment.get(_KEYS[other], "").strip())]
    if others:
        return Choice(_GRADES[others[0]], "another family than the model that it grades")
    return Choice(_GRADES[vendor], "a model of another family would be a fairer judge")


def labelled(name: str) -> str | None:
    """`provider/model` of a name that a file uses; None where no built-in provider has such a model."""
    vendor, slash, model = name.partition("/")
    if slash:
        return name if vendor in _KEYS and model else None
    if name.startswith("claude-"):
        return f"anthropic/{name}"
    return f"openai/{name}" if name.startswith(("gpt-", "o1", "o3", "o4")) else None


def _vendors(used: Collection[str], environment: Mapping[str, str]) -> list[str]:
    """Vendors in the order in which they are taken: used with a key, used, with a key."""
    keyed = {vendor for vendor, key in _KEYS.items() if environment.get(key, "").strip()}
    return sorted((vendor for vendor in _KEYS if vendor in used or vendor in keyed), key=lambda v: (v not in used, v not in keyed, v != "openai"))
