"""token_f1: how many words the answer shares with the expected one, as SQuAD counts them."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, reaches, threshold_problems
from evalbot.metrics import METRICS

_NORMALISATION = "squad-2.0+characters/1"  # part of the identity: bump it when `tokens` changes what it returns

# Scripts that are written without spaces: Thai, Lao, Myanmar, Khmer, Japanese kana, Han with its extensions.
_UNSPACED = "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
_CHARACTER = re.compile(f"([{_UNSPACED}])")
# The published \b(a|an|the)\b, with its look behind after the first letter: so the search can skip to an a or a t.
_ARTICLE = re.compile(r"(?:a(?<!\wa)n?|t(?<!\wt)he)\b")
_WIDE_PUNCTUATION = "、。〃〈〉《》「」『』【】〔〕〖〗〜・！＂＃％＆＇（）＊，－．／：；？＠［＼］＿｛｝｡｢｣､･"
_WITHOUT_PUNCTUATION = {ord(char): None for char in string.punctuation + _WIDE_PUNCTUATION}


@METRICS.register("token_f1")
@dataclass(frozen=True)
class TokenF1:
    """The harmonic mean of precision and recall over words, against the best of `expected_output` and `references`.

    Texts are normalised as the published SQuAD 2.0 evaluation does it: lower case, ASCII punctuation removed, the articles
    a, an and the removed, split at white space. Repeated words count as often as they occur in both. Two empty texts score
    1, one empty text 0. Beyond SQuAD, text in scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) is
    compared character by character, and full-width punctuation is removed; other text is not affected.

    - `articles`: `drop` (default, as published) or `keep`, for languages in which "a", "an" or "the" are other words.
    - `threshold`: the lowest value that passes, as a number or per partition (`{golden: 0.8, default: 0.6}`). There is no
      default, since what is enough depends on your answers. Without it the metric is reported and tested, and does not
      decide whether an example passes; the same holds for partitions that a mapping leaves out.

    **Range**: 0 to 1. **Needs** `expected_output` or `references`; without them it is not applicable. **Decides** whether an
    example passes where it has a `threshold`. **Cost**: no model call.

    **Biases**: it compares words, not meaning: "not refundable" and "refundable" share half their words. Long answers lose
    precision, and a paraphrase scores low.

    **Source**: Rajpurkar, Jia and Liang (2018), Know What You Don't Know, and its official evaluation script.
    """

    articles: Literal["drop", "keep"] = "drop"
    threshold: Threshold | None = None

    needs = "an `expected_output` or `references`"
    scale = (0.0, 1.0)
    lower_is_better = False
    models = ()

    @property
    def decides(self) -> Decides:
        """With a threshold."""
        return Decides.NO if self.threshold is None else Decides.YES

    def problems(self) -> list[str]:
        """What is wrong with the threshold."""
        return threshold_problems("threshold", self.threshold, (0.0, 1.0))

    def applies(self, example: Example) -> bool:
        """Where there is an expected answer."""
        return bool(example.answers)

    def identity(self) -> Json:
        """The normalisation's version and the articles; a threshold moves no score."""
        return {"normalisation": _NORMALISATION, "articles": self.articles}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """The best F1 over the expected answers."""
        expected = answered.example.answers
        if not expected:
            return Score.not_applicable("The example has no expected output.")
        drop = self.articles == "drop"
        said = Counter(tokens(answered.output, drop_articles=drop))
        value = max(f1(said, _expected(answer, drop)) for answer in expected)
        passed = reaches(value, self.threshold, answered.example.partition)
        return Score.scored(value, passed, f"Word overlap is {value:.2f}." if passed is False else "")


def tokens(text: str, *, drop_articles: bool = True) -> list[str]:
    """The words of a text in SQuAD's normalisation; one token per character in scripts without spaces."""
    bare = text.lower().translate(_WITHOUT_PUNCTUATION)
    if drop_articles:
        bare = _ARTICLE.sub(" ", bare)
    return (bare if bare.isascii() else _CHARACTER.sub(r" \1 ", bare)).split()


def f1(said: Counter[str], expected: Counter[str]) -> float:
    """F1 of two bags of tokens, 0 to 1; two empty ones score 1 and one empty one 0."""
    if not said or not expected:
        return float(said == expected)
    shared = sum(min(n, expected[token]) for token, n in said.items() if token in expected)
    # 2pr / (p + r) with p = shared / said and r = shared / expected
    return 2 * shared / (said.total() + expected.total())


@lru_cache(maxsize=4096)
def _expected(answer: str, drop_articles: bool) -> Counter[str]:
    """An expected answer is met once for each side and epoch."""
    return Counter(tokens(answer, drop_articles=drop_articles))
