"""What earlier harvests have left: rows that wait in the pull request, what people made of them, and the ledger that remembers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalbot.adapters.datasets import read_datasets
from evalbot.adapters.globs import match
from evalbot.app import ledger as ledgers
from evalbot.domain.examples import Example
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.history import History
from evalbot.domain.policy import Policy
from evalbot.domain.ports import Snapshot
from evalbot.domain.proposals import Proposals, Standing


@dataclass(frozen=True)
class Earlier:
    """What stands when a harvest begins.

    Args:
        dataset: Every example of the suite on the default branch, of all partitions.
        kept: What the open pull request proposes already, as reviewers left it.
        ledger: With what people have decided since the last run: merged, closed, or taken out of the open pull request.
    """

    dataset: tuple[Example, ...]
    kept: tuple[Example, ...]
    standing: Standing
    ledger: ledgers.Ledger


def earlier(ours: HarvestPolicy, policy: Policy, tree: Snapshot, proposals: Proposals, branch: str, text: str, hashed: Callable[[str], str]) -> Earlier:
    """Read it.

    Args:
        tree: The default branch.
        branch: The proposal's.
        text: The ledger's file.
        hashed: An id's stand-in in the ledger.

    Raises:
        ConfigError: A dataset is wrong, on either branch.
    """
    dataset, standing = dataset_of(ours, policy, tree), proposals.standing(branch)
    kept = _kept(ours, dataset, proposals, standing)
    merged, there = ({hashed(example.id) for example in some} for some in (dataset, kept))
    return Earlier(dataset, kept, standing, _settled(ledgers.read_ledger(text), standing, merged, there))


def dataset_of(ours: HarvestPolicy, policy: Policy, tree: Snapshot) -> tuple[Example, ...]:
    """Every example of the suite, of all partitions; raises ConfigError where a dataset is wrong."""
    paths = match(policy.suites[ours.suite].datasets, tree.paths())
    if tree.exists(ours.dataset) and ours.dataset not in paths:
        paths = [*paths, ours.dataset]
    return read_datasets(tree, paths)


def _kept(ours: HarvestPolicy, dataset: Sequence[Example], proposals: Proposals, standing: Standing) -> tuple[Example, ...]:
    """Nothing of a pull request that was closed.

    A branch that was written after its pull request had ended is one whose run died before it opened the next.
    """
    ended = standing.state in ("merged", "closed") and standing.tip == standing.head
    if not standing.tip or ended:
        return ()
    branch = proposals.tree(standing.tip)
    if not branch.exists(ours.dataset):
        return ()
    here = {example.id for example in dataset}
    return tuple(example for example in read_datasets(branch, [ours.dataset]) if example.id not in here)


def _settled(known: ledgers.Ledger, standing: Standing, merged: set[str], there: set[str]) -> ledgers.Ledger:
    waiting = known.of_state(ledgers.OPEN)
    if standing.state == "merged" and not there:
        return known.with_state(waiting & merged, ledgers.MERGED).with_state(waiting - merged, ledgers.REJECTED)  # taken out before the merge
    if standing.state == "closed" and not there:
        return known.with_state(waiting, ledgers.REJECTED)
    return known.with_state(waiting - there, ledgers.REJECTED) if standing.state == "open" else known


def remember(
    history: History, path: str, suite: str, known: ledgers.Ledger, proposed: Sequence[str], pull: int, until: float | None, run: Mapping[str, Any]
) -> None:
    """Write the ledger, on top of what others wrote meanwhile.

    Args:
        known: With what people have decided.
        proposed: Stand-ins of the ids that this run proposed.
        pull: The pull request's number.
        until: The new watermark; None leaves it and counts no run: nothing but named samples was looked at, and the next run reads that time.
        run: What this run counted.
    """

    def change(text: str) -> str:
        there = ledgers.read_ledger(text)
        merged = replace(there, decided={**there.decided, **known.decided}, pull=pull)
        if until is not None:
            merged = replace(merged, watermark=until, runs=(*there.runs, run))
        return ledgers.write_ledger(merged.with_state(proposed, ledgers.OPEN))

    history.update({path: change}, f"Harvest of suite {suite}")
