"""`evalbot init --distribution production`: rows sampled from where the harvest reads, through the command line."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evalbot.cli.app import app
from tests.app.harvest.production import CONFIG, GOLDEN, PROMPT
from tests.github_server import GitHubServer
from tests.repository import Repo

DAY = 86_400.0
LEAKED = "Opening hours are nine to five, and delivery takes two days for everybody."


def asked(number: int, words: str = "", *, ago: float = 60.0, **more: Any) -> dict[str, Any]:
    return {"id": f"r{number}", "asked": words or f"Where is parcel number {number}?", "answered": "TODO", "at": time.time() - ago, **more}


def shop(root: Path, records: list[dict[str, Any]], config: str = CONFIG) -> Repo:
    """A repository with a harvest and a log of production beside it."""
    repo = Repo(root / "repository")
    (repo.root / ".git/info/exclude").write_text("logs/\n")
    repo.write({"evalbot.yml": config, "prompts/support.md": f"{PROMPT}- {LEAKED}\n", "evals/golden.jsonl": json.dumps(GOLDEN) + "\n"}).commit("base")
    (repo.root / "logs").mkdir()
    (repo.root / "logs/one.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return repo


def init(repo: Repo, *more: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["init", "--distribution", "production", "-C", str(repo.root), *more], env={"GITHUB_TOKEN": "", "GITHUB_REPOSITORY": "", **(env or {})})


def rows(repo: Repo) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (repo.root / "evals/distribution.jsonl").read_text().splitlines()]


def test_rows_are_what_users_asked_each_once_and_nothing_that_is_known_leaked_or_personal(tmp_path: Path) -> None:
    records = [asked(n) for n in range(600)]
    records += [asked(1000 + n, "  WHERE is parcel number 7 ") for n in range(30)]  # twins
    records += [asked(2000, "when do you open"), asked(2001, LEAKED), asked(2002, "Write to ada@example.org please"), asked(0)]
    records += [{**asked(2003, "Is Bob here?"), "id": "bob@example.org"}, asked(3000, "Too long ago?", ago=2 * DAY), asked(3001, "Not yet?", ago=-3_600)]
    repo = shop(tmp_path, records)

    done = init(repo, "--rows", "5000")

    assert done.exit_code == 0, done.output
    found = rows(repo)
    assert len(found) == 602  # 600 parcels, the letter, Bob
    assert "30 twins, 1 known to other partitions, 1 from a prompt" in done.output
    assert {one["partition"] for one in found} == {"distribution"}
    assert all("expected_output" not in one and one["tags"] == ["production"] for one in found)
    text = (repo.root / "evals/distribution.jsonl").read_text()
    assert "ada@" not in text
    assert "bob@" not in text
    assert "long ago" not in text
    assert "Not yet" not in text
    assert len({one["id"] for one in found}) == 602
    assert CliRunner().invoke(app, ["validate", "-C", str(repo.root)]).exit_code == 0


def test_a_row_is_as_likely_whatever_went_wrong_and_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    records = [asked(n, error=n % 10 == 0, ms=9_000 if n % 10 == 1 else 100, thumbs="down" if n % 10 == 2 else "up") for n in range(4_000)]
    repo = shop(tmp_path, records)
    drawn = []
    for seed in ("1", "1", "2"):
        assert init(repo, "--rows", "500", "--seed", seed).exit_code == 0
        drawn.append([one["id"] for one in rows(repo)])
        (repo.root / "evals/distribution.jsonl").unlink()
    assert drawn[0] == drawn[1] != drawn[2]
    kinds = Counter(int(name.removeprefix("prod-r")) % 10 for name in drawn[0])
    assert all(20 <= kinds[kind] <= 80 for kind in range(10))  # 50 each, give or take four standard deviations


def test_rows_that_a_prompt_cannot_be_rendered_with_are_left_out(tmp_path: Path) -> None:
    config = CONFIG.replace("user: user,", "user: user, plan: plan,")
    repo = shop(tmp_path, [asked(n, plan="Team") if n % 4 else asked(n) for n in range(800)], config)
    repo.write({"prompts/support.md": "For {{ plan }}: {{ user_input }}", "evals/golden.jsonl": json.dumps({**GOLDEN, "input": {"user_input": "Open?", "plan": "Team"}}) + "\n"})
    done = init(repo)
    assert done.exit_code == 0, done.output
    assert len(rows(repo)) == 600
    assert "200 that a prompt cannot be rendered with" in done.output


@pytest.mark.parametrize(
    ("more", "config", "said"),
    [
        ((), CONFIG, r"production gives 3 rows that can be used, of 3 samples; a distribution has 500 to 5,000\. Look further back, with --since 30d"),
        (("--rows", "10"), CONFIG, "a distribution has 500 to 5,000 rows, not 10"),
        (("--since", "soon"), CONFIG, "--since is how far back"),
        ((), CONFIG[: CONFIG.index("harvest:")], "there is no `harvest:` in it"),
        ((), CONFIG.replace("timestamp: at", "timestamp: nowhere"), "none of 3 records is a sample"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(tmp_path: Path, more: tuple[str, ...], config: str, said: str) -> None:
    repo = shop(tmp_path, [asked(n) for n in range(3)], config)
    done = init(repo, *more)
    assert done.exit_code == 2, done.output
    assert re.search(said, done.output), done.output
    assert not (repo.root / "evals/distribution.jsonl").exists()


def test_in_a_public_repository_nothing_is_fetched_unless_it_may(tmp_path: Path) -> None:
    repo = shop(tmp_path, [asked(n) for n in range(600)])
    server = GitHubServer(repo)
    server.private = False
    with server:
        env = {"GITHUB_TOKEN": server.token, "GITHUB_REPOSITORY": server.name, "GITHUB_API_URL": server.url}
        done = init(repo, env=env)
        assert done.exit_code == 2
        assert "this repository is public" in done.output
        assert not (repo.root / "evals/distribution.jsonl").exists()
        repo.write({"evalbot.yml": CONFIG + "  allow_public: true\n"})
        assert init(repo, env=env).exit_code == 0
