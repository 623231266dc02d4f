"""The Actions runner: its output and summary files, and the commands it reads from our log; a failure here is a warning."""

from __future__ import annotations

import re
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TextIO

from evalbot.domain.pulls import Annotation

OUTPUT_NAMES = (
    "verdict", "reason", "regressions", "newly-failing", "changed-prompts", "comment-url", "check-url", "proposal-url",
    "cost-usd", "model-calls", "judge-calls", "cached-calls", "base-sha", "head-sha", "policy-sha", "report-path",
    "summary-path", "junit-path",
)  # fmt: skip
SUMMARY_BYTES = 1_000_000  # above 1 MiB the runner drops the whole summary
MESSAGE_CHARACTERS = 4096  # the runner cuts here
MOST_OF_A_KIND = 10  # the runner shows no more errors, warnings or notices of one step
SHORTEST_SECRET = 4  # masking less would blacken the log
CUT = "\n\n_Cut here: a step summary holds 1 MB. The whole report is in the report folder._\n"

Kind = Literal["error", "warning", "notice"]
_KINDS: Mapping[str, Kind] = {"failure": "error", "warning": "warning", "notice": "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class Runner:
    """What one step tells its runner.

    Args:
        environment: With GITHUB_OUTPUT, GITHUB_STEP_SUMMARY and GITHUB_ACTIONS, as the runner sets them.
        log: Where the runner reads commands: our standard output.
        token: Something random of at least 128 bits, anew at each call.
        redact: Takes secrets out of all that is written but for the masks themselves.
    """

    def __init__(
        self, environment: Mapping[str, str], log: TextIO | None = None, token: Callable[[], str] = lambda: secrets.token_hex(16),
        redact: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self._environment, self._log, self._token, self._redact = environment, log or sys.stdout, token, redact
        self._said = Counter[str]()

    def outputs(self, values: Mapping[str, str]) -> bool:
        """Set the step's outputs; whether that worked. A name outside the contract is a ValueError."""
        unknown = sorted(set(values) - set(OUTPUT_NAMES))
        if unknown:
            raise ValueError(f"no outputs of ours: {', '.join(unknown)}")
        return self._append("GITHUB_OUTPUT", "outputs", "".join(self._output(name, text) for name, text in values.items()).encode())

    def summary(self, markdown: str) -> bool:
        """Add Markdown to the step's summary, cut at a line where it would grow past 1,000,000 bytes; whether that worked."""
        taken = _size(self._environment.get("GITHUB_STEP_SUMMARY", ""))
        return self._append("GITHUB_STEP_SUMMARY", "the step summary", cut_at_lines(self._redact(markdown), SUMMARY_BYTES - taken))

    def mask(self, keys: Iterable[str]) -> None:
        """Have each line of each secret blackened in every log from here on; only on a runner, since it takes printing them."""
        if self._environment.get("GITHUB_ACTIONS") != "true":
            return
        lines = (line.strip() for key in keys for line in key.splitlines())
        for line in dict.fromkeys(line for line in lines if len(line) >= SHORTEST_SECRET):
            self._print(f"::add-mask::{_escaped(line, _DATA)}")

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        """Annotations by workflow command, ten of a kind at most; of the rest the log tells how many there are."""
        left_out = sum(not self._annotated(annotation) for annotation in annotations)
        if left_out:
            self._print(f"{left_out} more annotation{'s' if left_out > 1 else ''}: see the report.")

    def say(self, kind: Kind, message: str) -> None:
        """One error, warning or notice without a place; plain text in the log once ten of its kind were said."""
        if not self._command(kind, {}, message):
            self.untrusted(f"{kind}: {message}")

    def untrusted(self, text: str) -> None:
        """Text of a model, a file or a person: while it is printed the runner obeys nothing."""
        body = _harmless(self._redact(text))
        token = self._token()
        while token in body:
            token = self._token()
        self._print(f"::stop-commands::{token}")
        self._print(body)
        self._print(f"::{token}::")

    def _output(self, name: str, value: str) -> str:
        text = _encodable(self._redact(value))
        delimiter = f"evalbot_{self._token()}"
        while delimiter in text:
            delimiter = f"evalbot_{self._token()}"
        return f"{name}<<{delimiter}\n{text}\n{delimiter}\n"

    def _append(self, variable: str, what: str, content: bytes) -> bool:
        path = self._environment.get(variable, "")
        if not path:
            self.say("warning", f"evalbot cannot write {what}: {variable} is not set.")
            return False
        try:
            with Path(path).open("ab") as file:
                file.write(content)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            self.say("warning", f"evalbot cannot write {what} ({variable}): {reason}.")
            return False
        return True

    def _annotated(self, annotation: Annotation) -> bool:
        place = {
            "file": annotation.path, "line": str(annotation.start_line), "endLine": str(annotation.end_line),
            "title": annotation.title,
        }  # fmt: skip
        return self._command(_KINDS[annotation.level], place, annotation.message)

    def _command(self, kind: Kind, properties: Mapping[str, str], message: str) -> bool:
        if self._said[kind] >= MOST_OF_A_KIND:
            return False
        self._said[kind] += 1
        given = ",".join(f"{name}={_escaped(self._redact(value)[:MESSAGE_CHARACTERS], _PROPERTY)}" for name, value in properties.items())
        self._print(f"::{kind}{' ' + given if given else ''}::{_escaped(self._redact(message)[:MESSAGE_CHARACTERS], _DATA)}")
        return True

    def _print(self, line: str) -> None:
        """A line of the log. The verdict does not hang on it, so a log that is gone is no reason to fail."""
        encoding = self._log.encoding or "utf-8"
        try:
            self._log.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._log.flush()
        except (OSError, ValueError):  # there is nowhere left to say so
            return


def cut_at_lines(text: str, limit: int) -> bytes:
    """UTF-8 of at most `limit` bytes: whole lines, and a last one that says where the rest is."""
    content = _encodable(text).encode()
    if len(content) <= limit:
        return content
    note = CUT.encode()
    room = limit - len(note)
    kept = content[: content.rfind(b"\n", 0, room) + 1] if room > 0 else b""
    return (kept + note)[: max(limit, 0)]


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size if path else 0
    except (OSError, ValueError):
        return 0  # writing to it will say what is wrong


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _harmless(text: str) -> str:
    """No command of the runner's in either of its syntaxes, no control character but newline and tab."""
    shown = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))
    return re.sub(r"##(?=\[)", "## ", re.sub(r":(?=:)", ": ", shown))
