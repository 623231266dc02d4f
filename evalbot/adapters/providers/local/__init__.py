"""The `local` provider: an extractive answerer and a lexical judge, embedded, deterministic and without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass

from evalbot.adapters.providers import PROVIDERS
from evalbot.adapters.providers.local import answerer, duel, form, items, rubric, vectors
from evalbot.domain.models import Message, Model, Outcome, Reply, Request, Usage

_CHARACTERS_PER_TOKEN = 4
_DEFAULT_OUTPUT_TOKENS = 1024


@PROVIDERS.register("local")
@dataclass(frozen=True)
class Local:
    """Answers from the sentences of the prompt and its context that fit the question best, and nothing else.

    It is no language model. It does not understand, reason, translate or follow instructions: it compares words. As a
    judge (a request with a schema and an answer to grade) it measures how many of the reference's and the context's words
    the answer holds, and calls that a grade; of claims and sentences it says by the same means whether the context holds
    them. That is enough to see a prompt lose facts, and to try evalbot without a key; it says nothing about how a real model
    would answer. It costs nothing, and tokens are counted as characters / 4.

    As an embedding model it puts each word at a place of its own, so that texts are alike as far as they share words. With
    the extra `evalbot[wordllama]`, `local/wordllama` gives static embeddings of 256 numbers, without a network as well.

    Any other model name does: `local/extractive`, `local/rubric` and `local/words` are customary.
    """

    model: Model
    key: str | None = None

    async def complete(self, request: Request, seconds: float) -> Reply:  # noqa: ARG002 - it never takes long
        """The same reply to the same request, always; raises nothing."""
        text, outcome = _cut(_text(request), request.model)
        sent = sum(len(message.content) for message in request.messages)
        return Reply(
            text=text,
            outcome=outcome,
            usage=Usage(input=_tokens(sent), output=_tokens(len(text))),
            model=request.model.model,
            cost_usd=0.0,
        )

    async def embed(self, request: Request, seconds: float) -> Reply:  # noqa: ARG002 - it never takes long
        """The same vectors for the same texts, always."""
        found = vectors.vectors(request.model, request.texts)
        usage = Usage(input=_tokens(sum(map(len, request.texts))))
        return Reply("", usage=usage, model=request.model.model, cost_usd=0.0, vectors=found)

    @staticmethod
    def embedding_objection(model: Model) -> str:
        """Why a model cannot embed; empty where nothing speaks against it."""
        return vectors.objection(model)

    async def close(self) -> None:
        """Nothing is open."""


def _text(request: Request) -> str:
    if request.schema is None:
        return answerer.answer(request.messages)
    message = _last_user(request.messages)
    if (two := duel.verdict(message)) is not None:
        return json.dumps(two)
    asked = rubric.read(message)
    if asked is not None:
        by_item = items.judged(request.schema, asked) or items.listed(request.schema, asked)
        return by_item or form.fill(request.schema, rubric.grade(asked))
    found = answerer.answer(request.messages)
    return form.fill(request.schema, rubric.Grade(1.0 if found else 0.0, found))


def _last_user(messages: tuple[Message, ...]) -> str:
    return next((message.content for message in reversed(messages) if message.role == "user"), "")


def _cut(text: str, model: Model) -> tuple[str, Outcome]:
    limit = model.params.get("max_output_tokens", _DEFAULT_OUTPUT_TOKENS)
    room = int(limit) * _CHARACTERS_PER_TOKEN if isinstance(limit, int | float) else len(text)
    if len(text) > room:
        return text[:room], Outcome.TRUNCATED
    return text, Outcome.OK if text else Outcome.EMPTY


def _tokens(characters: int) -> int:
    return -(-characters // _CHARACTERS_PER_TOKEN)
