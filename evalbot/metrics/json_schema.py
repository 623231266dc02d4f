"""json_schema: the answer is strict JSON and fits a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self, cast

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.instruments.patience import AT_MOST_SECONDS, outcome
from evalbot.instruments.schemas import mismatch, read_schema, validator
from evalbot.metrics import METRICS

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_VERSION = 1  # part of the identity: bump it when another answer may fit


@METRICS.register("json_schema")
@dataclass(frozen=True)
class JsonSchema:
    """1 where the whole answer is strict JSON that fits a JSON Schema, else 0.

    Strict means: no text around it (no code fence either), no duplicate keys, no NaN, no infinities. White space around the
    answer does not count. The schema is of draft 2020-12 unless its `$schema` says otherwise; `$ref` is followed within it
    only.

    - `schema`: the schema itself, or the path of a JSON file that holds it.

    **Range**: 0 or 1. **Needs** nothing of the example. **Not applicable**: never; for some examples only, use a check of
    type `json_schema` with `when`. **Decides** whether an example passes. **Cost**: no model call. A schema that needs more
    than a second is no verdict on the answer: the score is then unscored with `metric_error`.

    **Biases**: it sees form and no meaning: `{"refund": true}` fits, whether it is right or not.

    **Source**: JSON Schema (json-schema.org), by the `jsonschema` package with patterns bounded in time.
    """

    schema: str | Mapping[str, object]

    scale = (0.0, 1.0)
    lower_is_better = False
    decides = Decides.YES
    models = ()

    def problems(self) -> list[str]:
        """What is wrong with a schema that stands in place; a path is looked at by `with_files`."""
        if isinstance(self.schema, str):
            return [] if self.schema.strip() else ["schema is empty; give a JSON Schema, or the path of one."]
        try:
            validator(self.schema)
        except ValueError as error:
            return [f"schema: {error}."]
        return []

    def with_files(self, read: Callable[[str], bytes]) -> Self:
        """The same with the schema of its file in place of the path.

        Raises:
            ConfigError: The file cannot be read, or holds no JSON Schema.
        """
        return replace(self, schema=read_schema(read, self.schema)) if isinstance(self.schema, str) else self

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example."""
        return True

    def identity(self) -> Json:
        """The schema."""
        return {"version": _VERSION, "schema": cast(Json, self.schema)}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """1 and passed, or 0 and failed with the place that does not fit."""
        try:
            reason = await outcome(lambda text, seconds: mismatch(self._validator, text, seconds), answered.output.strip())
        except TimeoutError:
            return Score.unscored(ErrorClass.METRIC, f"The schema took longer than {AT_MOST_SECONDS:g} s.")
        return Score.scored(0.0 if reason else 1.0, not reason, f"The answer {reason}." if reason else "")

    @cached_property
    def _validator(self) -> Validator:
        return validator(self.schema)
