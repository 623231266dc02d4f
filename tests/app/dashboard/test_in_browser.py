"""The dashboard in a real Chromium: what somebody on call clicks, and that the command which the page shows does what it says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest
import yaml

from evalbot.app.harvest_names import Named, named_in
from evalbot.domain.monitoring import AlertKind
from tests.app.dashboard.shop import CONFIG, Watched, a_bad_week, alert, seen
from tests.app.harvest.production import Shop, record
from tests.browser import chromium, opened
from tests.pages import ROOT

HOSTILE = '</script><img src=x onerror="document.title=1"> \u202eabc'
ON_GITHUB = {"GITHUB_REPOSITORY": "acme/shop"}


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A product that fell two days ago."""
    return a_bad_week(Watched(tmp_path_factory.mktemp("watched"))).page(texts=True, env=ON_GITHUB)


def test_one_window_is_shown_at_a_time_by_click_and_by_key(browser, shown):
    with opened(browser, shown) as page:
        assert [page.locator(f"#window-{name}").is_visible() for name in ("1h", "24h", "7d")] == [False, True, False]
        page.click("#tab-7d")
        assert page.locator("#window-7d").is_visible()
        page.keyboard.press("ArrowRight")
        assert [page.locator(f"#window-{name}").is_visible() for name in ("1h", "24h", "7d")] == [True, False, False]
        assert page.evaluate("document.activeElement.id") == "tab-1h"
        page.keyboard.press("End")
        assert page.locator("#tab-7d").get_attribute("aria-selected") == "true"


def test_a_card_leads_to_its_alert_and_the_alert_to_its_samples(browser, shown):
    with opened(browser, shown) as page:
        card = page.locator("#window-24h .card.worse")
        assert "▼ worse" in card.inner_text()
        card.locator("a").click()
        page.wait_for_selector(".alert[open]")
        found = page.locator(".alert[open]").inner_text()
        assert "quality_degradation" in found
        assert "prod-q-400" in found
        assert "1 more sample of it is no longer kept" in found


def test_the_command_names_the_ticked_samples(browser, shown):
    with opened(browser, shown, fragment="#alert-1") as page:
        here = page.locator("#alert-1")
        assert here.locator("pre[data-before]").first.inner_text().startswith("evalbot harvest --sample=prod-h-1 --sample=prod-h-2 --since=")
        here.locator("input[value=prod-h-1]").focus()
        page.keyboard.press("Space")
        local, remote = here.locator("pre[data-before]").all_inner_texts()
        assert "prod-h-1" not in local + remote
        assert "-f samples='prod-h-2' -f since=" in remote
        assert here.locator(".names").inner_text() == "prod-h-2"
        assert here.locator("a", has_text="Open the workflow").get_attribute("href") == "https://github.com/acme/shop/actions/workflows/evalbot-harvest.yml"
        here.locator("input[value=prod-h-2]").uncheck()
        assert here.locator("pre[data-before]").first.inner_text() == "Tick a sample."
        assert here.locator(".copy").first.is_disabled()


def test_kinds_of_alerts_are_sifted_and_an_address_opens_one_that_is_hidden(browser, shown):
    with opened(browser, shown) as page:
        page.select_option("#kind", "constraint_violation")
        assert page.locator("#told").inner_text() == "1 of 3 alerts"
        assert page.locator(".alert:visible").count() == 1
        page.evaluate("location.hash = '#alert-1'")
        page.wait_for_selector("#alert-1[open]")
        assert page.locator(".alert:visible").count() == 3


def test_copying_copies_or_selects(browser, shown):
    with opened(browser, shown, fragment="#alert-1") as page:
        # The word stands for two seconds only, which a busy machine may look past: what was written is kept.
        page.evaluate(
            "() => { window.said = []; const at = document.querySelector('#alert-1 .copy');"
            " new MutationObserver(() => window.said.push(at.textContent)).observe(at, {childList: true, characterData: true, subtree: true}); }"
        )
        page.locator("#alert-1 .copy").first.click()
        said = next(found for _ in range(100) if (found := page.evaluate("window.said")) or page.wait_for_timeout(100))
        assert said[0] in ("copied", "selected")


def test_an_old_page_says_so(browser, shown):
    with opened(browser, shown) as page:
        assert "days old: its windows end there, not now." in page.locator("#age").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(browser, shown, scheme):
    with opened(browser, shown, width=360, height=740) as page:
        page.emulate_media(color_scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth <= 360")
        # Words in a box of their own stand in no other line: its lines would be painted over each other.
        assert page.evaluate("getComputedStyle(document.getElementById('age')).display") == "inline-block"
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]


def test_without_a_script_everything_is_there_at_once(browser, shown):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shown.as_uri())
    assert all(page.locator(f"#window-{name}").is_visible() for name in ("1h", "24h", "7d"))
    assert not page.locator(".tabs").is_visible()
    page.locator("#alert-1 summary").first.click()
    assert "evalbot harvest --sample=prod-h-1" in page.locator("#alert-1").inner_text()
    context.close()


def test_hostile_text_stays_text(browser, tmp_path):
    shop = Watched(tmp_path).keep(seen(HOSTILE, 60.0, input=HOSTILE, output=HOSTILE, failed=(HOSTILE,)), alerts=[alert(AlertKind.CONSTRAINT, HOSTILE, 30.0, [HOSTILE], HOSTILE)])
    with opened(browser, shop.page(texts=True), fragment="#alert-1") as page:
        assert page.locator("img").count() == 0
        assert "\\u202eabc" in page.locator("#alert-1 .samples pre").first.inner_text()
        assert page.title() == "evalbot dashboard"


def test_nothing_measured_is_nothing_measured(browser, tmp_path):
    with opened(browser, Watched(tmp_path).page()) as page:
        assert page.locator(".tag.good").count() == 0
        assert page.locator(".tile", has_text="nothing measured").count() == 3


def test_the_command_that_the_page_shows_opens_the_pull_request(browser, tmp_path):
    """End to end: samples that an alert names, one unticked, the command taken off the page and run as it stands."""
    shop = Shop(tmp_path / "shop", CONFIG)
    with shop.server:
        watched = Watched(tmp_path / "watched", repo=shop.repo)
        shop.log(record("r-1", ago=5_000.0), record("r-2", "How do gift cards work?", ago=4_000.0), record("bob@example.org", "Open on Sunday?", ago=3_000.0), record("r-4", "Late?"))
        names = ["r-1", "r-2", "bob@example.org"]
        watched.keep(*(seen(name, ago) for name, ago in zip(names, (5_000.0, 4_000.0, 3_000.0), strict=True)), alerts=[alert(AlertKind.CONSTRAINT, "rules: said", 60.0, names)])
        on_github = {"GITHUB_TOKEN": shop.server.token, "GITHUB_REPOSITORY": shop.server.name, "GITHUB_API_URL": shop.server.url}
        with opened(browser, watched.page(env=on_github), fragment="#alert-1") as page:
            page.locator("input[value=prod-r-2]").uncheck()
            local, remote = page.locator("#alert-1 pre[data-before]").all_inner_texts()
        program, *arguments = shlex.split(local)
        assert program == "evalbot"
        done = subprocess.run(
            [sys.executable, "-m", "evalbot", *arguments], cwd=shop.repo.root, env={**os.environ, **on_github}, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        second, first = sorted((row["id"] for row in shop.rows()), key=lambda name: name == "prod-r-1")
        assert (first, len(second)) == ("prod-r-1", len("prod-") + 16)
        assert "bob" not in shop.everything()
        assert shop.pull.title == "evalbot: 2 regression examples from production for suite support"
        assert asked_for(remote) == Named((first, second), *times(local))


def times(command: str) -> list[float]:
    """--since and --until of a command, as a harvest reads them."""
    found = dict(one.removeprefix("--").split("=", 1) for one in shlex.split(command) if one.startswith(("--since", "--until")))
    made = named_in({"EVALBOT_HARVEST_SAMPLES": "x", "EVALBOT_HARVEST_SINCE": found["since"], "EVALBOT_HARVEST_UNTIL": found["until"]})
    assert made is not None
    assert made.since is not None
    assert made.until is not None
    return [made.since, made.until]


def asked_for(dispatch: str) -> Named | None:
    """What the workflow in examples/ makes of `gh workflow run`: its inputs go into the variables that the harvest reads."""
    words = shlex.split(dispatch)
    assert words[:4] == ["gh", "workflow", "run", "evalbot-harvest.yml"]
    inputs = dict(words[index + 1].split("=", 1) for index, word in enumerate(words) if word == "-f")
    workflow = yaml.safe_load((ROOT / "examples/workflows/evalbot-harvest.yml").read_text())
    known = workflow[True]["workflow_dispatch"]["inputs"]
    assert set(inputs) == {name for name, one in known.items() if "default" not in one}
    inputs = {name: str(one.get("default", "")) for name, one in known.items()} | inputs
    variables = workflow["jobs"]["propose"]["steps"][0]["env"]
    return named_in({name: inputs[str(value).removeprefix("${{ inputs.").removesuffix(" }}")] for name, value in variables.items() if "inputs." in str(value)})
