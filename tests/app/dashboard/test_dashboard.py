"""The dashboard without a browser: its numbers, what they allow to be said, and what can never be on the page."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from evalbot.adapters.streams import MemoryStream
from evalbot.cli.app import app
from evalbot.domain.dashboard import HALLUCINATION, VIOLATIONS, Standing
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.monitoring import AlertKind
from tests.app.dashboard.shop import CONFIG, DAY, Watched, a_bad_week, alert, run, seen, week
from tests.app.harvest.production import NOW
from tests.app.monitor.workers import Clock, monitor_of, sample, take_all
from tests.report.hostile import strings

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(1)"></pre></details> \u202e\x00'


@pytest.fixture
def shop(tmp_path):
    return Watched(tmp_path)


class Read(HTMLParser):
    """The elements of a page with their attributes, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._quiet = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._quiet = tag in ("script", "style")

    def handle_endtag(self, tag):
        self._quiet = False

    def handle_data(self, data):
        self.text += "" if self._quiet else data


def cell(made, window: str, measure: str):
    (found,) = [one for one in made.production.windows if one.name == window]
    return found.cells[measure]


def test_means_shares_and_their_intervals_are_those_of_the_samples_in_the_window(shop):
    scores = [3.0, 4.0, 5.0, 4.0]
    shop.keep(*(seen(f"s{n}", 600.0 + n, scores={"judge": value}, hallucinated=n == 0, judged=True, violations=int(n < 2), cost_usd=0.25) for n, value in enumerate(scores)))
    made = shop.made()
    judge = cell(made, "1h", "judge")
    # mean 4, sd √(2/3), half = t(0.975, 3) × sd / √4 = 3.1824 × 0.8165 / 2 = 1.2992 (R: qt(0.975, 3))
    assert judge.estimate.n == 4
    assert (judge.estimate.value, judge.estimate.low, judge.estimate.high) == pytest.approx((4.0, 2.7008, 5.2992), abs=1e-4)
    assert judge.p10 == 3.0
    rate = cell(made, "24h", HALLUCINATION).estimate
    # R: prop.test(1, 4, correct = FALSE)$conf.int
    assert (rate.n, rate.value, rate.low, rate.high) == pytest.approx((4, 0.25, 0.0456, 0.6994), abs=1e-4)
    assert cell(made, "7d", VIOLATIONS).estimate.value == 0.5
    assert {one.name: (one.samples, one.judged, one.violations, one.cost_usd) for one in made.production.windows} == dict.fromkeys(("1h", "24h", "7d"), (4, 4, 2, 1.0))


def test_too_few_samples_are_a_state_that_is_shown_and_never_a_good_one(shop):
    shop.keep(*(seen(f"s{n}", 600.0 + n, scores={"judge": 5.0}) for n in range(29)))
    made = shop.made()
    assert {cell(made, window, "judge").standing for window in ("1h", "24h", "7d")} == {Standing.FEW}
    assert (made.production.standing, made.production.words) == (Standing.FEW, "too few samples to judge: judge")
    page = shop.page().read_text()
    assert page.count("n too small to judge") > 3
    assert 'class="tag good"' not in page


def test_nothing_at_all_is_nothing_measured_everywhere_and_nothing_of_it_is_green(shop):
    made = shop.made()
    assert (made.production, made.costs[0].spent) == (None, {})
    page = shop.page().read_text()
    assert Read(page).text.count("othing measured") >= 6
    assert 'class="tag good"' not in page
    assert "There is no monitor/results.sqlite here" in page
    assert not (shop.repo.root / "monitor").exists()  # looking makes no store


def test_an_empty_store_and_a_day_of_silence_are_nothing_measured_too(shop, tmp_path):
    assert shop.keep().made().production.words == "no sample has come yet"
    silent = Watched(tmp_path / "silent").keep(*week(4.0, 9 * DAY), pinned=(NOW - 20 * DAY, NOW - 10 * DAY))
    made = silent.made()
    assert (made.production.standing, made.production.words) == (Standing.NOTHING, "no sample came in the last 24 hours")
    page = silent.page().read_text()
    assert "so nothing could be told" in page
    assert cell(made, "24h", "judge").standing is Standing.NOTHING


def test_a_fall_is_worse_in_its_window_and_steady_production_is_no_fall_shown(shop, tmp_path):
    made = a_bad_week(shop).made()
    assert made.production.standing is Standing.WORSE
    assert cell(made, "24h", "judge").standing is Standing.WORSE
    steady = Watched(tmp_path / "steady").keep(*week(4.3, 16 * DAY), *week(4.3, 7 * DAY, name="s", seed=9), pinned=(NOW - 16 * DAY, NOW - 9 * DAY)).made()
    assert (steady.production.standing, steady.production.words) == (Standing.STEADY, "no fall shown: judge")
    assert cell(steady, "24h", "judge").standing is Standing.STEADY
    assert cell(steady, "1h", "judge").standing is Standing.FEW


def test_without_a_reference_nothing_is_steady(shop):
    assert shop.keep(*week(4.3, 7 * DAY)).made().production.standing is Standing.NO_REFERENCE


def test_looking_pins_no_reference_and_tells_nothing(shop):
    shop.keep(*week(4.3, 7 * DAY), *week(1.0, 14 * DAY, name="w"))
    shop.made()
    store = shop.store()
    assert (store.pinned(), store.told()) == (None, [])
    store.close()


def test_gaps_stay_gaps(shop):
    shop.keep(seen("a", 23.5 * 3_600.0, scores={"judge": 4.0}), seen("b", 1_800.0, scores={"judge": 2.0}))
    points = cell(shop.made(), "24h", "judge").points
    assert [point.estimate.value for point in points] == [4.0, *[None] * 22, 2.0]
    assert shop.page().read_text().count("<polyline") < 30


def test_trends_are_by_partition_with_intervals_and_a_torn_log_is_no_trouble(shop):
    other = {**run(1, 4.0), "schema": "evalbot.run/9"}
    shop.logs(run(3, 4.0, passed=38), run(2, 3.8, partition="golden"), other, {"at": 5}, {**run(1, 4.1), "cells": [1, {"metrics": 5}]}, run(0.5, 4.2, verdict="fail", cost=None))
    (suite,) = shop.made().suites
    assert [one.verdict for one in suite.runs] == ["fail", "pass", "pass", "pass"]
    found = {(one.partition, one.metric): one.points for one in suite.trends}
    # 1.96 × √(0.4 / 40) = 0.196
    last = found["regression", "judge"][-1].estimate
    assert (last.n, last.value, last.low, last.high) == pytest.approx((40, 4.2, 4.004, 4.396))
    # R: prop.test(38, 40, correct = FALSE)$conf.int
    first = found["regression", ""][0].estimate
    assert (first.value, first.low, first.high) == pytest.approx((0.95, 0.8350, 0.9862), abs=1e-4)
    assert len(found["golden", "judge"]) == 1


def test_an_unknown_price_is_unknown_and_what_never_ran_cost_nothing_that_is_named(shop):
    shop.keep(seen("a", 60.0, judged=True, cost_usd=None), seen("b", 2 * DAY, judged=True, cost_usd=0.5)).logs(run(20, 4.0, cost=0.4))
    made = shop.made()
    assert [dict(cost.spent) for cost in made.costs] == [{"24 h": None, "7 d": None, "28 d": None}, {"28 d": 0.4}]
    words = Read(shop.page().read_text()).text
    assert "cost unknown" in words
    assert "nothing ran" in words


def test_texts_are_on_the_page_only_when_asked_for_and_never_unredacted(shop, tmp_path):
    told = "I am ada@example.org, card 4111 1111 1111 1111, key ghs_A1b2C3d4E5f6G7h8I9j0K1l2"
    shop.keep(seen("ada@example.org", 60.0, input=told, output=told), alerts=[alert(AlertKind.CONSTRAINT, "rules", 30.0, ["ada@example.org"])])
    for texts in (False, True):
        page = shop.page(texts=texts).read_text()
        for found in ("ada@", "4111", "ghs_A1b2"):
            assert found not in page
        assert ("&lt;email-" in page) is texts
    closed = Watched(tmp_path / "closed", CONFIG + "report: {show_outputs: false}\n").keep(seen("a", 60.0, input="A question"))
    with pytest.raises(ConfigError, match="show_outputs"):
        closed.made(texts=True)


def test_text_of_production_makes_no_element_and_no_command(shop, tmp_path):
    ids = [HOSTILE, "$(touch x)", "`id`", "a b", "--dry-run", "; rm -rf /", *strings(40)]
    some = [seen(name, 60.0 + n, input=name, output=name, failed=(name,), violations=1, scores={name: 1.0}) for n, name in enumerate(ids)]
    shop.keep(*some, alerts=[alert(AlertKind.CONSTRAINT, HOSTILE, 30.0, ids[:20], HOSTILE), alert(AlertKind.QUALITY, "x", 20.0, ids[20:])])
    shop.logs({**run(1, 4.0), "commit": HOSTILE, "verdict": HOSTILE, "findings": [HOSTILE], "event": HOSTILE}, run(0.5, 4.0, partition=HOSTILE))
    page = shop.page(texts=True).read_text()
    found = Read(page)
    plain = {tag for tag, _ in Read(a_bad_week(Watched(tmp_path / "plain")).page(texts=True).read_text()).elements}
    assert {tag for tag, _ in found.elements} <= plain
    assert sum(tag == "script" for tag, _ in found.elements) == 1
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    links = [str(attributes.get("href")) for tag, attributes in found.elements if tag == "a"]
    assert all(link.startswith("#") for link in links)
    commands = [str(attributes["data-before"]) for tag, attributes in found.elements if "data-before" in attributes]
    names = [str(attributes["value"]) for tag, attributes in found.elements if tag == "input"]
    assert len(names) == len(ids)
    assert all(name.removeprefix("prod-").replace(".", "").replace("_", "").replace(":", "").replace("-", "").isalnum() for name in names)
    assert set(commands) == {"evalbot harvest", "gh workflow run evalbot-harvest.yml -f samples='"}


def test_the_page_may_load_and_connect_to_nothing(shop):
    page = Read(a_bad_week(shop).page().read_text())
    (policy,) = [a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not [tag for tag, a in page.elements if tag in ("link", "iframe", "img", "object") or "src" in a or "style" in a]


def test_samples_that_are_no_longer_kept_are_counted(shop):
    shop.keep(seen("a", 60.0), alerts=[alert(AlertKind.CONSTRAINT, "rules", 30.0, ["a", "old", "older"]), alert(AlertKind.QUALITY, "judge", 20.0)])
    words = Read(shop.page().read_text()).text
    assert "2 more samples of it are no longer kept" in words
    assert "No sample of it is kept." in words


def test_without_a_harvest_the_page_says_what_proposing_needs(tmp_path):
    config = CONFIG[: CONFIG.index("harvest:")] + CONFIG[CONFIG.index("monitor:") :]
    shop = Watched(tmp_path, config).keep(seen("a", 60.0), alerts=[alert(AlertKind.CONSTRAINT, "rules", 30.0, ["a"])])
    assert "Add harvest: to the configuration" in Read(shop.page().read_text()).text


def test_without_a_monitor_production_is_not_measured(tmp_path):
    made = Watched(tmp_path, CONFIG[: CONFIG.index("monitor:")]).made()
    assert (made.production, made.notes) == (None, ("evalbot.yml has no `monitor:`, so production is not measured.",))


def test_what_cannot_be_read_is_one_line(shop):
    with pytest.raises(CouldNotRun, match=r"nowhere\.sqlite: there is no such file"):
        shop.made(store="nowhere.sqlite")
    (shop.repo.root / "monitor").mkdir()
    (shop.repo.root / "monitor/results.sqlite").write_text("This is no database, however long it is. " * 200)
    with pytest.raises(CouldNotRun, match="the monitor's store cannot be used"):
        shop.made()


def invoked(shop: Watched, *arguments: str):
    return CliRunner().invoke(app, ["dashboard", "-C", str(shop.repo.root), *arguments])


def test_the_command_writes_the_page_prints_its_path_and_says_what_is_missing(shop):
    done = invoked(shop)
    assert (done.exit_code, done.stdout.strip()) == (0, str(shop.repo.root / "evalbot-dashboard/index.html"))
    assert "There is no monitor/results.sqlite here" in done.stderr
    assert (shop.repo.root / "evalbot-dashboard/index.html").read_text().startswith("<!doctype html>")
    shown = json.loads(a_json(invoked(shop, "--json")))
    assert shown["production"] is None


def a_json(done) -> str:
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--config", "other.yml"), 2, "other.yml: no configuration here."),
        (("--store", "no.sqlite"), 3, "no.sqlite: there is no such file."),
        (("--out", "evalbot.yml"), 3, "cannot write the page"),
    ],
)
def test_errors_of_the_command_are_one_line(shop, arguments, status, said):
    done = invoked(shop, *arguments)
    assert done.exit_code == status
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_old_pass_is_not_green_and_an_old_fail_stays_red(shop, tmp_path):
    page = shop.logs(run(9, 4.0)).page().read_text()
    assert "9 days ago: nothing measured since" in Read(page).text
    assert page.count('class="tag good"') == 1  # its line in the table of runs
    failed = Watched(tmp_path / "failed").logs(run(9, 4.0, verdict="fail")).page().read_text()
    assert failed.count('class="tag bad"') == 3
    assert Watched(tmp_path / "fresh").logs(run(7, 4.0)).page().read_text().count('class="tag good"') == 3


def test_what_is_left_out_is_counted(shop):
    metrics = {f"metric {n:02}": {"n": 40, "mean": 4.0, "variance": 0.4} for n in range(45)}
    (cell,) = run(1, 4.0)["cells"]
    shop.keep(seen("a", 60.0), alerts=[alert(AlertKind.CONSTRAINT, "rules", 300.0 + n) for n in range(203)])
    page = shop.logs({**run(1, 4.0), "cells": [{**cell, "metrics": metrics}]}).page().read_text()
    assert "6 more trends of this partition" in Read(page).text
    assert "3 earlier alerts not listed" in Read(page).text


def test_a_store_that_another_version_has_added_to_is_read(shop):
    a_bad_week(shop)
    database = sqlite3.connect(shop.repo.root / "monitor/results.sqlite")
    database.execute("create table something_new (x text)")
    database.commit()
    database.close()
    assert shop.made().production.standing is Standing.WORSE


def test_what_a_real_worker_kept_and_told_is_what_the_page_shows(shop, tmp_path):
    stream = MemoryStream()
    monitor = monitor_of(tmp_path / "worker", stream, Clock())
    stream.publish([sample("a"), sample("b", "these are more than three words"), sample("ada@example.org", "and so are these four", user_input="I am ada@example.org")])
    take_all(monitor)
    asyncio.run(monitor.flush())
    monitor.store.close()
    page = Read(shop.page(store=str(tmp_path / "worker/monitor/results.sqlite"), texts=True, now=NOW + 1.0).read_text()).text
    assert "3 samples, 0 of them judged, 2 constraint violations, nothing was judged" in page
    assert "words was violated by 2 of 3 answers" in page
    assert "these are more than three words" in page
    assert "ada@" not in page
    assert "evalbot harvest --sample=prod-b --sample=prod-" in page
