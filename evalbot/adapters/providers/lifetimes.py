"""On which day models end, as their vendors have announced it: known without a key and without a network.

Sources, read on 2026-11-26: developers.openai.com/api/docs/deprecations and platform.claude.com/docs/about-claude/model-deprecations. What
a provider itself says of a model goes before this table (`evalbot doctor`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from evalbot.domain.models import Model

SOON_DAYS = 90
_ENDS = {
    "gpt-4o": date(2027, 1, 14), "gpt-4o-mini": date(2027, 1, 14), "gpt-4.1": date(2027, 1, 14), "gpt-4.1-mini": date(2027, 1, 14),
    "claude-sonnet-4-5": date(2026, 11, 30),
}  # fmt: skip


def announced_end(name: str) -> date | None:
    """The last day of a model, of a dated name as of the bare one; None where none was announced."""
    fitting = [known for known in _ENDS if name == known or name.startswith(f"{known}-20")]
    return _ENDS[fitting[0]] if fitting else None


def ending(models: Iterable[Model], today: date) -> Iterator[str]:
    """A line for each model that ends soon or has ended."""
    for model in models:
        ends = announced_end(model.model) if model.base_url is None else None
        if ends is not None and (days := (ends - today).days) <= SOON_DAYS:
            when = f"ends on {ends.isoformat()}, in {days} days" if days >= 0 else f"ended on {ends.isoformat()}"
            yield f"{model.label} {when}; move to a newer one in a pull request of its own"
