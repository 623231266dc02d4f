"""The bytes of a dataset file as text: UTF-8 with plain line ends, or an error that names the fault."""

from __future__ import annotations

import re

from evalbot.domain.errors import ConfigError, Problem

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LONE_CR = re.compile(r"\r(?!\n)")


def decode(data: bytes, path: str) -> str:
    """The text, without a byte order mark and with `\\n` line ends.

    Raises:
        ConfigError: The bytes are not UTF-8, or hold a NUL byte or a carriage return that ends no line.
    """
    if data[:2] in _UTF16:
        raise ConfigError(Problem("is UTF-16.", path, 1, "Save it as UTF-8."))
    if (nul := data.find(b"\0")) >= 0:
        raise ConfigError(Problem("holds a NUL byte, so it is not text.", path, _line(data, nul), "Save it as UTF-8."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8: byte 0x{data[error.start]:02x}."
        raise ConfigError(Problem(fault, path, _line(data, error.start), "Save it as UTF-8.")) from None
    if "\r" not in text:
        return text
    if lone := _LONE_CR.search(text):
        line = text.count("\n", 0, lone.start()) + 1
        raise ConfigError(
            Problem("has a carriage return that ends no line.", path, line, "Use \\n or \\r\\n line ends.")
        )
    return text.replace("\r\n", "\n")


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
