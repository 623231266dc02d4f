"""The comment: whole pages as snapshots, its words in each situation, its limits, and what hostile text does to it (nothing)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from evalbot.domain.errors import Problem
from evalbot.domain.judges import Calibrated, Retirement
from evalbot.domain.policy import ReportOptions
from evalbot.domain.record import NoiseFloor, RunRecord
from evalbot.domain.scores import Score
from evalbot.domain.verdicts import Conclusion, Rule, Verdict
from evalbot.report.accepting import findings_id
from evalbot.report.comment import comment, marker, sections
from evalbot.report.title import title
from tests.builders import (
    BASE_SHA,
    HEAD_SHA,
    a_change,
    a_comparison,
    a_count,
    a_decision,
    a_duel,
    a_failure,
    a_finding,
    a_flips,
    a_health,
    a_judge,
    a_record,
    a_regression,
    a_row,
    a_slice,
    an_example,
)
from tests.report.hostile import strings
from tests.report.rendering import LIVE, Page
from tests.report.situations import SITUATIONS, fail, many, outage, passed

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_page_is_as_it_was_when_somebody_looked_at_it(situation: str) -> None:
    path = SNAPSHOTS / f"{situation}.md"
    page = comment(SITUATIONS[situation]())
    if os.environ.get("EVALBOT_UPDATE_SNAPSHOTS") == "1":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_page_holds_no_link_but_to_rules_and_no_image_and_is_marked_on_its_first_line(situation: str) -> None:
    text = comment(SITUATIONS[situation]())
    page = Page(text)
    assert text.splitlines()[0] == "<!-- evalbot:v1 key=default -->"
    assert not {"a", "img"} & set(page.elements)
    assert page.elements.count("details") == page.elements.count("/details")
    assert not LIVE.search(page.text.replace("$", ""))


def test_each_finding_leads_to_the_page_of_its_rule() -> None:
    decision = a_decision("fail", findings=[a_finding(rule.value, level) for rule in Rule for level in ("blocks", "notes")])
    assert sorted(Page(comment(a_record(decision))).rules) == sorted([rule.value for rule in Rule] * 2)


def test_a_link_that_somebody_else_wrote_is_none() -> None:
    ours = "[`regression`](https://github.com/evalbot/evalbot/blob/main/docs/rules.md#regression)"
    page = Page(comment(a_record(a_decision("fail", ours, findings=(a_finding("flaky", message=ours, examples=(ours,)),)))))
    assert page.rules == ["flaky"]
    assert "a" not in page.elements


def test_the_verdict_comes_first_and_then_the_table() -> None:
    elements = Page(comment(fail())).elements
    assert elements.index("h2") < elements.index("table") < elements.index("details")


def test_the_worst_example_shows_both_answers_and_both_reasons() -> None:
    text = comment(fail())
    for words in (
        "You are on day 31",
        "Happy Holidays!",
        "states the 30-day rule",
        "promises a refund that the policy forbids",
    ):
        assert words in text
    assert text.index("refund-eu</code>") < text.index("r-04</code>") < text.index("r-03</code>")
    assert "r-01</code>" not in text


def test_the_table_puts_the_interval_beside_the_difference() -> None:
    assert "−0.80 (−1.35 to −0.25)" in comment(fail())


def test_a_pass_says_what_it_could_have_seen_and_never_no_effect() -> None:
    text = comment(passed())
    assert "A true drop of 0.37 to 0.49 (it differs by row) would have been blocked four times in five" in text
    assert "no effect" not in text.lower()


def test_a_pass_without_a_score_test_says_that_drops_go_unseen() -> None:
    assert "would not be seen" in comment(a_record(a_decision("pass")))


def test_an_outage_concludes_nothing_and_counts_its_errors_by_side() -> None:
    text = comment(outage())
    assert "nothing is concluded" in text
    assert re.search(r"`target_error` \|\s+0 \|\s+3 \|", text)
    assert "cost unknown" in text


def test_an_accept_id_is_printed_where_something_can_be_accepted() -> None:
    record = fail()
    accept = findings_id(HEAD_SHA, record.decision.findings)
    assert f"accept id `{accept}`" in comment(record)
    assert f"evalbot check --base {BASE_SHA} --head {HEAD_SHA}" in comment(record)


def test_edits_alone_cannot_be_accepted() -> None:
    edits = (
        a_finding("example_edited"),
        a_finding("policy_changed"),
        a_finding("example_deleted"),
        a_finding("prompt_deleted"),
    )
    text = comment(a_record(a_decision("fail", findings=edits)))
    assert "/evalbot accept" not in text
    assert "approving review" in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_page_even_of_a_run_with_nothing_in_it(verdict: Verdict) -> None:
    text = comment(RunRecord(a_decision(verdict, "")))
    assert f"**{verdict.replace('_', ' ')}**" in text


def test_the_title_names_the_worst_row_that_was_not_tested() -> None:
    few = [
        a_comparison(prompt=f"p{n}", n_base=n, n_head=n, n_pairs=n, conclusion=Conclusion.INSUFFICIENT_DATA, welch=None)
        for n in (9, 7, 8)
    ]
    assert title(a_record(a_decision(comparisons=tuple(few)))).endswith("(scores not tested (7 of 10 examples))")


def test_an_advisory_run_keeps_its_words_and_says_not_gated() -> None:
    assert "do not merge: 1 regression, 1 new failure (NOT GATED)" in comment(fail(), advisory=True)


def test_a_title_is_one_plain_line() -> None:
    for situation in SITUATIONS.values():
        assert re.fullmatch(r"[^\n`<>@#*_]+", title(situation()))


def test_outputs_that_are_not_to_be_shown_are_not_shown_nor_quoted() -> None:
    text = comment(replace(fail(), options=ReportOptions(show_outputs=False)))
    for words in ("Happy Holidays", "day 31", "money back", "promises a refund", "off policy", "incident 3381"):
        assert words not in text
    assert "refund-eu" in text


def test_no_more_examples_than_asked_for() -> None:
    assert "Worst examples" not in comment(replace(fail(), options=ReportOptions(max_examples=0)))
    assert comment(replace(fail(), options=ReportOptions(max_examples=1))).count("Base:\n\n```text") == 1


def test_failures_from_before_are_never_put_on_show() -> None:
    old = an_example("g-old")
    rows = [a_row(old, "base", passed=False), a_row(old, "head", passed=False)]
    decision = a_decision("pass", failed_examples=(a_failure("g-old", "pre_existing", base_failures=5),))
    assert "Worst examples" not in comment(a_record(decision, rows=rows))


def test_several_suites_are_named_beside_their_prompts() -> None:
    text = comment(a_record(a_decision(comparisons=(a_comparison(suite="a"), a_comparison(suite="b")))))
    assert "`a: prompts/support`" in text


# --- limits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompts", [1, 2, 20, 100, 500])
def test_any_number_of_prompts_fits(prompts: int) -> None:
    text = comment(many(prompts))
    assert_whole(text)


@pytest.mark.parametrize("limit", [40_000, 20_000, 10_000, 5_000, 3_000])
def test_a_page_is_cut_at_sections_and_says_so(limit: int) -> None:
    text = comment(many(), max_characters=limit)
    assert_whole(text, limit)
    assert "Shortened to fit GitHub's limit: " in text
    assert "What to do next" in text


def test_bytes_count_too() -> None:
    emoji = "🎄" * 60_000
    rows = [
        a_row(an_example("r-01", "regression"), side, output=emoji, judge=score)
        for side, score in (("base", 5.0), ("head", 1.0))
    ]
    decision = a_decision(
        "fail", emoji, comparisons=(a_regression(),), findings=tuple(a_finding(message=emoji) for _ in range(500))
    )
    text = comment(a_record(decision, rows=rows), max_bytes=30_000)
    assert_whole(text, most_bytes=30_000)


def test_what_does_not_fit_goes_before_the_table_does() -> None:
    full, short = comment(many()), comment(many(), max_characters=25_000)
    assert "Worst examples" in full
    assert "Worst examples" not in short
    assert short.count("| `prompts/") > 20
    assert "more rows, none worse than these" in short


def test_the_worst_rows_stay() -> None:
    short = comment(many(), max_characters=8_000)
    assert "❌ regression" in short


def assert_whole(text: str, most: int = 60_000, most_bytes: int = 262_144) -> None:
    assert len(text) <= most
    assert len(text.encode()) <= most_bytes
    assert text.startswith("<!-- evalbot:v1 key=default -->\n## ")
    elements = Page(text).elements
    for tag in ("details", "table", "pre"):
        assert elements.count(tag) == elements.count("/" + tag)
    assert [tag for tag in elements if tag.startswith("!")] == ["!-- evalbot:v1 key=default --"]


# --- hostile text in every field ----------------------------------------------------------------------------------------


def a_run_full_of(word: Callable[[], str]) -> RunRecord:
    """Every text of a record that somebody else wrote, written by `word`; ids stay apart by a number."""
    judge = word()
    golden = an_example(
        f"{word()}1",
        input={"user_input": word()},
        expected_output=word(),
        source={"root_cause": word(), "issue": word()},
    )
    added = an_example(f"{word()}2", input={word(): word(), "x": word()})
    rows = [
        a_row(
            example,
            side,
            prompt="p",
            part=part,
            output=f"{word()}\n{'x' * 400}",
            scores={"m": Score.scored(score, score > 3, word())},
        )
        for example, part in ((golden, "exam"), (added, "added"))
        for side, score in (("base", 4.0), ("head", 2.0))
    ]
    rows.append(a_row("z", "head", output=None, passed=None, error="target_error", reason=word()))
    decision = a_decision(
        "fail", f"x {word()}",
        findings=tuple(a_finding(rule, level, f"{word()}", examples=(f"{word()}1",)) for rule, level in (
            ("new_failure", "blocks"), ("likely_drop", "warns"), ("flaky", "notes"))),
        comparisons=(a_regression(prompt=word(), metric=word()), a_comparison(prompt="p", suite=word(), reason=word(),
                     conclusion=Conclusion.INSUFFICIENT_DATA)),
        partitions=(a_count(prompt=word(), failure_reasons=(word(), "kind")),),
        failed_examples=(a_failure(golden.id, prompt="p"),),
        flips=(a_flips(worse=(word(), word()), better=(word(),), prompt=word(), suite=word()),),
        slices=(a_slice(word(), effect=-1.0, prompt=word(), metric=word()), a_slice(word(), effect=-0.5, prompt="p", metric="m")),
        duels=(a_duel(prompt=word(), suite=word(), metric=word()), a_duel(prompt="p", metric="m", void=True)),
        judges=(a_health(judge, {"calibrated": Calibrated(word(), "", 9, 1, 0.5), "retirements": (Retirement(word(), "2027-01-01"),)}),),
    )  # fmt: skip
    return a_record(
        decision, rows=rows, known_examples=[golden, added], problems=(Problem(word(), word(), 3, word()),), warnings=(word(),),
        not_applied=(word(),), dropped_params={word(): (word(),)}, judges=(a_judge(model=word(), metric=judge),),
        changed=(a_change(word(), path=word(), suite=word()),), options=ReportOptions(guidance=f"x{word()}"), version="1.0",
        started_at=word(), key="default", noise=(NoiseFloor(word(), 1, 2, 0, None), NoiseFloor(word(), 1, 1, 1, 0.1)),
    )  # fmt: skip


def test_no_text_of_anybody_changes_the_page() -> None:
    hostile = cycle(strings(7_919, seed=7))
    plain = Page(comment(a_run_full_of(lambda: "word"), max_characters=10**9, max_bytes=10**9))
    for _ in range(150):
        text = comment(a_run_full_of(lambda: next(hostile)), max_characters=10**9, max_bytes=10**9)
        page = Page(text)
        assert page.elements.count("!-- evalbot:v1 key=default --") == 1
        assert text.count("<!--") == 1
        assert page.rules == plain.rules
        assert not {"a", "img", "input", "sup", "section", "del", "em", "blockquote"} & set(page.elements)
        for tag in ("table", "details", "summary", "h2", "h3", "pre", "li", "ol", "hr"):
            assert (tag, page.elements.count(tag)) == (tag, plain.elements.count(tag))
        assert not LIVE.search(page.text.replace("$1.84", "").replace("$5.00", "").replace("$2.10", ""))
        assert not re.search(r"^\s*::|##\[", text, re.MULTILINE)


@pytest.mark.parametrize("key", ["default", "apps/web", "a--b", "x --> <b>", "naïve\n"])
def test_a_marker_is_one_comment_whatever_the_key(key: str) -> None:
    assert Page(marker(key) + "\n\nx").elements[1:] == ["p", "/p"]
    assert "\n" not in marker(key)


def test_every_section_is_named_for_the_line_that_says_what_was_cut() -> None:
    assert all(section.name for section in sections(fail()))


def test_flips_are_listed_both_ways_and_rows_without_any_are_not() -> None:
    text = comment(fail())
    assert "15 pass → fail: `r-01`" in text
    assert "1 fail → pass: `r-31` (McNemar mid-p < 0.001)" in text
    assert "adversarial, 40 examples" not in text


def test_the_largest_drops_by_tag_and_metadata_are_named_and_the_number_of_looks_is_said() -> None:
    text = comment(fail())
    assert text.index("`refund`") < text.index("`billing`")
    assert "`greeting`" not in text
    assert "By tag and metadata: 3 comparisons, 1 down by more than luck explains" in text
    assert "slices never gate" in text


def test_nothing_by_tag_or_metadata_and_no_flip_take_no_room() -> None:
    text = comment(passed())
    assert "Flips" not in text
    assert "By tag" not in text


def test_a_pass_that_missing_scores_could_turn_says_so_above_the_fold() -> None:
    text = comment(passed())
    assert text.index("Missing scores could hide a regression") < text.index("<details>")
    assert "sensitive to 2 missing scores: at their worst, regression" in text


def test_under_the_paired_test_the_sentence_gives_the_paired_numbers() -> None:
    row = a_regression(test="paired")
    text = comment(a_record(a_decision("fail", comparisons=(row,), findings=(a_finding(),))))
    assert "(−0.80, 95% interval −1.10 to −0.50, 40 examples, paired p < 0.001)" in text
    assert "The paired test counts a drop when p is below" in text


def test_several_noise_floors_name_their_suites() -> None:
    noise = (NoiseFloor("a", 1, 4, 1, 0.2), NoiseFloor("b", 1, 2, 0, None))
    last = comment(a_record(noise=noise)).splitlines()[-1]
    assert "`a` noise floor 0.20 (A/A, 4 rows, 1 false alarm)" in last
    assert "`b` noise floor unknown (A/A, 2 rows, 0 false alarms)" in last


def test_scores_that_were_refused_are_not_called_too_few() -> None:
    row = a_comparison(
        conclusion=Conclusion.INSUFFICIENT_DATA, refused=True, n_base=0, n_head=0, n_pairs=0, welch=None, paired=None,
        reason="score of example 'r-07' at head: 7 is outside the scale 1 to 5",
    )  # fmt: skip
    text = comment(a_record(a_decision("inconclusive", comparisons=(row,))))
    assert "Not tested: score of example 'r-07' at head: 7 is outside the scale 1 to 5." in text
    assert "0 of 10" not in text


def test_what_is_wrong_outside_of_any_file_is_not_looked_for_in_one() -> None:
    wrong = Problem("the input `partitions` names 'goldn', which is no partition.")
    text = comment(a_record(a_decision("config_error", str(wrong)), problems=(wrong,)))
    assert "1. Mend it where the workflow calls evalbot: `with:`, `env:` and secrets." in text
    assert "evalbot validate" not in text
