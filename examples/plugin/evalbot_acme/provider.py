"""The provider `acme`: a model that gives the user's last sentence back. A real one would call its service here."""

from __future__ import annotations

from evalbot.domain.models import Model, Outcome, Reply, Request, Usage


class Acme:
    """One object serves all calls to an endpoint, many at a time.

    A provider with a key says `key_env = "ACME_API_KEY"` here, one whose address the workflow may move `base_url_env`.
    """

    def __init__(self, model: Model, key: str | None) -> None:
        self._model = model

    async def complete(self, request: Request, seconds: float) -> Reply:
        """One call, without retries, within its deadline; raises ProviderError where nothing came back that can be judged."""
        asked = request.messages[-1].content.strip()
        text = asked.splitlines()[-1] if asked else ""
        usage = Usage(input=sum(len(message.content.split()) for message in request.messages), output=len(text.split()))
        return Reply(text, Outcome.OK if text else Outcome.EMPTY, usage, model=self._model.model, cost_usd=0.0)

    async def close(self) -> None:
        """Give connections back; there are none."""
