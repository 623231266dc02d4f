"""Names of people are taken out of what a harvest writes; a sample on which that fails is dropped, and none goes on unseen."""

from __future__ import annotations

import re

import pytest

from evalbot.app.harvest_report import as_json, words
from evalbot.app.watching import watch
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError
from tests.adapters.people import MODEL, installed
from tests.app.harvest.production import CONFIG, Shop, record
from tests.repository import Repo

ALL_FIELDS = CONFIG.replace("latency_ms: ms}", "latency_ms: ms, expected: right, context: passages, metadata: meta, url: link}").replace("per_cluster: 5", "per_cluster: 5, reproduce: 0")
NAMES = ALL_FIELDS + f"  names: {MODEL}\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    installed(tmp_path / "packages", monkeypatch)
    shop = Shop(tmp_path, NAMES)
    with shop.server:
        yield shop


def told(shop: Shop, done) -> str:
    return "\n".join([shop.everything(), shop.pull.body, words(done, dry_run=True), as_json(done)])


def test_PII_01_a_name_is_in_no_git_object_and_in_no_request_and_the_same_person_has_one(shop, capfd):
    done = shop.log(
        record("ada-lovelace", "How do returns work? I am Jane Doe.", "TODO, Jane Doe", right="ask Max Muster", passages=["Jane Doe wrote"], meta={"by": "Jane Doe"}, link="https://x.example/Jane Doe"),
        record("r-2", "How do gift cards work, asks Jane Doe of jane.doe@example.com?", "TODO"),
    ).harvest()  # fmt: skip
    said = told(shop, done) + "".join(capfd.readouterr())

    assert not [name for name in ("Jane", "Doe", "Muster", "ada-lovelace", "jane.doe") if name in said]
    rows = shop.rows()
    assert len({name for row in rows for name in re.findall(r"<name-[0-9a-f]{6}>", row["input"]["user_input"])}) == 1
    assert sorted(re.sub("[0-9a-f]{16}", "HASH", row["id"]) for row in rows) == ["prod-HASH", "prod-r-2"]
    assert "names that `people_sm` knows" in shop.pull.body


@pytest.mark.parametrize("word", ["DIES", "RAISES"])
def test_PII_02_a_sample_that_the_search_for_names_fails_on_is_dropped_and_counted(shop, word):
    done = shop.log(record("r-1", f"How do returns work? {word} of Jane Doe"), record("r-2", "How do gift cards work?")).harvest()
    assert (done.catch.counts.not_redacted, [row["id"] for row in shop.rows()]) == (1, ["prod-r-2"])
    assert "Jane" not in told(shop, done)


def test_PII_02_where_every_sample_had_to_be_dropped_nothing_has_passed_and_the_next_run_begins_here(shop):
    done = shop.log(record("r-1", "How do returns work? RAISES")).harvest()
    assert (done.verdict, done.draft) == ("inconclusive", None)
    assert "none of 1 sample could be rid of personal data" in done.reason
    assert shop.server.writes == []


def test_without_the_package_or_the_model_nothing_is_fetched(tmp_path, monkeypatch):
    shop = Shop(tmp_path, NAMES)
    (line,) = [number for number, text in enumerate(NAMES.splitlines(), 1) if text == "harvest:"]
    with shop.server:
        with pytest.raises(ConfigError, match=rf"evalbot\.yml:{line}: harvest\.names needs presidio-analyzer, which is not installed"):
            shop.log(record("r-1")).harvest()
        installed(tmp_path / "packages", monkeypatch)
        shop.repo.write({"evalbot.yml": NAMES.replace(MODEL, "en_core_web_lg")}).commit("another model")
        with pytest.raises(ConfigError, match="names the spaCy model 'en_core_web_lg', which is not installed"):
            shop.harvest()


@pytest.mark.parametrize("name", ["../model", "a b", "-x", "http://x"])
def test_only_a_package_s_name_is_a_model(tmp_path, name):
    shop = Shop(tmp_path, ALL_FIELDS + f"  names: {name!r}\n")
    with shop.server, pytest.raises(ConfigError, match=r"harvest\.names"):
        shop.harvest()


def test_a_sample_with_a_name_for_an_id_can_still_be_named(shop):
    from evalbot.app.harvest_names import Named

    shop.log(record("ada-lovelace"), record("r-2", "How do gift cards work?"))
    for name in ("ada-lovelace", "prod-ada-lovelace"):  # as the dashboard shows it, which looks for no names
        assert shop.harvest(dry_run=True, named=Named((name,))).catch.counts.proposed == 1


def test_the_monitor_says_the_same_of_what_is_missing(tmp_path):
    repo = Repo(tmp_path / "repository").write({"evalbot.yml": CONFIG + f"monitor:\n  suite: support\n  names: {MODEL}\n"})
    world = World.real({"REDIS_URL": "redis://127.0.0.1:1"}, tmp_path / "out", quiet=True)
    with pytest.raises(ConfigError, match=r"evalbot\.yml:\d+: monitor\.names needs presidio-analyzer"):
        watch(repo.root, "evalbot.yml", world, drain=True)
