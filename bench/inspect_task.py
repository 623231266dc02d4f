"""The work as inspect-ai tasks, one a prompt, graded by its own `model_graded_qa`; run by inspect-ai's Python, see `peers.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: str, in_flight: str) -> None:
    from inspect_ai import Task
    from inspect_ai import eval as run
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import model_graded_qa
    from inspect_ai.solver import generate

    work, calls = Path(folder), int(in_flight)
    config = GenerateConfig(max_connections=calls)
    model, judge = (get_model(f"openai-api/bench/{name}", config=config) for name in ("bench-model", "bench-judge"))
    rows = [json.loads(line) for line in (work / "tests.jsonl").read_text().splitlines()]
    tasks = []
    for side in ("base", "head"):
        prompt = (work / f"{side}.txt").read_text()
        samples = [Sample(input=prompt.replace("{{question}}", row["vars"]["question"]), target=row["vars"]["expected"]) for row in rows]
        tasks.append(Task(name=side, dataset=samples, solver=generate(), scorer=model_graded_qa(model=judge)))
    logs = run(tasks, model=model, max_tasks=2, max_samples=calls, max_connections=calls, display="none", log_dir=str(work / "logs"))
    sys.exit(any(log.status != "success" for log in logs))


if __name__ == "__main__":
    main(*sys.argv[1:])
