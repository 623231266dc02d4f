"""exact_match: the answer is one of the expected ones, letter by letter."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.metrics import METRICS

_NORMALISATION = "nfc-lf/1"  # part of the identity: bump it when `_plain` changes what is equal


@METRICS.register("exact_match")
@dataclass(frozen=True)
class ExactMatch:
    """1 where the answer equals `expected_output` or one of the `references`, else 0.

    Both texts are compared after Unicode normalisation (NFC) and with Windows line ends as plain ones, so that what looks
    the same is the same. Nothing else is changed unless an option says so.

    - `strip`: white space around the text does not count (default).
    - `case`: upper and lower case differ (default); `false` compares them folded.
    - `punctuation`: punctuation counts (default); `false` drops it and takes any run of white space as one space.

    **Range**: 0 or 1. **Needs** `expected_output` or `references`; without them it is not applicable. **Decides** whether
    an example passes only where no other metric of the suite does. **Cost**: no model call.

    **Biases**: a right answer in other words scores 0. Use it for labels, codes and short facts, not for prose.

    **Source**: equality of texts; normalisation form C of Unicode Standard Annex 15.
    """

    strip: bool = True
    case: bool = True
    punctuation: bool = True

    needs = "an `expected_output` or `references`"
    scale = (0.0, 1.0)
    lower_is_better = False
    decides = Decides.ALONE
    models = ()

    def applies(self, example: Example) -> bool:
        """Where there is an expected answer."""
        return bool(example.answers)

    def identity(self) -> Json:
        """The normalisation's version and the options."""
        return {
            "normalisation": _NORMALISATION, "strip": self.strip, "case": self.case, "punctuation": self.punctuation,
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """1 and passed, or 0 and failed."""
        expected = answered.example.answers
        if not expected:
            return Score.not_applicable("The example has no expected output.")
        said = self._plain(answered.output)
        if any(said == self._plain(answer) for answer in expected):
            return Score.scored(1.0, passed=True)
        return Score.scored(0.0, passed=False, reason="The answer is none of the expected ones.")

    def _plain(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
        if not self.case:
            text = unicodedata.normalize("NFC", text.casefold())
        if not self.punctuation:
            bare = "".join(char for char in text if not unicodedata.category(char).startswith("P"))
            text = re.sub(r"\s+", " ", bare)
        return text.strip() if self.strip else text
