"""Stand-ins for presidio and spaCy, which are too heavy for the project's environment: `installed` puts them where the worker finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

MODEL = "people_sm"
FILES = {
    "spacy/__init__.py": """
class util:
    @staticmethod
    def is_package(name):
        return name == "people_sm"


def info(model, silent=False):
    return {"lang": "en", "name": model}
""",
    "presidio_analyzer/nlp_engine.py": """
class NlpEngineProvider:
    def __init__(self, nlp_configuration):
        self.models = nlp_configuration["models"]

    def create_engine(self):
        assert self.models == [{"lang_code": "en", "model_name": "people_sm"}], self.models
        print("a library that talks")
        return self
""",
    "presidio_analyzer/predefined_recognizers.py": """
class SpacyRecognizer:
    def __init__(self, supported_language, supported_entities):
        assert (supported_language, supported_entities) == ("en", ["PERSON"])
""",
    # It knows every pair of capitalised words as a person, and does what it is told by the words in capitals.
    "presidio_analyzer/__init__.py": """
import os, re, time
from types import SimpleNamespace


class RecognizerRegistry:
    def __init__(self, recognizers, supported_languages):
        self.recognizers = recognizers


class AnalyzerEngine:
    def __init__(self, registry, nlp_engine, supported_languages):
        self.supported_languages = supported_languages

    def analyze(self, text, language, entities):
        assert (language, entities) == ("en", ["PERSON"])
        print("still talking")
        if "DIES" in text:
            os._exit(9)
        if "RAISES" in text:
            raise RuntimeError(text)
        while "HANGS" in text:
            time.sleep(1)
        return [SimpleNamespace(start=one.start(), end=one.end()) for one in re.finditer(r"[A-Z][a-z]+ [A-Z][a-z]+|ada lovelace", text)]
""",
}


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have them importable from `folder`, here and in the worker."""
    for path, text in FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(str(folder))
