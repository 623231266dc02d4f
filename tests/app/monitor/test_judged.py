"""Judges of the monitor on a loopback server: a share of the samples, a broken judge, and one that drifts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from evalbot.app.monitor import Monitor
from evalbot.domain.monitoring import AlertKind, JudgeState, Seen
from tests import loopback as lb
from tests.app.monitor.workers import DAY, HOUR, NOW, Clock, judging, sample, taken
from tests.loopback import Call, LoopbackModels, verdict
from tests.metrics import judging as judging_claims

CANARIES = [{"input": f"Question {n}?", "response": f"Canary {n}.", "score": 4, "reasoning": "It is right."} for n in range(5)]
CONFIG = f"""\
version: 1
metrics:
  words:    {{type: length, max: 30}}
  quality:  {{type: judge, model: anthropic/claude-sonnet-5, canaries: {json.dumps(CANARIES)}}}
  grounded: {{type: hallucination, model: anthropic/claude-sonnet-5}}
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5.4-mini
    dataset: evals/*.jsonl
    metrics: [words, quality, grounded]
monitor:
  suite: support
  stream: {{type: memory}}
  store: monitor/results.sqlite
  judge_share: 1.0
"""
CONTEXT = ["Refunds take 5 days."]


def judge(call: Call, shift: int = 0) -> str:
    """Grades 4 (and the shift); every claim about nine days is unsupported, all others are supported by the passage."""
    asked = call.text
    if "take a response apart" in asked:
        return judging_claims.claims("Refunds take 9 days." if "9 days" in call.user else "Refunds take 5 days.")
    if "check claims against a context" in asked:
        word = "contradicted" if "9 days" in call.user else "supported"
        return judging_claims.verdicts(judging_claims.verdict(1, word, "take 5 days"))
    return verdict(call, score=4 + shift)


def test_judges_grade_what_was_drawn_and_a_hallucination_is_told(tmp_path: Path) -> None:
    async def work(monitor: Monitor) -> None:
        monitor.stream.publish([sample("a", "Refunds take 5 days.", context=CONTEXT), sample("b", "Refunds take 9 days.", context=CONTEXT)])
        await taken(monitor)
        told = await monitor.flush()
        assert [(one.kind, one.samples) for one in told] == [(AlertKind.HALLUCINATION, ("b",))]
        kept = {one.id: one for one in monitor.store.between(0.0, NOW + 1)}
        assert (kept["a"].scores["quality"], kept["a"].hallucinated, kept["b"].hallucinated) == (4.0, False, True)
        assert kept["a"].judged
        assert kept["a"].cost_usd

    with LoopbackModels(judge) as models:
        judging(tmp_path, CONFIG, models, Clock(), work)


def test_only_the_share_that_policy_names_is_judged(tmp_path: Path) -> None:
    async def work(monitor: Monitor) -> None:
        monitor.stream.publish([sample(f"s{n}") for n in range(100)])
        await taken(monitor)
        kept = list(monitor.store.between(0.0, NOW + 1))
        judged = [one for one in kept if one.judged]
        assert len(kept) == 100
        assert 5 <= len(judged) <= 40  # 20 on average; a binomial draw leaves this range once in 100,000 times
        assert all(("quality" in one.scores) == one.judged for one in kept)

    with LoopbackModels(judge) as models:
        judging(tmp_path, CONFIG.replace("judge_share: 1.0", "judge_share: 0.2"), models, Clock(), work)


def test_a_broken_judge_is_no_bad_quality(tmp_path: Path) -> None:
    def broken(call: Call) -> lb.Fault:
        return lb.bad_request()

    async def work(monitor: Monitor) -> None:
        week = NOW - 10 * DAY
        monitor.store.add(Seen(f"r{n}", week + n * 600, {"quality": 4.0 + n % 2}, (), False, length=20, language="en") for n in range(1200))
        monitor.stream.publish([sample(f"s{n}", "Refunds take 5 days.", context=CONTEXT, timestamp=NOW - HOUR - n) for n in range(40)])
        await taken(monitor)
        assert await monitor.flush() == []
        kept = [one for one in monitor.store.between(NOW - 2 * HOUR, NOW) if one.id.startswith("s")]
        assert [(one.failed, one.hallucinated, sorted(one.scores)) for one in kept] == [((), None, ["words"])] * 40
        assert monitor.store.counters() == {"unscored_judge_error": 80}
        assert {one.metric: one.state for one in monitor.store.canaries()} == {"quality": JudgeState.UNHEARD}

    with LoopbackModels(broken) as models:
        judging(tmp_path, CONFIG, models, Clock(), work)


def fallen(monitor: Monitor) -> None:
    """A reference of eights days ago with grades of 4 and 5, and a day of 3 and 4."""
    monitor.store.add(Seen(f"r{n}", NOW - 10 * DAY + n * 600, {"quality": 4.0 + n % 2}, judged=True) for n in range(1100))
    monitor.store.add(Seen(f"w{n}", NOW - 25 * HOUR + n * 200, {"quality": 3.0 + n % 2}, judged=True) for n in range(400))


def test_a_fall_is_the_product_s_where_the_canaries_are_graded_as_before(tmp_path: Path) -> None:
    async def work(monitor: Monitor) -> None:
        fallen(monitor)
        (told,) = await monitor.flush()
        assert (told.kind, told.about) == (AlertKind.QUALITY, "quality")
        assert "its judge grades its canaries as before" in told.message
        assert [(one.n, one.drift) for one in monitor.store.canaries()] == [(5, 0.0)]

    with LoopbackModels(judge) as models:
        judging(tmp_path, CONFIG, models, Clock(), work)


def test_a_fall_is_the_judge_s_where_the_canaries_fell_too(tmp_path: Path) -> None:
    async def work(monitor: Monitor) -> None:
        fallen(monitor)
        (told,) = await monitor.flush()
        assert (told.kind, told.severity, told.about) == (AlertKind.JUDGE, "high", "quality")
        assert [(one.state, one.drift) for one in monitor.store.canaries()] == [(JudgeState.DRIFTED, -1.0)]
        assert {one.measure: one.state for one in monitor.store.drift()}["score:quality"] == "degraded"  # shown, and not the product's

    with LoopbackModels(lambda call: judge(call, shift=-1)) as models:
        judging(tmp_path, CONFIG, models, Clock(), work)


def test_canaries_are_graded_once_in_their_time_and_again_before_a_product_is_blamed(tmp_path: Path) -> None:
    clock = Clock()

    async def work(monitor: Monitor) -> None:
        for hours in (0, 1, 7, 25):
            clock.now = NOW + hours * HOUR
            await monitor.flush()
        assert [(one.at - NOW) / HOUR for one in monitor.store.canaries()] == [0, 25]
        clock.now = NOW + 32 * HOUR
        monitor.store.add(Seen(f"r{n}", NOW - 10 * DAY + n * 600, {"quality": 4.0 + n % 2}, judged=True) for n in range(1100))
        monitor.store.add(Seen(f"w{n}", NOW + 8 * HOUR + n * 200, {"quality": 3.0 + n % 2}, judged=True) for n in range(400))
        await monitor.flush()
        assert [(one.at - NOW) / HOUR for one in monitor.store.canaries()] == [0, 25, 32]

    with LoopbackModels(judge) as models:
        judging(tmp_path, CONFIG, models, clock, work)


def test_a_single_round_that_is_off_is_chance_until_others_are_off_too(tmp_path: Path) -> None:
    asked: Counter[str] = Counter()

    def wavering(call: Call) -> str:
        asked[call.user] += 1
        return verdict(call, score=3 if asked[call.user] == 1 else 4)

    async def work(monitor: Monitor) -> None:
        await monitor.flush()
        assert [(one.state, one.drift) for one in monitor.store.canaries()] == [(JudgeState.STEADY, -0.5)]

    with LoopbackModels(wavering) as models:
        judging(tmp_path, CONFIG, models, Clock(), work)
