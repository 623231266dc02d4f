"""What a harvest says on a terminal and to programs, and what the ledger says of all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from evalbot.app.harvest import Harvested, HarvestOptions, policy_of
from evalbot.app.harvest_earlier import dataset_of
from evalbot.app.harvest_names import hashed_by
from evalbot.app.ledger import MERGED, OPEN, REJECTED, ledger_path, read_ledger
from evalbot.domain.history import History
from evalbot.domain.proposals import Proposals
from evalbot.report.numbers import counted, percent


def words(done: Harvested, *, dry_run: bool) -> str:
    """The outcome; in a dry run the pull request as it would be."""
    lines = [f"{done.verdict}: {done.reason}"]
    if dry_run and done.draft is not None:
        added = done.draft.text
        lines += ["", f"# {done.draft.title}", f"branch {done.draft.branch}, file {done.draft.path}", "", done.draft.body, "Rows as they would stand in it:", ""]
        lines += added.splitlines()[-len(done.catch.failures) :] if done.catch.failures else []
    elif done.standing.url:
        lines.append(done.standing.url)
    return "\n".join(lines)


def as_json(done: Harvested) -> str:
    """The outcome for programs."""
    found = {
        "verdict": str(done.verdict), "reason": done.reason, "proposal": done.standing.url, "policy_sha": done.policy_sha,
        "counts": asdict(done.catch.counts), "recurred": dict(done.catch.recurred),
        "proposed": [{"id": one.example, "cluster": one.cluster, "signals": list(one.signals), "seen": one.seen} for one in done.catch.failures],
        "cost_usd": done.cost_usd,
    }  # fmt: skip
    return json.dumps(found, indent=2)


def catch_report(options: HarvestOptions, proposals: Proposals, history: History, environment: Mapping[str, str]) -> str:
    """How many of the failures that production showed the datasets hold by now, and what became of the proposals."""
    _, tree = proposals.default()
    policy, ours = policy_of(tree, options)
    ledger = read_ledger(history.read(ledger_path(options.key, ours.suite)))
    failed = sum(int(run.get("failed", 0)) for run in ledger.runs)
    known = sum(int(run.get("known", 0)) for run in ledger.runs)
    states = {state: len(ledger.of_state(state)) for state in (MERGED, OPEN, REJECTED)}
    if not ledger.runs:
        return f"suite {ours.suite}: no harvest has run yet."
    hashed = hashed_by(environment, options.repository)
    gained = len({hashed(example.id) for example in dataset_of(ours, policy, tree) if example.gates} & set(ledger.decided))
    now = min(failed, known + gained)
    share = percent(now / failed) if failed else "none failed"
    return (
        f"suite {ours.suite}: {counted(len(ledger.runs), 'harvest')}, {counted(failed, 'failed sample')}; {counted(known, 'of them was', 'of them were')} "
        f"known to the datasets when seen, {now} would be caught by now ({share}).\nProposals: {states[MERGED]} merged, {states[OPEN]} open, {states[REJECTED]} rejected."
    )
