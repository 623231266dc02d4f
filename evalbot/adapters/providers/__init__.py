"""Model providers: the official SDKs and the embedded local one, behind one protocol."""

from __future__ import annotations

from evalbot.domain.ports import Provider
from evalbot.domain.registry import Registry

PROVIDERS: Registry[Provider] = Registry(
    "provider",
    {
        "anthropic": "evalbot.adapters.providers.anthropic",
        "local": "evalbot.adapters.providers.local",
        "openai": "evalbot.adapters.providers.openai",
    },
    "evalbot.providers",
)
