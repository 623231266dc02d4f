"""How a harvest tells that two questions are the same, with the embeddings that takes where a model is configured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from evalbot.app.wiring import Lab
from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun, ProviderError, Stopped
from evalbot.domain.models import Model
from evalbot.engine.embedding import Embeddings
from evalbot.gate.alike import Alike, ByMeaning, ByWords, to_embed


async def alike(lab: Lab, model: Model | None, bar: float, inputs: Iterable[Mapping[str, Json]]) -> Callable[[], Alike]:
    """Makes what compares inputs: by their words, or with a model by their meaning.

    Args:
        lab: Running, with the model among those that it may ask.
        bar: The least similarity of inputs that are the same.
        inputs: All that will be compared; those of samples redacted.

    Raises:
        CouldNotRun: The embeddings could not be had.
    """
    if model is None:
        return partial(ByWords, bar)
    gateway = lab.gateway
    assert gateway is not None  # noqa: S101 - the lab is running
    texts = to_embed(inputs)
    try:
        embeddings = Embeddings(gateway, recalls=gateway.remembers)
        vectors, _ = await embeddings.get(model, texts, gateway.clock() + lab.limits.total_seconds)
    except (ProviderError, Stopped) as error:
        raise CouldNotRun(f"{model.label} gave no embeddings of the inputs: {error}") from error
    return partial(ByMeaning, bar, dict(zip(texts, vectors, strict=True)))
