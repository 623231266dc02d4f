"""`examples/rag-bot`: a whole system as a command and behind HTTP, with a regression in its retrieval step that must be found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalbot.app.publish import publish
from evalbot.app.suite import suites_of_clone
from evalbot.app.suite_plan import SuiteOptions
from evalbot.app.validate import validate
from evalbot.app.wiring import World
from evalbot.domain.verdicts import Conclusion
from tests.repository import Repo

EXAMPLE = Path(__file__).parents[2] / "examples" / "rag-bot"
# The facts that only the right passage holds; found by reading what the planted step answers.
WRONG = {
    "g-checkin", "g-breakfast-price", "g-cash", "g-sauna", "r-boats-price", "r-cot", "r-taxi", "r-luggage", "r-deposit", "r-payment", "r-rooms",
}  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    shutil.copytree(EXAMPLE, tmp_path / "repository", ignore=shutil.ignore_patterns("__pycache__"))
    repo = Repo(tmp_path / "repository")
    config = (repo.root / "evalbot.yml").read_text().replace("[python3,", f"[{sys.executable},")
    repo.write({"evalbot.yml": config}).commit("example")
    return repo


@contextmanager
def serving(repo: Repo) -> Iterator[str]:
    """The system of the work tree behind HTTP; its address."""
    process = subprocess.Popen([sys.executable, "rag/server.py", "0"], cwd=repo.root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def measure(repo: Repo, folder: Path, config: str = "evalbot.yml"):
    world = World.real({"PATH": "/usr/bin:/bin"}, folder, quiet=True)
    options = SuiteOptions(config, set_baseline=True)
    record = suites_of_clone(repo.root, "HEAD", options, world, own_folders=("evalbot-report",))
    publish(record, folder, world.redact)
    return record


def plant(repo: Repo) -> None:
    shutil.copy(repo.root / "planted/retrieve.py", repo.root / "rag/retrieve.py")
    repo.commit("Simplify the search")


def failed(record) -> set[str]:
    return {failure.example for failure in record.decision.failed_examples}


def found(record) -> None:
    """What every look at the planted step must see."""
    assert str(record.decision.verdict) == "fail"
    assert failed(record) == WRONG
    (row,) = [row for row in record.decision.comparisons if row.partition == "regression"]
    assert (row.conclusion, row.n_base, row.n_head) == (Conclusion.REGRESSION, 18, 18)


def test_as_a_command(repo: Repo, tmp_path: Path) -> None:
    before = measure(repo, tmp_path / "one")
    plant(repo)
    after = measure(repo, tmp_path / "two")

    assert (str(before.decision.verdict), failed(before), before.cost_usd) == ("pass", set(), 0.0)
    assert all(row.context and row.tool_calls for row in before.rows)
    found(after)
    assert "Cash is not accepted." in (tmp_path / "two" / "comment.md").read_text()


def test_behind_http(repo: Repo, tmp_path: Path) -> None:
    template = (repo.root / "evalbot-http.yml").read_text()
    with serving(repo) as url:
        repo.write({"evalbot-http.yml": template.replace("http://127.0.0.1:8931/answer", url)}).commit("here")
        before = measure(repo, tmp_path / "one", "evalbot-http.yml")
    plant(repo)
    with serving(repo) as url:
        repo.write({"evalbot-http.yml": template.replace("http://127.0.0.1:8931/answer", url)}).commit("there")
        after = measure(repo, tmp_path / "two", "evalbot-http.yml")

    assert (str(before.decision.verdict), failed(before)) == ("pass", set())
    assert all(row.context for row in before.rows)
    found(after)


def test_a_server_that_is_down_is_an_outage_and_no_regression(repo: Repo, tmp_path: Path) -> None:
    template = (repo.root / "evalbot-http.yml").read_text() + "run: {total_seconds: 3}\n"
    repo.write({"evalbot-http.yml": template.replace("127.0.0.1:8931", "127.0.0.1:9")}).commit("down")
    record = measure(repo, tmp_path / "one", "evalbot-http.yml")

    assert str(record.decision.verdict) == "inconclusive"
    assert {str(row.error) for row in record.rows} <= {"target_error", "stopped"}


def test_both_configurations_are_valid(repo: Repo) -> None:
    for config in ("evalbot.yml", "evalbot-http.yml"):
        (counts,) = validate(repo.root, config).counts.values()
        assert (counts["golden"], counts["regression"]) == (10, 18)
