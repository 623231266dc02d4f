"""The lexical judge of two answers: the one that covers more of what there is to compare with."""

from __future__ import annotations

from dataclasses import replace

from evalbot.adapters.providers.local import rubric

_EQUAL = 0.02  # shares that differ by less are a tie


def verdict(message: str) -> dict[str, str] | None:
    """Which of two answers is preferred ("A", "B" or "tie") and why, or None where the message holds no two answers."""
    found = rubric.sections(message)
    if "answer_a" not in found or "answer_b" not in found:
        return None
    given = rubric.asked(found)
    a, b = (rubric.grade(replace(given, response=found[name][-1])).share for name in ("answer_a", "answer_b"))
    preferred = "tie" if abs(a - b) < _EQUAL else "A" if a > b else "B"
    return {"reasoning": f"By word overlap only: A covers {a:.0%}, B {b:.0%}.", "preferred": preferred}
