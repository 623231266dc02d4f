"""The action's inputs: `INPUT_<NAME>` variables → one checked, frozen value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Partition

CONFIG, REPORT_DIR, CACHE_DIR, KEY = "evalbot.yml", "evalbot-report", ".evalbot-cache", "default"
COMMANDS = ("auto", "check", "suite", "harvest", "monitor", "publish")
COMMENTS = ("update", "new", "on-change", "on-failure", "off")
FORKS = ("approve", "environment")
MOST_EPOCHS = 1000
# A key becomes part of a check's, an artifact's and a branch's name, and of a marker in a comment.
_KEY = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,98}[A-Za-z0-9_])?")
_NOT_IN_KEY = re.compile(r"[^A-Za-z0-9._/-]+")
_REF = re.compile(r"[^\s\x00-\x1f\x7f:?*\[\\-][^\s\x00-\x1f\x7f:?*\[\\]{0,254}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # YAML's core words
_RUNNERS_OWN = frozenset({"args", "entrypoint"})  # `with:` of any container action


@dataclass(frozen=True, slots=True)
class Inputs:
    """Every input by its name, with `_` for `-`; never shows a key. `warnings` are lines about inputs that do not exist."""

    github_token: str = field(default="", repr=False)
    config: str = CONFIG
    command: str = "auto"
    key: str = KEY
    openai_api_key: str = field(default="", repr=False)
    anthropic_api_key: str = field(default="", repr=False)
    suites: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    base: str = ""
    head: str = ""
    epochs: int | None = None
    comment: str = "update"
    fork: str = "approve"
    advisory: bool = False
    cache_dir: str = CACHE_DIR
    report_dir: str = REPORT_DIR
    warnings: tuple[str, ...] = ()


class WrongInputs(ConfigError):  # noqa: N818 - reads as what they are
    """Values that do not fit; `usable` are the inputs with the default in place of each, to say so where it is read."""

    def __init__(self, problems: Sequence[Problem], usable: Inputs) -> None:
        super().__init__(problems)
        self.usable = usable


def inputs(environment: Mapping[str, str]) -> Inputs:
    """The inputs that a runner set; an empty one is not given. The token falls back to GITHUB_TOKEN.

    Raises:
        WrongInputs: Values that do not fit, all at once, each with the nearest one that would.
    """
    return _Reader(environment).read()


class _Reader:
    """Reads each input once and remembers what is wrong with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[Problem] = []

    def read(self) -> Inputs:
        config = self._path("config", CONFIG, from_root=True)
        found = Inputs(
            github_token=self._text("github-token") or self._environment.get("GITHUB_TOKEN", "").strip(),
            config=config,
            command=self._one_of("command", COMMANDS),
            key=self._key(config),
            openai_api_key=self._text("openai-api-key"),
            anthropic_api_key=self._text("anthropic-api-key"),
            suites=self._words("suites"),
            partitions=self._partitions(),
            base=self._ref("base"),
            head=self._ref("head"),
            epochs=self._epochs(),
            comment=self._one_of("comment", COMMENTS),
            fork=self._one_of("fork", FORKS),
            advisory=self._flag("advisory"),
            cache_dir=self._path("cache-dir", CACHE_DIR),
            report_dir=self._path("report-dir", REPORT_DIR),
            warnings=_unknown(self._environment),
        )
        if self._problems:
            raise WrongInputs(self._problems, found)
        return found

    def _text(self, name: str) -> str:
        return self._environment.get(f"INPUT_{name.upper()}", "").strip()

    def _refuse(self, name: str, message: str, hint: str = "") -> None:
        self._problems.append(Problem(f"the input `{name}` {message}", hint=hint))

    def _one_of(self, name: str, known: tuple[str, ...]) -> str:
        """The first of the known words is the default."""
        given = self._text(name)
        if given and given not in known:
            self._refuse(name, f"cannot be {_quoted(given)}.", nearest(given[:80], known))
        return given if given in known else known[0]

    def _flag(self, name: str) -> bool:
        given = self._text(name)
        if given and given not in _BOOLEANS:
            self._refuse(name, f"must be 'true' or 'false', not {_quoted(given)}.")
        return _BOOLEANS.get(given, False)

    def _words(self, name: str) -> tuple[str, ...]:
        """One a line, or separated by commas; each once."""
        words = (word.strip() for word in re.split(r"[\n,]", self._text(name)))
        return tuple(dict.fromkeys(word for word in words if word))

    def _partitions(self) -> tuple[str, ...]:
        words, known = self._words("partitions"), [str(partition) for partition in Partition]
        for word in words:
            if word not in known:
                self._refuse("partitions", f"names {_quoted(word)}, which is no partition.", nearest(word[:80], known))
        return tuple(word for word in words if word in known)

    def _epochs(self) -> int | None:
        given = self._text("epochs")
        if not given:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", given) or not 1 <= int(given) <= MOST_EPOCHS:
            self._refuse("epochs", f"must be a whole number from 1 to {MOST_EPOCHS}, not {_quoted(given)}.")
            return None
        return int(given)

    def _ref(self, name: str) -> str:
        given = self._text(name)
        if given and not _REF.fullmatch(given):
            self._refuse(name, f"is no git reference: {_quoted(given)}.", "Give a branch, a tag or a sha.")
            return ""
        return given

    def _path(self, name: str, default: str, *, from_root: bool = False) -> str:
        """A normal path; a leading slash is the repository's root where the input counts from there."""
        given = self._text(name) or default
        path = PurePosixPath(given.lstrip("/") if from_root else given)
        if _CONTROL.search(given) or ".." in path.parts or path.is_absolute() or not path.name:
            where = "the repository" if from_root else "the workspace"
            self._refuse(name, f"must be a path inside {where}, not {_quoted(given)}.")
            return default
        return str(path)

    def _key(self, config: str) -> str:
        given = self._text("key")
        if not given:
            return default_key(config)
        if not _KEY.fullmatch(given) or ".." in given or "//" in given:
            rule = "Use letters, digits, '.', '_', '-' and '/', at most 100 of them."
            self._refuse("key", f"cannot be {_quoted(given)}.", rule)
            return default_key(config)
        return given


def default_key(config: str) -> str:
    """`default` for evalbot.yml at the root, else the configuration's folder (at the root: its name without suffix)."""
    path = PurePosixPath(config)
    if str(path) == CONFIG:
        return KEY
    name = str(path.parent) if str(path.parent) != "." else path.stem
    return _NOT_IN_KEY.sub("-", name).strip("-./")[:100].rstrip("-./") or KEY


def _unknown(environment: Mapping[str, str]) -> tuple[str, ...]:
    known = {name.replace("_", "-") for name in Inputs.__dataclass_fields__} - {"warnings"}
    given = sorted(name.removeprefix("INPUT_").lower() for name in environment if name.startswith("INPUT_"))
    strange = [name for name in given if name not in known | _RUNNERS_OWN]
    return tuple(f"there is no input {_quoted(name)}. {nearest(name, known)}" for name in strange)


def _quoted(given: str) -> str:
    return ascii(given if len(given) <= 80 else given[:80] + "…")
