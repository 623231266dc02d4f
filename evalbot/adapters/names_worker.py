"""Looks for names of people with presidio and a spaCy model, in a process of its own, which holds no keys and may be killed.

It says one line first: {"ready": true} or {"missing": "presidio-analyzer" | "model"}. Each line that comes is {"text"}; each answer
is {"spans": [[start, end], …]} or {"failed": the error's class}.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine


def serve(model: str) -> None:
    """Answer texts from standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def say(**answer: object) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        analyzer = _analyzer(model)
    except (ImportError, _NoModel) as error:
        say(missing="model" if isinstance(error, _NoModel) else "presidio-analyzer")
        return
    say(ready=True)
    for line in sys.stdin:
        try:
            say(spans=_spans(analyzer, json.loads(line)["text"]))
        except Exception as error:  # whatever it was: this text was not looked through, and its words stay here
            say(failed=type(error).__name__)


class _NoModel(Exception):  # noqa: N818 - reads as what it is
    """It is not installed."""


def _analyzer(model: str) -> AnalyzerEngine:
    """One that knows people only; presidio itself would fetch a model that is missing, so that is looked at first."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    if not spacy.util.is_package(model):
        raise _NoModel
    language = spacy.info(model, silent=True)["lang"]
    models = [{"lang_code": language, "model_name": model}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    people = SpacyRecognizer(supported_language=language, supported_entities=["PERSON"])
    registry = RecognizerRegistry(recognizers=[people], supported_languages=[language])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])


def _spans(analyzer: AnalyzerEngine, text: str) -> list[tuple[int, int]]:
    (language,) = analyzer.supported_languages
    return [(found.start, found.end) for found in analyzer.analyze(text, language=language, entities=["PERSON"])]
