"""500 labelled strings with personal data go through the harvest's own job: every git object, request, log and file is searched for them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.app.harvest.production import CONFIG, PROMPT, Shop, record
from tests.app.harvest.test_named_on_actions import dispatched
from tests.domain.test_privacy import CORPUS

EVERYTHING = (
    CONFIG.replace("max: 10, per_user: 10, per_cluster: 5", "max: 200, per_user: 500, per_cluster: 500, reproduce: 0, near: 1.0")
    .replace("{rate: 1.0}", "{rate: 1.0, max: 600}")
    .replace("latency_ms: ms}", "latency_ms: ms, expected: right, context: passages, metadata: meta, url: link, feedback: thumbs}")
)
LEAST = 10  # characters of a value: fewer stand in honest text, or in a hash, by chance


def pieces(value: str) -> set[str]:
    """What of a value must be nowhere: all of it, and each stretch of it that a hash or an honest sentence does not hold by chance."""
    stretches = {value[start : start + 12] for start in range(max(1, len(value) - 11))} if len(value) > LEAST else {value}
    return {value, *(one for one in stretches if any(map(str.isdigit, one)) or "@" in one[3:])}


def records() -> list[dict]:
    """Each string where a record has strings: question, answer, correction, passage, metadata, link, feedback, user; every fifth in the id too."""
    found = []
    for number, (_, value, frame) in enumerate(CORPUS):
        text, own = frame.format(value), "".join("abcdefghij"[int(digit)] for digit in f"{number:03}")
        more = {"right": text, "passages": [text], "meta": {text: text}, "link": f"https://logs.example/?q={text}", "thumbs": text, "user": text}
        name = f"{number}/{value}" if number % 5 == 0 else f"r-{number}"
        found.append({**record(name, f"How do returns work in {own}? {text}", f"TODO {text}", **more), "at": time.time() - 60})
    return found


def everywhere(shop: Shop, folder: Path, log: str) -> dict[str, str]:
    """Git objects and requests; the log; every file that the job left, its outputs and summary among them, but not the log of production itself."""
    found = {"git and requests": shop.everything(), "log": log}
    for path in folder.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.parent.name != "logs":
            found[str(path)] = path.read_text(encoding="utf-8", errors="replace")
    return found


def test_PII_01_500_strings_are_in_no_git_object_no_request_no_log_and_no_file(tmp_path, capfd):
    shop = Shop(tmp_path, EVERYTHING, PROMPT)
    with shop.server:
        every, log = records(), ""
        for start in range(0, 500, 200):  # a run proposes 200 at the most
            status, told = dispatched(shop.log(*every[start : start + 200], name=f"from-{start}"), tmp_path)
            log += "".join([*capfd.readouterr(), told])
            assert status == 0, log
        found = everywhere(shop, tmp_path, log)
        rows = shop.rows()

    assert len({row["id"] for row in rows}) == len(rows) == 500
    assert {"summary.md", "output", "summary.json"} <= {Path(name).name for name in found}
    leaked = [(value, name) for value in {value for _, value, _ in CORPUS} for name, text in found.items() for piece in pieces(value) if piece in text]
    assert leaked == []


def test_the_search_finds_what_it_looks_for(tmp_path, capfd):
    shop = Shop(tmp_path, EVERYTHING + "  redact: [email, phone, card, token]\n", PROMPT)
    with shop.server:
        dispatched(shop.log(*records()), tmp_path)
        found = everywhere(shop, tmp_path, "".join(capfd.readouterr()))
    ibans = {value for kind, value, _ in CORPUS if kind == "iban"}
    assert {value for value in ibans if any(piece in text for piece in pieces(value) for text in found.values())}


@pytest.mark.parametrize("value", ["+1-202-555-0143", "jane.doe@example.com"])
def test_a_piece_of_a_value_counts(value):
    assert any(piece in f"x {value[1:-1]} y" for piece in pieces(value))
