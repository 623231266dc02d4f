"""Flips between the sides and flakes within one: who they are, and how sure one can be."""

from __future__ import annotations

from evalbot.domain.runs import Part, Side
from evalbot.gate.decide import decide
from tests.gate.cases import Bench, an_example, examples

P, F, N = True, False, None


def test_flips_are_listed_per_row_with_both_p_values():
    bench = Bench().answered(an_example("g-1"), P, P)
    for example in examples(6):
        bench.answered(example, P, F).confirmed(example, [P] * 4, [P] * 4)
    bench.answered(an_example("r-up", "regression"), F, P).answered(an_example("r-gone", "regression"), P, N)

    golden, regression = decide([bench.evidence()]).flips

    assert (golden.partition, golden.worse, golden.better, golden.p_mid) == ("golden", (), (), 1.0)
    assert (regression.worse, regression.better) == (tuple(f"r-{n:02}" for n in range(6)), ("r-up",))
    assert regression.n_pairs == 7
    # Binomial with probability 1/2 on 7 flips: 2·(1 + 7)/128, and mid-p that less 7/128.
    assert (regression.p_exact, regression.p_mid) == (16 / 128, 9 / 128)


def test_rows_that_head_adds_do_not_flip():
    bench = Bench().answered(an_example("new"), P, F, part=Part.ADDED).confirmed(an_example("new"), [P] * 4, [F] * 4, Part.ADDED)

    assert decide([bench.evidence()]).flips == ()


def test_without_a_base_side_nothing_flips():
    assert decide([Bench(sides=(Side.HEAD,)).answered(an_example(), P, F).evidence()]).flips == ()


def test_a_flake_is_counted_on_each_side_with_its_confirmations():
    flaky, fine, dead = an_example("flaky"), an_example("fine"), an_example("dead")
    bench = Bench().answered(flaky, P, F).confirmed(flaky, [P, F, P, P], [P, P, N, F])
    bench.answered(fine, P, P).answered(dead, P, F).confirmed(dead, [P] * 4, [F] * 4)

    flakes = decide([bench.evidence()]).flakes

    assert [(f.example, f.side, f.failures, f.answers) for f in flakes] == [
        ("flaky", Side.BASE, 1, 5), ("flaky", Side.HEAD, 2, 4),
    ]  # fmt: skip


def test_epochs_that_disagree_are_a_flake_even_where_the_majority_passes():
    bench = Bench()
    for epoch, head in enumerate((P, P, F)):
        bench.answered(an_example(), P, head, epoch=epoch)
    bench.confirmed(an_example(), [], [])

    assert [(f.side, f.failures, f.answers) for f in decide([bench.evidence()]).flakes] == [(Side.HEAD, 1, 3)]


def test_nothing_measured_has_neither():
    decision = decide([Bench().evidence()])

    assert (decision.flips, decision.flakes) == ((), ())
