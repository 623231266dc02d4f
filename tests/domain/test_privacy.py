"""Personal data in production text: a labelled corpus of every structured class, what must stay, and time on hostile text."""

from __future__ import annotations

import random
import time

import pytest

from evalbot.domain.privacy import LONGEST, Personal

PERSONAL = Personal(b"a key of the tests")
FRAMES = (
    "{}", "My data: {}.", "please use {} instead", "({})", "it is \"{}\", thanks", "a,{};b", "Contact:{} or call", "see {}\nand answer", "x={}&y=2",
    "<{}>",
)  # fmt: skip

# Numbers that are published as examples: test cards of the networks, IBANs of the SWIFT registry's examples, fictional telephone ranges.
EMAILS = (
    "jane.doe@example.com", "j+tag@mail.example.co.uk", "o'neil@example.org", "müller@example.de", "a_b-c@sub.domain.example", "UPPER@EXAMPLE.COM",
    "x@example.museum", "first.last@example.io", "user%name@example.com", "jane (at) example (dot) com",
)  # fmt: skip
PHONES = (
    "+49 170 1234567", "+1 (555) 010-0123", "+44 20 7946 0958", "(030) 123-4567", "030/1234567", "0800 55 66 77", "555-010-0199", "+33 1 99 00 12 34",
    "0049 170 1234567", "+1-202-555-0143",
)  # fmt: skip
CARDS = (
    "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "340000000000009", "6011000000000004", "3530111333300000",
    "5105 1051 0510 5100", "4222222222222", "30000000000004", "4012.8888.8888.1881",
)  # fmt: skip
IBANS = (
    "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR14 2004 1010 0505 0001 3M02 606", "NL91ABNA0417164300", "CH93 0076 2011 6238 5295 7",
    "ES9121000418450200051332", "IT60 X054 2811 1010 0000 0123 456", "BE68539007547034", "AT611904300234573201", "de89370400440532013000",
)  # fmt: skip
TOKENS = (
    "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "sk-proj-" + "Ab3dEf6hIj9kLm2nOp5qRs8tUv", "xoxb-" + "123456789012-AbCdEfGhIjKl",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "123e4567-e89b-12d3-a456-426614174000", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "Zx81kPq0aa72hhQQ9s7LmN3", "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuv",
)  # fmt: skip
CORPUS = [(kind, value, frame) for kind, values in (("email", EMAILS), ("phone", PHONES), ("card", CARDS), ("iban", IBANS), ("token", TOKENS)) for value in values for frame in FRAMES]


def test_the_corpus_has_500_labelled_strings() -> None:
    assert len(CORPUS) == len(set(CORPUS)) == 500


@pytest.mark.parametrize("kind", ["email", "phone", "card", "iban", "token"])
def test_every_structured_class_is_gone_from_every_string(kind: str) -> None:
    left = []
    for _, value, frame in (one for one in CORPUS if one[0] == kind):
        found = PERSONAL.redact(frame.format(value))
        telling = [value[start : start + 6] for start in range(len(value) - 5)]
        if any(piece in found for piece in telling if any(char.isalnum() for char in piece)):
            left.append((frame.format(value), found))
    assert left == []


@pytest.mark.parametrize(
    "text",
    [
        "Order 48121 costs $1,234.56 and ships on 2026-11-26 at 10:30.", "Version 1.2.3 of the app on iOS 16.", "Error LB-409: reload page 2 of 10.",
        "The rate limit is 600 requests per minute; keys expire after 365 days.", "refund-policy-for-yearly-plans-2026", "From 3 to 5 p.m., room 101.",
        "Settings > Billing > Tax details", "The server 127.0.0.1 answers.", "50 percent of 1,000,000 users", "internationalization and authentication",
    ],
)  # fmt: skip
def test_what_is_nobodys_stays(text: str) -> None:
    assert PERSONAL.redact(text) == text


def test_the_same_person_keeps_the_same_name_and_another_key_gives_another() -> None:
    first = PERSONAL.redact("jane@example.com wrote; JANE@example.com waits")
    name = first.split()[0]
    assert first == f"{name} wrote; {name} waits"
    assert PERSONAL.redact("call +49 170 1234567") == PERSONAL.redact("call +49-170-1234567")
    assert Personal(b"another").redact("jane@example.com") != name


def test_only_the_kinds_that_are_asked_for_are_taken_out() -> None:
    assert Personal(b"k", ("email",)).redact("a@example.com +49 170 1234567").endswith("+49 170 1234567")


def test_keys_and_numbers_of_json_are_looked_through_too() -> None:
    found = PERSONAL.redact_json({"a@example.com": [4111111111111111, {"n": 5, "t": "b@example.com"}], "ok": True, "none": None})
    assert isinstance(found, dict)
    assert "example.com" not in str(found)
    assert "4111" not in str(found)
    assert (found["ok"], found["none"]) == (True, None)


def test_a_text_that_is_too_long_to_be_looked_through_is_refused() -> None:
    with pytest.raises(ValueError, match="too long to be redacted"):
        PERSONAL.redact("a" * (LONGEST + 1))
    assert PERSONAL.redact("") == ""


def test_hostile_texts_take_no_longer_than_honest_ones_by_orders_of_magnitude() -> None:
    rng = random.Random(2)
    honest = " ".join("".join(rng.choices("abcdefghij", k=6)) for _ in range(14_000))
    started = time.process_time()
    PERSONAL.redact(honest)
    usual = time.process_time() - started
    for piece in ("1", "a@", "+1 ", "A1", "DE89 ", "a.", "(1", "@a.", "1 ", "<1-", "=A1b2"):
        started = time.process_time()
        PERSONAL.redact(piece * (100_000 // len(piece)))
        assert time.process_time() - started < 1 + 100 * usual, piece


def test_gibberish_never_raises() -> None:
    rng = random.Random(4)
    for _ in range(2000):
        PERSONAL.redact("".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x110000)))) for _ in range(40)).encode("utf-8", "replace").decode())
