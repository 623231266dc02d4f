"""One repository on GitHub, by PyGithub: `GitHubClient` implements the port `GitHub`."""

from __future__ import annotations

from evalbot.adapters.github.client import GitHubClient

__all__ = ["GitHubClient"]
