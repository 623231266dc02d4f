"""The process that looks for names: what it answers, and what becomes of a text that it dies of, chokes on or takes too long for."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalbot.adapters.names import Names, names_by
from evalbot.domain.errors import ConfigError
from evalbot.domain.privacy import Personal
from tests.adapters.people import MODEL, installed


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    installed(tmp_path, monkeypatch)
    names = Names(MODEL, seconds=60.0)
    yield names
    names.close()


def test_names_are_found_where_they_stand_also_in_a_text_larger_than_a_pipe(names: Names) -> None:
    assert names("it is Jane Doe here") == [(6, 14)]
    assert names("nobody, 4 times") == []
    assert names("Jane Doe, " * 19_000)[-1] == (189_990, 189_998)
    assert names("1234 5678") == ()  # nothing to read: nobody is asked


@pytest.mark.parametrize("text", ["it DIES of Jane Doe", "it RAISES Jane Doe"])
def test_a_text_that_it_fails_on_is_refused_without_a_word_of_it_and_the_next_is_read(names: Names, text: str) -> None:
    with pytest.raises(ValueError, match="could not be looked through for names") as refused:
        names(text)
    assert "Jane" not in str(refused.value)
    assert names("it is Jane Doe here") == [(6, 14)]


def test_a_text_that_takes_too_long_is_refused_and_a_late_answer_is_no_other_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch)
    names = Names(MODEL, seconds=1.0)
    with pytest.raises(ValueError, match="TimeoutError"):
        names("it HANGS with Jane Doe")
    patient = Names(MODEL, seconds=60.0)
    assert patient("Max Muster") == [(0, 10)]
    for one in (names, patient):
        one.close()


def test_the_worker_holds_no_key_of_ours(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-no-key-of-anybody")
    names.open()
    assert names._process is not None
    own = Path(f"/proc/{names._process.pid}/environ").read_bytes()
    assert b"sk-no-key" not in own


def test_a_missing_package_or_model_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as absent, names_by(MODEL, "harvest.names", "evalbot.yml", 12):
        pass
    assert str(absent.value).startswith("evalbot.yml:12: harvest.names needs presidio-analyzer, which is not installed. Install it: pip install \"evalbot[names]\"")
    installed(tmp_path, monkeypatch)
    with pytest.raises(ConfigError, match=r"evalbot\.yml:12: harvest\.names names the spaCy model 'another', which is not installed\."), names_by("another", "harvest.names", "evalbot.yml", 12):
        pass
    with names_by("", "harvest.names", "evalbot.yml", 12) as nothing:
        assert nothing is None


@pytest.mark.parametrize(
    ("text", "spans", "clean"),
    [
        ("Jane Doe <a@example.com> asks", [(0, 8)], "{n:Jane Doe} <{e}> asks"),
        ("Jane a@example.com Doe asks", [(0, 23)], "{n:Jane} {e} {n:Doe} asks"),  # one name across what stands for an address
        ("Jane Doe asks", [(0, 4), (0, 8), (5, 8)], "{n:Jane Doe} asks"),  # spans that overlap
        (" Jane Doe ", [(0, 10)], " {n:Jane Doe} "),
        ("nobody", [], "nobody"),
        ("a@example.com", [(2, 9)], "{e}"),  # cut through what stands for it
    ],
)  # fmt: skip
def test_a_name_and_other_personal_data_do_not_break_each_other(text: str, spans: list[tuple[int, int]], clean: str) -> None:
    plain = Personal(b"key")
    found = Personal(b"key", names=lambda _: spans).redact(text)
    mail = plain.name("email", "a@example.com")
    expected = clean.replace("{e}", mail)
    for name in ("Jane Doe", "Jane", "Doe"):
        expected = expected.replace(f"{{n:{name}}}", plain.name("name", name))
    assert found == expected


def test_a_name_is_the_same_for_the_same_person_under_one_key_only() -> None:
    def first_two(text: str) -> list[tuple[int, int]]:
        return [(0, text.index(",")), (text.index(",") + 2, len(text))]

    one, two = Personal(b"key", names=first_two).redact("Jane Doe, JANE  DOE").split(", ")
    assert one == two
    assert one != Personal(b"other", names=first_two).redact("Jane Doe, x").split(", ")[0]
