"""No stored secret: GitHub's OIDC token of the job, which OpenAI and Anthropic exchange for a short-lived one of their own.

Sources, read on 2026-11-26: developers.openai.com/api/docs/guides/workload-identity-federation/github-actions and
platform.claude.com/docs/manage-claude/wif-providers/github-actions; docs.github.com, "OpenID Connect reference".
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote, urlsplit

from evalbot.adapters.providers import PROVIDERS
from evalbot.domain.errors import ConfigError, NoKey, Problem, ProviderError, ProviderFault

_URL, _TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_SECONDS = 10.0
_MOST_BYTES = 65_536


class Federated(Protocol):
    """A provider that can do without a key.

    Its class says in `federation` which ids it takes (name → whether it needs it), and in `audience` what GitHub's token is
    made out to by default.
    """

    def federate(self, identity: Callable[[], str]) -> None:
        """Ask `identity` for GitHub's token whenever one has to be exchanged; called once, before anything else."""


def federation_of(provider: str) -> Mapping[str, bool]:
    """The ids that a provider takes, and whether it needs them; empty where it knows no federation."""
    found: Mapping[str, bool] = getattr(PROVIDERS.get(provider), "federation", {})
    return found


def audience_of(provider: str) -> str:
    """What GitHub's token is made out to where nobody says it."""
    found: str = getattr(PROVIDERS.get(provider), "audience", "")
    return found


class GitHubToken:
    """Asks GitHub for the job's OIDC token: a fresh one each time, since it lives for minutes.

    Args:
        env: The process's environment, where the runner has put address and permission.
        audience: What the token is made out to.

    Raises:
        NoKey: The job has no permission `id-token: write`; a pull request from a fork never has it.
    """

    def __init__(self, env: Mapping[str, str], audience: str) -> None:
        address, self._permission = env.get(_URL, ""), env.get(_TOKEN, "")
        if not address or not self._permission:
            hint = "Add `id-token: write` to the job's permissions. A fork's pull request and your own machine have none: use a key there."
            raise NoKey(Problem("`auth: {type: oidc}` needs GitHub's OIDC token, and this job may not ask for one.", hint=hint))
        if urlsplit(address).scheme not in ("https", "http"):
            raise ConfigError(Problem(f"{_URL} is no http or https address."))
        self._address = f"{address}{'&' if '?' in address else '?'}audience={quote(audience, safe='')}"

    def __call__(self) -> str:
        """The token; blocks for seconds at most.

        Raises:
            ProviderError: GitHub refused, could not be reached, or sent no token.
        """
        request = urllib.request.Request(self._address, headers={"Authorization": f"bearer {self._permission}", "Accept": "application/json"})  # noqa: S310 - http and https only, see above
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
                value = json.loads(response.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            error.close()
            fault = ProviderFault.AUTH if error.code < 500 else ProviderFault.SERVER
            raise ProviderError(fault, f"GitHub gave no OIDC token (HTTP {error.code})") from None
        except (OSError, ValueError) as error:
            raise ProviderError(ProviderFault.NETWORK, f"GitHub gave no OIDC token ({type(error).__name__})") from None
        token = value.get("value") if isinstance(value, dict) else None
        if not isinstance(token, str) or not token:
            raise ProviderError(ProviderFault.AUTH, "GitHub's answer holds no OIDC token")
        return token


def exchange_failed(error: Exception) -> ProviderError:
    """What an SDK raised while it exchanged the token, as what it is here.

    The message names no body: token endpoints may echo what they were sent.
    """
    if isinstance(error, ProviderError):
        return error
    if isinstance(cause := error.__cause__, ProviderError):
        return cause
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if status is None:
        return ProviderError(ProviderFault.NETWORK, f"could not exchange GitHub's token ({type(error).__name__})")
    fault = ProviderFault.AUTH if status < 500 else ProviderFault.SERVER
    hint = ": does the federation rule fit this repository and event?" if status < 500 else ""
    return ProviderError(fault, f"did not take GitHub's token (HTTP {status}){hint}")
