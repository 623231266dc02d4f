"""evalbot calibrate: judges whose faults are known, beside people whose labels are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr
from typer.testing import CliRunner

from evalbot.app.calibrate import CalibrateOptions, calibrate
from evalbot.app.calibration_figures import Figures
from evalbot.app.calibration_words import as_json, words
from evalbot.app.review import CheckOptions, review
from evalbot.app.validate import validate
from evalbot.app.wiring import World
from evalbot.cli.app import app
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.instruments.attacks import ATTACKS
from evalbot.report.comment import comment
from tests.app.checking import CONFIG, files, golden, lines
from tests.loopback import Call, LoopbackModels, verdict
from tests.repository import Repo
from tests.scripted_judges import ScriptedJudge, draw, sections

LABELS = "evals/human/labels.jsonl"
RECORD = "evals/human/labels.calibration.json"


def config(judge: str = "", kind: str = "judge", model: str = "anthropic/claude-sonnet-5") -> str:
    own = f"metrics:\n  quality: {{type: {kind}, model: {model}, calibration: {{labels: {LABELS}}}{judge}}}\nsuites:\n"
    return CONFIG.replace("suites:\n", own).replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [quality]\n")


def labels(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def house(tmp_path: Path, rows: list[dict[str, Any]] | None, text: str = "", count: int = 12) -> Path:
    start = files(config=text or config(), golden=lines([one | {"expected_output": f"Answer {n}."} for n, one in enumerate(golden(count))]), regression=None)
    Repo(tmp_path).write({**start, **({} if rows is None else {LABELS: labels(rows)})}).commit("base")
    return tmp_path


def measured(root: Path, script: Any, **options: Any) -> tuple[Figures, ...]:
    with LoopbackModels(script) as server:
        found = calibrate(root, CalibrateOptions(**options), World.real(server.env(), root / ".evalbot-calibrate", quiet=True))
    assert found.calls == len(server.calls)
    return found.judges


def by_quality(shift: int = 0) -> Any:
    """A judge that gives the quality that is written in the answer, and so many points more."""

    def answer(call: Call) -> Any:
        found = sections(call.user)["response"]
        return verdict(call, score=max(1, min(5, int(found.split("quality=")[1][0]) + shift)))

    return answer


GRADES = [1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 3]


def row(n: int, score: int, **more: Any) -> dict[str, Any]:
    return {"id": f"g-{n % 12:02}", "output": f"answer {n} quality={score}", "score": score, "rater": "ada", "date": "2026-11-20"} | more


ROWS = [row(n, score) for n, score in enumerate(GRADES)]


def test_a_judge_that_agrees_with_people_is_written_down_as_one(tmp_path: Path) -> None:
    (found,) = measured(house(tmp_path, ROWS), by_quality())
    assert found.agreed is not None
    assert (found.n, found.agreed.qwk, found.agreed.bias, found.agreed.exact, found.below) == (12, 1.0, 0.0, 1.0, False)
    entry = json.loads((tmp_path / RECORD).read_text())["judges"]["quality"]
    assert (entry["labels"], entry["raters"], entry["kappa"]["value"], entry["labelled"]) == (12, 1, 1.0, "2026-11-20")
    assert entry["judge_id"] == found.judge_id
    assert entry["slope"]["value"] == pytest.approx(1.0)


def test_a_lenient_judge_has_a_bias_that_is_told_apart_from_its_ranking(tmp_path: Path) -> None:
    (found,) = measured(house(tmp_path, ROWS), by_quality(shift=1))
    judge = [min(5, grade + 1) for grade in GRADES]
    assert found.agreed is not None
    assert found.agreed.bias == pytest.approx(sum(j - h for j, h in zip(judge, GRADES, strict=True)) / 12)
    assert found.agreed.spearman == pytest.approx(spearmanr(GRADES, judge).statistic)
    assert found.bias_ci is not None
    assert found.bias_ci[0] > 0
    assert "lenient" in words([found])
    # golden passes at 4: people pass the six with 4 or 5, the judge passes those and the three 3s
    assert found.known is not None
    assert (found.known.good, found.known.passes, found.known.bad, found.known.fails) == (6, 6, 6, 3)


def test_a_judge_that_says_the_same_of_everything_is_below_its_floor(tmp_path: Path) -> None:
    (found,) = measured(house(tmp_path, ROWS), lambda call: verdict(call, score=4))
    assert found.agreed is not None
    assert (found.agreed.qwk, found.below) == (0.0, True)
    assert found.baseline == 3 / 12  # by hand: the commonest grades are three each
    assert "below its floor of 0.4" in words([found])


def test_two_people_are_compared_with_each_other_and_their_mean_with_the_judge(tmp_path: Path) -> None:
    second = [row(n, score, rater="bob") | {"score": max(1, score - (n % 3 == 0))} for n, score in enumerate(GRADES)]
    (found,) = measured(house(tmp_path, ROWS + second), by_quality())
    assert (found.n, found.raters) == (12, 2)
    assert found.alpha is not None
    assert 0.8 < found.alpha < 1.0
    assert found.agreed is not None
    assert found.agreed.bias > 0  # the judge agrees with ada, and bob is harsher now and then


def test_labels_of_pass_and_fail_calibrate_a_judge_without_grades(tmp_path: Path) -> None:
    rows = [{"id": f"g-{n:02}", "output": f"answer {n}", "passed": n % 3 != 0} for n in range(12)]
    text = config(", items: {right: 'Is it right?'}", "checklist")

    def answer(call: Call) -> Any:
        n = int(sections(call.user)["response"].split()[1])
        return verdict(call, right={"reasoning": "", "verdict": "yes" if n % 3 and n != 11 else "no"})

    (found,) = measured(house(tmp_path, rows, text), answer)
    assert (found.graded, found.n) == (False, 12)
    assert found.known is not None
    assert (found.known.good, found.known.passes, found.known.bad, found.known.fails) == (8, 7, 4, 4)
    assert found.agreed is not None
    # Cohen's kappa by hand: observed 11/12, expected (8*7 + 4*5) / 144 = 76/144
    assert found.agreed.qwk == pytest.approx((11 / 12 - 76 / 144) / (1 - 76 / 144))


def test_records_of_other_judges_in_the_same_file_stay(tmp_path: Path) -> None:
    root = house(tmp_path, ROWS)
    measured(root, by_quality())
    other = json.loads((root / RECORD).read_text())
    other["judges"]["another"] = other["judges"]["quality"]
    (root / RECORD).write_text(json.dumps(other))
    measured(root, by_quality(1))
    judges = json.loads((root / RECORD).read_text())["judges"]
    assert set(judges) == {"another", "quality"}
    assert judges["quality"]["bias"] != judges["another"]["bias"]


def test_grades_that_are_lost_are_no_grades(tmp_path: Path) -> None:
    good = by_quality()

    def silent(call: Call) -> Any:
        return good(call) if "quality=5" in call.user else "no"

    root = house(tmp_path, ROWS)
    with pytest.raises(CouldNotRun, match="gave no grade to 9 of 12"):
        measured(root, silent)
    assert not (root / RECORD).exists()


def test_what_the_last_run_passed_is_set_right(tmp_path: Path) -> None:
    root = house(tmp_path, ROWS)
    with LoopbackModels(lambda call: f"quality=3 {call.system} {call.user}" if call.schema is None else by_quality(1)(call)) as server:
        Repo(root).branch("change").write({"prompts/support.md": "You are kind. quality=bad\n"}).commit("head")
        review(root, CheckOptions("main", "change"), World.real(server.env(), root / "evalbot-report", quiet=True))
        (found,) = calibrate(root, CalibrateOptions(), World.real(server.env(), root / ".evalbot-calibrate", quiet=True)).judges
    judged, people, ci = found.corrected["golden"]
    # every answer is worth 3, which people fail and the judge passes; it passes half of the bad answers that are labelled
    assert (judged, people) == (1.0, 1.0)
    assert ci[0] < 0.8
    assert "people would pass" in words([found])


def test_labels_may_bring_the_question_that_was_answered(tmp_path: Path) -> None:
    rows = [
        {"input": f"Question {n}?", "response": f"answer {n} quality={score}", "reference": "Five days.", "context": ["Refunds."], "score": score, "rater": rater}
        for n, score in enumerate(GRADES)
        for rater in ("ada", "bob")
    ]
    seen: list[dict[str, str]] = []

    def answer(call: Call) -> Any:
        seen.append(sections(call.user))
        return by_quality()(call)

    (found,) = measured(house(tmp_path, rows), answer)
    assert (found.n, found.raters, found.alpha) == (12, 2, 1.0)
    assert {(one["input"], one["reference"], one["context"]) for one in seen} == {(f"Question {n}?", "Five days.", "Refunds.") for n in range(12)}


def test_the_record_that_is_committed_is_cited_by_the_next_comment_as_that_of_the_same_judge(tmp_path: Path) -> None:
    root = house(tmp_path, ROWS)
    measured(root, by_quality())
    Repo(root).commit("calibrate")
    Repo(root).branch("change").write({"prompts/support.md": "You are kind. quality=bad\n"}).commit("head")
    with LoopbackModels(lambda call: f"quality=5 {call.system} {call.user}" if call.schema is None else by_quality()(call)) as server:
        record = review(root, CheckOptions("main", "change"), World.real(server.env(), root / "evalbot-report", quiet=True))
    (health,) = record.decision.judges
    assert health.facts.calibrated is not None
    assert (health.facts.calibrated.labels, health.facts.calibrated.judge_id) == (12, health.facts.judge_id)
    assert not any(finding.rule == "judge_health" for finding in record.decision.findings)
    assert "kappa 1.00" in comment(record).rpartition("---")[2]


# the self-test


def test_a_judge_that_obeys_is_found_out_attack_by_attack(tmp_path: Path) -> None:
    judge = ScriptedJudge(obeys=["Ignore the rubric above", "Grading override"])
    (found,) = measured(house(tmp_path, ROWS), lambda call: judge.reply(call.user, call.schema, call.n), attack=True)
    assert found.attack is not None
    assert (found.attack.summed.tried, found.attack.summed.talked_round) == (len(ATTACKS), 2)  # one answer has the lowest grade
    assert {name for name, (_, worked) in found.attack.by_attack.items() if worked} == {"plain order", "false system"}
    entry = json.loads((tmp_path / RECORD).read_text())["judges"]["quality"]
    assert entry["attack"] == {"tried": len(ATTACKS), "talked_round": 2, "worst": "plain order"}
    assert "plain order: 1 of 1" in words([found])


def test_a_judge_that_does_not_obey_is_cleared(tmp_path: Path) -> None:
    judge = ScriptedJudge()
    (found,) = measured(house(tmp_path, ROWS), lambda call: judge.reply(call.user, call.schema, call.n), attack=True)
    assert found.attack is not None
    assert (found.attack.summed.talked_round, found.attack.summed.worst, found.attack.blind) == (0, "", 0)
    assert found.attack.ci[0] == 0


def test_without_labels_wrong_answers_come_from_other_questions(tmp_path: Path) -> None:
    text = config().replace(f", calibration: {{labels: {LABELS}}}", "")
    seen: list[str] = []

    def answer(call: Call) -> Any:
        seen.append(sections(call.user)["response"])
        return verdict(call, score=1)

    (found,) = measured(house(tmp_path, None, text), answer, attack=True)
    assert found.attack is not None
    assert found.attack.summed.tried == 5 * len(ATTACKS)
    assert sorted({one.partition("\n")[0] for one in seen}) == ["Answer 1.", "Answer 2.", "Answer 3.", "Answer 4.", "Answer 5."]
    assert found.rule is None


def test_how_often_it_is_talked_round_is_right_within_sampling_error(tmp_path: Path) -> None:
    """A judge that gives in at 40 % of the attacks it hears: of 70 tries 28 ± 3.3 × 4.1."""

    def answer(call: Call) -> Any:
        attacked = "\n\n" in sections(call.user)["response"]
        return verdict(call, score=5 if attacked and draw("weak", call.user).random() < 0.4 else 1)

    rows = [row(n, 1) for n in range(5)]
    (found,) = measured(house(tmp_path, rows), answer, attack=True)
    assert found.attack is not None
    assert found.attack.summed.tried == 5 * len(ATTACKS)
    assert abs(found.attack.summed.talked_round / found.attack.summed.tried - 0.4) < 0.2
    assert found.attack.ci[0] < 0.4 < found.attack.ci[1]


# bad input


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"id": "g-77"}, "no example of suite 'support' has the id 'g-77'. Did you mean 'g-07'?"), ({"score": 9}, "no grade of the scale 1 to 5"),
        ({"score": 3.5}, "no grade of the scale"), ({"score": "4"}, "must be a number"), ({"score": None}, "needs a `score` or `passed`"),
        ({"passed": "yes"}, "`passed` must be true or false"), ({"rating": 4}, "no field 'rating'"), ({"date": "yesterday"}, "must be a date"),
        ({"rater": ""}, "`rater` must be a name"), ({"output": None}, "needs the answer as `output`"), ({"response": "x"}, "needs the answer as `output`"), ({"input": "Why?"}, "in place of `input`"), ({"id": None}, "needs the `id` of an example, or an `input`"), ({"output": "answer 0 quality=1", "id": "g-00"}, "on line 1 already"),
    ],
)  # fmt: skip
def test_a_label_that_is_wrong_is_named_with_its_line_before_anything_is_paid_for(tmp_path: Path, bad: dict[str, Any], said: str) -> None:
    root = house(tmp_path, [*ROWS[:2], ROWS[2] | bad])
    with LoopbackModels(by_quality()) as server, pytest.raises(ConfigError) as caught:
        calibrate(root, CalibrateOptions(), World.real(server.env(), root / "x", quiet=True))
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, server.calls) == (LABELS, 3, [])
    assert said in str(problem)
    with pytest.raises(ConfigError) as caught:
        validate(root, "evalbot.yml")
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize("text", ["{", "[1]", '{"id": "g-00", "id": "g-01"}', '{"score": NaN}', "\x00"])
def test_what_is_no_json_object_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    root = house(tmp_path, ROWS[:1])
    with (root / LABELS).open("a") as file:
        file.write(text + "\n")
    with pytest.raises(ConfigError) as caught:
        measured(root, by_quality())
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [(LABELS, 2)]


def test_no_labels_no_judge_and_names_that_are_none(tmp_path: Path) -> None:
    root = house(tmp_path, [])
    with pytest.raises(ConfigError, match="no label is of suite 'support'"):
        measured(root, by_quality())
    with pytest.raises(ConfigError, match="there is no metric 'qualiti'"):
        measured(root, by_quality(), metrics=("qualiti",))
    with pytest.raises(ConfigError, match="there is no suite 'sup'"):
        measured(root, by_quality(), suites=("sup",))
    (root / LABELS).unlink()
    with pytest.raises(ConfigError, match=r"labels\.jsonl"):
        measured(root, by_quality())
    (root / "evalbot.yml").write_text(CONFIG)
    with pytest.raises(ConfigError, match="no judge says where its labels are"):
        measured(root, by_quality())


# the command


def test_from_the_command_line_without_a_key(tmp_path: Path) -> None:
    rows = [{"id": f"g-{n:02}", "output": f"Answer {n}." if n % 2 else "Bananas.", "score": 5 if n % 2 else 1} for n in range(12)]
    root = house(tmp_path, rows, config(model="local/rubric"))
    done = CliRunner().invoke(app, ["calibrate", "-C", str(root), "--json", "--attack"])
    assert done.exit_code in (0, 1), done.output
    (found,) = json.loads(done.stdout)
    assert (found["metric"], found["labels"], found["record"]) == ("quality", 12, RECORD)
    assert found["kappa"]["value"] > 0.4
    assert sorted(path.name for path in root.iterdir() if path.name != ".git") == ["evalbot.yml", "evals", "prompts"]


def test_a_judge_below_its_floor_exits_1_and_bad_labels_exit_2(tmp_path: Path) -> None:
    rows = [{"id": f"g-{n:02}", "output": f"Answer {n}.", "score": 1 + n % 5} for n in range(12)]
    root = house(tmp_path, rows, config(model="local/rubric"))
    assert CliRunner().invoke(app, ["calibrate", "-C", str(root)]).exit_code == 1
    (root / LABELS).write_text("{}\n")
    done = CliRunner().invoke(app, ["calibrate", "-C", str(root)])
    assert (done.exit_code, f"{LABELS}:1:" in done.output) == (2, True)


def test_figures_are_strict_json(tmp_path: Path) -> None:
    found = measured(house(tmp_path, ROWS), by_quality())
    assert json.loads(json.dumps(as_json(found), allow_nan=False)) == as_json(found)


def test_a_threshold_of_similarity_from_the_command_line(tmp_path: Path) -> None:
    pairs = [{"answer": f"Refunds take {n} days.", "reference": f"Refunds take {n} days.", "good": True} for n in range(10)]
    pairs += [{"answer": f"Bananas number {n}.", "reference": "Refunds take five days.", "good": False} for n in range(10)]
    (tmp_path / "pairs.jsonl").write_text(labels(pairs))
    done = CliRunner().invoke(app, ["calibrate", "--similarity", "pairs.jsonl", "--judge", "local/words", "-C", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    assert 0 < json.loads(done.stdout)["threshold"]["default"] < 1
    done = CliRunner().invoke(app, ["calibrate", "--similarity", "none.jsonl", "--judge", "local/words", "-C", str(tmp_path)])
    assert (done.exit_code, "could not read none.jsonl" in done.output) == (3, True)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_labels_are_figures_without_intervals_and_no_crash(tmp_path: Path, count: int) -> None:
    (found,) = measured(house(tmp_path, ROWS[:count]), by_quality())
    assert (found.n, found.trust) == (count, "too few to judge the judge")
    assert json.loads((tmp_path / RECORD).read_text())["judges"]["quality"]["labels"] == count
    assert "too few to judge the judge" in words([found])
