"""What the dashboard says of shifts, of judges that changed, and of alerts that are not over."""

from __future__ import annotations

import pytest

from evalbot.domain.dashboard import JudgeShown, Standing
from evalbot.domain.monitoring import AlertKind, Canaries, JudgeState
from evalbot.domain.monitoring import Standing as Stands
from tests.app.dashboard.shop import CONFIG, DAY, Watched, a_bad_week, alert, seen
from tests.app.dashboard.test_dashboard import Read, cell
from tests.app.harvest.production import NOW

JUDGED = CONFIG.replace("metrics:\n", "metrics:\n  judge: {type: judge, model: local/rubric}\n").replace("metrics: [rules]", "metrics: [rules, judge]")


@pytest.fixture
def shop(tmp_path):
    return a_bad_week(Watched(tmp_path, JUDGED))


def sang(shop: Watched, state: JudgeState, *, at: float = NOW - 3_600.0, drift: float | None = 0.0) -> Watched:
    store = shop.store()
    store.keep_canaries(Canaries(at, "judge", state, 30, 0, drift))
    store.close()
    return shop


def test_a_judge_that_changed_says_nothing_of_the_product(shop):
    assert cell(shop.made(), "24h", "judge").standing is Standing.WORSE
    sang(shop, JudgeState.STEADY, at=NOW - 2 * DAY)
    assert cell(shop.made(), "24h", "judge").standing is Standing.WORSE
    made = sang(shop, JudgeState.DRIFTED, drift=-0.6).made()
    assert {cell(made, window, "judge").standing for window in ("24h", "7d")} <= {Standing.UNTESTED, Standing.FEW}
    assert made.production.standing is not Standing.WORSE
    words = Read(shop.page().read_text()).text
    assert "▼ grades otherwise" in words
    assert "−0.60" in words
    assert "the judge has changed: its scores say nothing of the product" in words


def test_a_judge_without_canaries_is_not_measured_and_not_green(shop):
    assert shop.made().production.judges == (JudgeShown("judge"),)
    assert "○ not measured: no canaries" in Read(shop.page().read_text()).text
    assert "○ gave no grades" in Read(sang(shop, JudgeState.UNHEARD, drift=None).page().read_text()).text


def test_answers_that_became_shorter_are_a_shift_and_no_fall(tmp_path):
    before = [seen(f"b{n}", 16 * DAY - n * 1_260.0, length=180 + n % 40, scores={"judge": 4.0 + n % 2}) for n in range(480)]
    after = [seen(f"a{n}", 2 * DAY - n * 300.0, length=60 + n % 20, scores={"judge": 4.0 + n % 2}) for n in range(570)]
    shop = Watched(tmp_path).keep(*before, *after, pinned=(NOW - 16 * DAY, NOW - 9 * DAY))
    made = shop.made()
    (length,) = [one for one in made.production.shifts if one.what.startswith("typical length")]
    assert (length.state, length.window) == ("shifted", "24h")
    assert made.production.standing is Standing.STEADY
    assert "▲ shifted" in Read(shop.page().read_text()).text


def test_without_samples_nothing_is_said_to_be_the_same(tmp_path):
    made = Watched(tmp_path).keep().made()
    assert {one.state for one in made.production.shifts} <= {"no_reference", "low_volume"}


def test_an_alert_that_is_not_over_says_since_when(shop):
    assert all(one.since is None for one in shop.made().production.alerts)
    store = shop.store()
    standing = Stands(alert(AlertKind.QUALITY, "judge", 600.0), NOW - 50_000.0, NOW - 40_000.0)
    store.settle(NOW, lambda *_: ((), (standing,)))
    store.close()
    assert [(one.kind, one.since) for one in shop.made().production.alerts if one.since] == [("quality_degradation", NOW - 50_000.0)]
    assert "stands since" in " ".join(Read(shop.page().read_text()).text.split())
