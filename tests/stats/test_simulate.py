import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from evalbot.stats.cells import Cell, missed, table
from evalbot.stats.latent import CEILING, HIGH_CEILING, SPREAD, Design, Spread, correlated, draw
from evalbot.stats.simulate import _grouped, run


@pytest.fixture(scope="module")
def cells() -> Sequence[Cell]:
    return run(quick=True)


def test_every_published_bound_holds_within_the_noise_of_a_quick_run(cells):
    """Bounds are those of the statistics issue; a tenth of the runs is off by up to four standard errors."""
    for cell in (c for c in cells if c.limit is not None):
        noise = 4 * math.sqrt(cell.limit * (1 - cell.limit) / cell.runs) if cell.runs else 0.0
        assert cell.rate >= cell.limit - noise if cell.at_least else cell.rate <= cell.limit + noise, cell


def test_pooling_calls_as_if_they_were_examples_raises_false_alarms(cells):
    """Measured elsewhere: 7 to 11 % of harmless pull requests at 3 judge samples, against at most 2 %."""
    rates = {c.column: c.rate for c in cells if c.case == "n = 20, 3 judge samples" and c.table.startswith("Pull request blocked although")}
    assert rates["naive pooling"] > 2 * rates["Welch (default)"]


def test_the_same_seed_gives_the_same_numbers(cells):
    again = run(quick=True, each=lambda do, jobs: [do(job) for job in list(jobs)[-2:]])
    assert list(again) == [c for c in cells if c.table in {a.table for a in again}]


def test_the_table_shows_every_cell_and_names_what_is_broken():
    good = Cell("Counted", "n = 30", "Welch", 0.011, 1000, 0.02)
    bad = Cell("Counted", "n = 30", "paired", 0.8, 200, 0.85, at_least=True)
    plain = Cell("Golden", "20 examples", "strict", 1.0, 0)
    shown = table([good, bad, plain])
    assert "| n = 30 | 1.1 (≤ 2) | 80.0 (≥ 85, broken) |" in shown
    assert "**Counted**, % (200 to 1,000 runs)" in shown
    assert "| 20 examples | 100 |" in shown
    assert "1 of 2 bounds are broken:\n- Counted; n = 30; paired" in shown
    assert missed([good, bad, plain]) == [bad]
    assert "All 1 bounds are kept." in table([good])


def test_a_table_of_nothing_says_that_nothing_was_checked():
    assert "No bound was checked." in table([])


@pytest.mark.parametrize(("profile", "mean"), [(CEILING, 4.33), (HIGH_CEILING, 4.74), (SPREAD, 3.15)])
def test_made_up_scores_have_the_mean_the_drop_and_the_correlation_that_were_asked_for(profile, mean):
    import numpy as np

    base, head = draw(np.random.default_rng(1), 2, Design(100_000), (0.0, 0.5), profile, correlated(profile, 0.6))
    assert base.shape == (2, 100_000, 1, 1)
    assert set(np.unique(base)) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert base.mean(axis=(1, 2, 3)) == pytest.approx([mean, mean], abs=0.015)
    assert head.mean(axis=(1, 2, 3)) == pytest.approx([mean, mean - 0.5], abs=0.015)
    assert np.corrcoef(base[0].ravel(), head[0].ravel())[0, 1] == pytest.approx(0.6, abs=0.01)


def test_the_usual_spread_correlates_base_and_head_by_a_half():
    import numpy as np

    base, head = draw(np.random.default_rng(1), 1, Design(100_000), (0.0,), CEILING, Spread())
    assert np.corrcoef(base.ravel(), head.ravel())[0, 1] == pytest.approx(0.5, abs=0.03)


def test_samples_of_a_judge_share_the_answer_and_epochs_do_not():
    import numpy as np

    base, _ = draw(np.random.default_rng(1), 1, Design(50_000, epochs=2, samples=2), (0.0,), CEILING, Spread())
    same_answer = np.corrcoef(base[0, :, 0, 0], base[0, :, 0, 1])[0, 1]
    fresh_answer = np.corrcoef(base[0, :, 0, 0], base[0, :, 1, 0])[0, 1]
    assert same_answer > fresh_answer + 0.1


def test_left_over_rows_make_no_group():
    assert _grouped([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4]]
    assert _grouped([], 2) == []


def test_the_page_shows_every_table_that_is_printed(cells):
    """The figures on the page are a full run's; that no table, row or column of it is missing can be seen from a quick one."""
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for line in table(cells).splitlines():
        if line.startswith("**"):
            assert line.split("**")[1] in page
        elif line.startswith("| |"):
            assert line in page
        elif line.startswith("| "):
            assert f"\n{line.split(' | ')[0]} | " in page
    bounds = sum(cell.limit is not None for cell in cells)
    assert f"All {bounds} bounds are kept." in page
