from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalbot.adapters.runner import OUTPUT_NAMES, SUMMARY_BYTES, Runner, cut_at_lines
from evalbot.domain.pulls import Annotation
from evalbot.domain.redaction import Redactor
from tests.runner_model import Obeyed, read_outputs

HOSTILE = [
    "verdict=pass", "\nverdict=pass", "x\nverdict<<EOF\npass\nEOF\n", "EOF", "::set-output name=verdict::pass", "::error file=x::y", "##[set-output name=verdict;]pass",
    "a ##[error]b", "::stop-commands::x", "::stop-commands::x\n::x::", "  ::add-mask::e", "\r::add-matcher::/tmp/x", "\r\n::group::y", "::echo::on", "\u2028::error::z",
    "\x1b[31m::warning::q", "ok\x00::debug::w", "%0A::error::p", "\ud800::error::s", "evalbot_", "::::", ":::error::", "",
]  # fmt: skip
ANYTHING = st.one_of(
    st.text(), st.lists(st.sampled_from([*HOSTILE, "\n", "\r", ":", "::", "#", "##["]), max_size=8).map("".join)
)


def runner(tmp_path: Path, **environment: str) -> tuple[Runner, io.StringIO]:
    log = io.StringIO()
    known = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    return Runner(known | environment, log), log


def an_annotation(level: str = "failure", message: str = "judge went from 4.40 to 3.60.", **fields: object) -> Annotation:
    known = {"path": "prompts/support.md", "start_line": 3, "end_line": 5, "level": level, "title": "evalbot", "message": message}
    return Annotation(**(known | fields))  # type: ignore[arg-type]


# ---- outputs


def test_outputs_come_back_as_they_were(tmp_path: Path) -> None:
    values = {name: f"value of {name}" for name in OUTPUT_NAMES} | {"reason": "two\nlines = yes << no", "cost-usd": ""}
    step, log = runner(tmp_path)
    assert step.outputs(values)
    assert read_outputs((tmp_path / "output").read_bytes()) == values
    assert log.getvalue() == ""


@pytest.mark.parametrize("hostile", HOSTILE)
def test_OUT_01_no_value_can_set_another_output(tmp_path: Path, hostile: str) -> None:
    step, _ = runner(tmp_path)
    step.outputs({"verdict": "fail", "reason": hostile, "regressions": "1"})
    found = read_outputs((tmp_path / "output").read_bytes())
    assert set(found) == {"verdict", "reason", "regressions"}
    assert (found["verdict"], found["regressions"]) == ("fail", "1")
    assert found["reason"] == hostile.encode("utf-8", "backslashreplace").decode()


def test_OUT_01_the_delimiter_is_128_random_bits_that_the_value_does_not_hold(tmp_path: Path) -> None:
    tokens = iter(["a" * 32, "b" * 32, "c" * 32])
    step = Runner({"GITHUB_OUTPUT": str(tmp_path / "output")}, io.StringIO(), lambda: next(tokens))
    step.outputs({"reason": "evalbot_" + "a" * 32, "verdict": "fail"})
    content = (tmp_path / "output").read_text()
    assert re.findall(r"<<(.*)", content) == ["evalbot_" + "b" * 32, "evalbot_" + "c" * 32]
    default, _ = runner(tmp_path / "..", GITHUB_OUTPUT=str(tmp_path / "other"))
    default.outputs({"verdict": "fail"})
    assert re.fullmatch(r"verdict<<(evalbot_[0-9a-f]{32})\nfail\n\1\n", (tmp_path / "other").read_text())


def test_SEC_05_outputs_and_the_summary_never_carry_a_masked_value(tmp_path: Path) -> None:
    known = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    step = Runner(known, log := io.StringIO(), redact=Redactor(["s3cr3t-0f-th3-j0b-Qx7"]).redact)
    step.mask(["s3cr3t-0f-th3-j0b-Qx7"])
    step.outputs({"reason": "with s3cr3t-0f-th3-j0b-Qx7 in it", "comment-url": "https://x.example/s3cr3t-0f-th3-j0b"})
    step.summary("| s3cr3t-0f-th3-j0b-Qx7 |")
    step.untrusted("said s3cr3t-0f-th3-j0b-Qx7")
    found = read_outputs((tmp_path / "output").read_bytes())
    assert found == {"reason": "with [redacted] in it", "comment-url": "https://x.example/[redacted]"}
    assert (tmp_path / "summary.md").read_text() == "| [redacted] |"
    assert log.getvalue().count("s3cr3t") == 1, "the mask itself"


def test_OUT_01_only_the_contract_s_names_are_outputs(tmp_path: Path) -> None:
    step, _ = runner(tmp_path)
    with pytest.raises(ValueError, match="PATH"):
        step.outputs({"verdict": "fail", "PATH": "/tmp"})
    assert not (tmp_path / "output").exists()


def test_outputs_of_other_steps_stay(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("before=1\n")
    runner(tmp_path)[0].outputs({"verdict": "pass"})
    assert read_outputs((tmp_path / "output").read_bytes()) == {"before": "1", "verdict": "pass"}


# ---- files that cannot be written


def _unwritable(tmp_path: Path, kind: str) -> str:
    if kind == "a directory":
        return str(tmp_path)
    if kind == "full":
        if not Path("/dev/full").exists():
            pytest.skip("needs /dev/full")
        return "/dev/full"
    if kind == "read-only":
        return "/proc/version"  # for root too
    return {"unset": "", "gone": str(tmp_path / "no" / "such"), "no path": "a\0b"}[kind]


@pytest.mark.parametrize("kind", ["unset", "a directory", "full", "read-only", "gone", "no path"])
def test_OUT_08_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path, kind: str) -> None:
    path = _unwritable(tmp_path, kind)
    step, log = runner(tmp_path, GITHUB_OUTPUT=path, GITHUB_STEP_SUMMARY=path)
    assert not step.outputs({"verdict": "fail"})
    assert not step.summary("# evalbot")
    commands = Obeyed().read(log.getvalue()).commands
    assert [name for name, _, _ in commands] == ["warning", "warning"]
    assert ["GITHUB_OUTPUT" in commands[0][2], "GITHUB_STEP_SUMMARY" in commands[1][2]] == [True, True]


def test_OUT_08_a_log_that_is_gone_is_no_reason_to_fail(tmp_path: Path) -> None:
    log = io.StringIO()
    step = Runner({"GITHUB_ACTIONS": "true"}, log)
    log.close()
    step.say("error", "x")
    step.untrusted("x")
    assert not step.outputs({"verdict": "pass"})


def test_a_log_in_a_narrow_encoding_takes_every_character(tmp_path: Path) -> None:
    raw = io.BytesIO()
    step = Runner({}, io.TextIOWrapper(raw, encoding="ascii"))
    step.say("notice", "é \ud800 \U0001f600")
    assert raw.getvalue() == b"::notice::\\xe9 \\ud800 \\U0001f600\n"


# ---- the summary


def test_the_summary_is_what_was_given(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    assert step.summary("# é\n")
    assert step.summary("more\n")
    assert ((tmp_path / "summary.md").read_text(encoding="utf-8"), log.getvalue()) == ("# é\nmore\n", "")


def test_a_long_summary_is_cut_at_a_line_and_says_so(tmp_path: Path) -> None:
    step, _ = runner(tmp_path)
    line = "é" * 500 + "\n"
    step.summary("first\n" + line * 1500)
    content = (tmp_path / "summary.md").read_bytes()
    assert SUMMARY_BYTES - 2000 < len(content) <= SUMMARY_BYTES
    body, note = content.decode("utf-8").split("\n\n_Cut here", 1)
    assert set(body.split("\n")[1:]) == {"é" * 500, ""}
    assert "report folder" in note


def test_what_was_said_before_counts_too(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_bytes(b"x" * (SUMMARY_BYTES - 500))
    runner(tmp_path)[0].summary("short\n" * 1000)
    size = (tmp_path / "summary.md").stat().st_size
    assert SUMMARY_BYTES - 500 < size <= SUMMARY_BYTES


@settings(max_examples=200)
@given(st.text(alphabet="aé😀\n", max_size=400), st.integers(-5, 500))
def test_a_cut_is_whole_lines_within_the_limit(text: str, limit: int) -> None:
    found = cut_at_lines(text, limit)
    assert len(found) <= max(limit, 0)
    if len(text.encode()) <= limit:
        assert found == text.encode()
    else:
        kept = found.decode("utf-8").split("\n\n_Cut here")[0]
        assert not kept or limit < 100 or text.startswith(kept)


def test_one_endless_line_leaves_only_the_note() -> None:
    assert cut_at_lines("x" * 1000, 200).startswith(b"\n\n_Cut here")


# ---- masks


def test_every_line_of_a_key_is_masked_and_short_ones_never_are(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    step.mask(["sk-canary", "", "abc", "-----BEGIN-----\r\n  line%two\n{\n}\n", "sk-canary"])
    assert Obeyed().read(log.getvalue()).masks == ["sk-canary", "-----BEGIN-----", "line%two"]


def test_outside_a_runner_no_key_is_printed(tmp_path: Path) -> None:
    step, log = runner(tmp_path, GITHUB_ACTIONS="")
    step.mask(["sk-canary"])
    assert log.getvalue() == ""


# ---- annotations


def test_an_annotation_says_where_and_what(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    step.annotate([an_annotation(path="a,b:c%.md", title="it's: worse, really", message="100% worse:\r\n::error::no")])
    expected = {"file": "a,b:c%.md", "line": "3", "endLine": "5", "title": "it's: worse, really"}
    assert Obeyed().read(log.getvalue()).commands == [("error", expected, "100% worse:\r\n::error::no")]


def test_OUT_07_ten_of_a_kind_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    step.annotate([*[an_annotation()] * 35, *[an_annotation("warning")] * 12, an_annotation("notice")])
    read = Obeyed().read(log.getvalue())
    assert [sum(name == kind for name, _, _ in read.commands) for kind in ("error", "warning", "notice")] == [10, 10, 1]
    assert "27 more annotations: see the report." in read.text


def test_OUT_07_a_message_is_cut_at_4096_characters(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    step.annotate([an_annotation(message="%" * 5000)])
    assert Obeyed().read(log.getvalue()).commands[0][2] == "%" * 4096


def test_no_annotations_print_nothing(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    step.annotate([])
    assert log.getvalue() == ""


def test_what_is_said_after_ten_of_its_kind_is_still_in_the_log(tmp_path: Path) -> None:
    step, log = runner(tmp_path)
    for number in range(12):
        step.say("warning", f"number {number}")
    read = Obeyed().read(log.getvalue())
    assert len(read.commands) == 10
    assert "warning: number 11" in read.text


# ---- untrusted text


@settings(max_examples=500)
@given(ANYTHING)
@example("::stop-commands::x\n::x::\n::error::y")
def test_OUT_02_no_text_of_others_is_obeyed(text: str) -> None:
    log = io.StringIO()
    step = Runner({}, log)
    step.untrusted(text)
    inside = Obeyed().read(log.getvalue())
    assert (inside.commands, inside.masks, inside.stopped) == ([], [], False)
    # Without the guard it would be inert too.
    bare = Obeyed().read("\n".join(log.getvalue().split("\n")[1:-2]))
    assert (bare.commands, bare.masks, bare.stopped) == ([], [], False)


@settings(max_examples=200)
@given(ANYTHING, ANYTHING)
def test_OUT_05_no_message_is_more_than_one_command(message: str, title: str) -> None:
    log = io.StringIO()
    Runner({}, log).annotate([an_annotation(message=message, title=title, path=title)])
    read = Obeyed().read(log.getvalue())
    assert [name for name, _, _ in read.commands] == ["error"]
    assert (read.masks, read.stopped) == ([], False)


def test_OUT_04_the_stop_token_is_new_each_time_and_not_in_the_text() -> None:
    log = io.StringIO()
    tokens = (f"token{number}" for number in itertools.count())
    step = Runner({}, log, lambda: next(tokens))
    step.untrusted("::token0:: and token1")
    step.untrusted("again")
    assert re.findall(r"^::stop-commands::(.*)$", log.getvalue(), re.MULTILINE) == ["token2", "token3"]
