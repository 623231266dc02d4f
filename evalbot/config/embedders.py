"""Whether a model that a metric wants embeddings of can give any, as far as its provider tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalbot.adapters.providers import PROVIDERS
from evalbot.domain.models import Model


def cannot_embed(name: str, models: Mapping[str, Any]) -> str:
    """Why a model of `models` (as written) or "provider/model" cannot embed; empty where nothing speaks against it.

    A name or a provider that does not exist is somebody else's to report.
    """
    raw = models.get(name)
    provider, model = (raw.get("provider"), raw.get("model")) if isinstance(raw, dict) else (name.partition("/")[::2])
    if provider not in PROVIDERS.names():
        return ""
    part: Any = PROVIDERS.get(str(provider))
    if not hasattr(part, "embed"):
        return f"the provider {provider!r} has no embeddings"
    objection = getattr(part, "embedding_objection", None)
    return str(objection(Model(str(provider), str(model)))) if callable(objection) else ""
