"""evalbot: did this prompt change make your product worse? Answered in the pull request, with the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalbot.adapters.handover import Handover
    from evalbot.adapters.streams import open_stream
    from evalbot.app.in_process import InProcessMonitor
    from evalbot.stats.sampling import Facts, ProductionSampler

__version__ = "0.1.0"
__all__ = ["Facts", "Handover", "InProcessMonitor", "ProductionSampler", "__version__", "open_stream"]

_PUBLIC = {
    "Facts": "evalbot.stats.sampling", "ProductionSampler": "evalbot.stats.sampling", "Handover": "evalbot.adapters.handover",
    "open_stream": "evalbot.adapters.streams", "InProcessMonitor": "evalbot.app.in_process",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """What services of others may import, loaded when it is asked for."""
    if name in _PUBLIC:
        from importlib import import_module

        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'evalbot' has no attribute {name!r}")
