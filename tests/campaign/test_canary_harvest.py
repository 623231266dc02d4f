"""The canary in production's log: a user or a model wrote our keys there, and the harvest writes branches, history, pull request and files."""

from __future__ import annotations

import pytest

from evalbot.app.harvest_report import as_json, words
from tests.app.harvest.production import CONFIG, Shop, record
from tests.campaign.test_canary import KEYS, disguises, fragments

ASKED_ONCE = CONFIG.replace("per_cluster: 5", "per_cluster: 5, reproduce: 0")
FIELDS = ASKED_ONCE.replace("latency_ms: ms}", "latency_ms: ms, metadata: meta, url: link, expected: right, context: passages}")


@pytest.mark.parametrize("kinds", ["[email, phone, card, iban, token]", "[email]", "[]"])
def test_SEC_02_a_key_in_production_s_log_reaches_no_branch_no_history_and_no_pull_request(tmp_path, capfd, kinds):
    shop = Shop(tmp_path, FIELDS + f"  redact: {kinds}\n")
    said = " ".join(form for key in KEYS.values() for form in disguises(key))
    with shop.server:
        shop.log(
            record("r-1", f"How do returns work? {said}", f"TODO {said}", meta={said: said}, link=f"https://x.example/{said}", right=said, passages=[said]),
            record(KEYS["openai"], "How do gift cards work?", user=said),
        )  # fmt: skip
        done = shop.harvest(env={"OPENAI_API_KEY": KEYS["openai"], "ANTHROPIC_API_KEY": KEYS["anthropic"]})
        out, err = capfd.readouterr()
        everything = "\n".join([shop.everything(), words(done, dry_run=True), as_json(done), out, err])

    assert done.catch.counts.proposed == 2
    leaked = [piece for key in KEYS.values() for piece in fragments(key) if piece in everything]
    assert leaked == [], leaked[:3]
