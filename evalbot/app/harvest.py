"""Tier 3, harvest: what failed in production since the last run → a pull request that proposes regression examples."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalbot.adapters.datasets.extend import extended
from evalbot.app import ledger as ledgers
from evalbot.app.harvest_alerts import alerted
from evalbot.app.harvest_alike import alike
from evalbot.app.harvest_earlier import Earlier, earlier, remember
from evalbot.app.harvest_erased import erased_in
from evalbot.app.harvest_names import Named, example_id, hashed_by, nowhere, outcome
from evalbot.app.harvest_privacy import personal_of
from evalbot.app.harvest_rows import proposed_row, row_of
from evalbot.app.harvest_scoring import Bench, bench, failures, still_failing
from evalbot.app.harvest_window import Drawn, draw, unanswered, window_of
from evalbot.app.wiring import Lab, World
from evalbot.config import load_policy
from evalbot.config.harvest import build_source
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.harvest import Catch, Failure, HarvestPolicy
from evalbot.domain.history import History
from evalbot.domain.models import Model
from evalbot.domain.policy import Policy
from evalbot.domain.ports import Snapshot
from evalbot.domain.privacy import Personal
from evalbot.domain.proposals import Draft, Proposals, Standing
from evalbot.domain.runs import Row
from evalbot.domain.samples import From, Sample, Window
from evalbot.domain.verdicts import Verdict
from evalbot.gate.proposals import chosen, unknown
from evalbot.report.numbers import counted
from evalbot.report.proposal import proposal_body, proposal_title

MOST_UNSCORED = 0.05  # of the samples: with more, the judge is broken and what failed cannot be told


@dataclass(frozen=True)
class HarvestOptions:
    """What is asked of a harvest. With `dry_run` nothing is written anywhere but on the terminal; `named` is instead of the window since the last run."""

    config: str = "evalbot.yml"
    key: str = "default"
    repository: str = ""
    dry_run: bool = False
    named: Named | None = None


@dataclass(frozen=True)
class Harvested:
    """What came of it. `draft` is None where there was nothing to propose."""

    verdict: Verdict
    reason: str
    catch: Catch = field(default_factory=Catch)
    draft: Draft | None = None
    standing: Standing = field(default_factory=Standing)
    policy_sha: str = ""
    cost_usd: float | None = 0.0
    model_calls: int = 0
    judge_calls: int = 0


def harvest(root: Path, options: HarvestOptions, world: World, proposals: Proposals, history: History, now: float) -> Harvested:
    """Fetch, redact, draw, score, compare with what is known, ask again, propose, and remember.

    The watermark moves last, and only when the proposal is written or there was nothing to propose: a run that dies anywhere
    is repeated by the next one.

    Args:
        root: What a source's relative paths are relative to.
        now: Seconds since 1970, UTC.

    Raises:
        ConfigError: Configuration, prompt, dataset or source are wrong, or the repository is public and that is not allowed.
        Refused: There is no permission to propose.
    """
    sha, tree = proposals.default()
    policy, ours = policy_of(tree, options)
    refuse_public(proposals, policy, ours)
    ours = ours if options.named is None else options.named.policy(ours)
    try:
        with personal_of(ours, policy.path, world) as personal:
            return _Run(root, options, world, proposals, history, now, policy, ours, sha, tree, personal).harvested()
    except CouldNotRun as error:
        return Harvested(Verdict.INCONCLUSIVE, unanswered(error), policy_sha=sha)


def refuse_public(proposals: Proposals, policy: Policy, ours: HarvestPolicy) -> None:
    """Raises ConfigError where production text would be for everybody and that is not allowed."""
    if proposals.public() and not ours.allow_public:
        hint = "If it may, set `harvest.allow_public: true`. Nothing was fetched."
        raise ConfigError(Problem("this repository is public, and harvested production text would be too.", policy.path, ours.line or None, hint))


def policy_of(tree: Snapshot, options: HarvestOptions) -> tuple[Policy, HarvestPolicy]:
    """The rules and the harvest's part of them; raises ConfigError where there is none."""
    if not tree.exists(options.config):
        raise ConfigError(Problem("there is no configuration on the default branch.", options.config))
    policy = load_policy(tree.read(options.config), options.config)
    if policy.harvest is None:
        hint = "Add one: suite, dataset, source and map (docs/harvest.md)."
        raise ConfigError(Problem("there is no `harvest:` in it.", options.config, None, hint))
    return policy, policy.harvest


@dataclass(frozen=True)
class _Run:
    root: Path
    options: HarvestOptions
    world: World
    proposals: Proposals
    history: History
    now: float
    policy: Policy
    ours: HarvestPolicy
    sha: str
    tree: Snapshot
    personal: Personal

    def harvested(self) -> Harvested:
        before = earlier(self.ours, self.policy, self.tree, self.proposals, self._branch, self.history.read(self._ledger_path), self._hash)
        named = self.options.named
        window, drawn = self._drawn(before.ledger)
        missing = () if named is None else named.missing(drawn.samples, [self._example(sample) for sample in drawn.samples])
        if named is not None and not drawn.counts.sampled:
            return Harvested(Verdict.INCONCLUSIVE, nowhere(missing), policy_sha=self.sha)
        if drawn.counts.sampled and not drawn.samples:
            raise CouldNotRun(f"none of {counted(drawn.counts.sampled, 'sample')} could be rid of personal data.")
        lab = self.world.open_lab(self.policy.limits)
        catch = replace(self._catch(drawn, before, lab), until=window.until)
        draft = self._draft(catch, before) if catch.failures or before.kept else None
        reason = _reason(catch, draft) if named is None else outcome(catch.counts, missing, bool(catch.failures))
        done = Harvested(
            Verdict.PASS, reason, catch, draft, before.standing, self.sha, lab.cost_usd, lab.model_calls, lab.judge_calls
        )
        return done if self.options.dry_run else self._written(done, before)

    def _drawn(self, known: ledgers.Ledger) -> tuple[Window, Drawn]:
        """A draw from what came since the last run, or just the samples that were named."""
        named = self.options.named
        window = window_of(self.ours, known.watermark, self.now) if named is None else named.window(self.ours, self.now)

        def wanted(sample: Sample) -> bool:
            return named is None or named.wants(sample.id, self._hash)

        erased = erased_in(self.ours, self.policy.path, self.tree)
        source, here = build_source(self.ours, self.policy.path), From(self.root, self.world.environment)
        alerts = alerted(self.ours, self.root, window)
        return window, draw(self.ours, source, window, here, self.personal, self.policy.limits.seed, wanted, erased, alerts)

    def _catch(self, drawn: Drawn, before: Earlier, lab: Lab) -> Catch:
        """What is worth proposing; raises CouldNotRun where too little could be scored to tell."""
        names = [self._example(sample) for sample in drawn.samples]
        made = bench(self.ours, self.policy, self.sha, self.tree, drawn.samples, names)
        sorted_out: list[Any] = []

        async def worth_asking(rows: Sequence[Row]) -> list[Failure]:
            failed, unscored = failures(made, drawn, names, rows, named=self.options.named is not None)
            if unscored > MOST_UNSCORED * max(1, len(drawn.samples)):
                raise CouldNotRun(f"{unscored} of {len(drawn.samples)} recorded answers could not be scored.")
            examples = [*before.dataset, *before.kept] if failed else []
            inputs = [*(example.input for example in examples), *(one.sample.input for one in failed)]
            same = await alike(lab, self._embedder, self.ours.caps.near, inputs)
            found = unknown(failed, examples, lambda one: self._hash(one.example) in before.ledger.decided, same)
            sorted_out.append((found, len(failed), unscored))
            return list(found.new)

        new, again = asyncio.run(_measured(lab, made, names, worth_asking))
        found, failed_count, unscored = sorted_out[0]
        left, untold = still_failing(new, again, self.ours.caps.reproduce)
        if new and untold == len(new):
            raise CouldNotRun("the present prompt could not be asked again.")
        picked = chosen(left, self.ours.caps)
        counts = replace(
            drawn.counts, unscored=unscored, failed=failed_count, known=sum(found.recurred.values()), decided=found.decided,
            repaired=len(new) - len(left), held_back=len(left) - len(picked), proposed=len(picked),
        )  # fmt: skip
        return Catch(picked, found.recurred, counts)

    @property
    def _embedder(self) -> Model | None:
        name = self.ours.caps.embedding
        return self.policy.model(name) if name else None

    def _draft(self, catch: Catch, before: Earlier) -> Draft:
        rows = [*map(row_of, before.kept), *map(proposed_row, catch.failures)]
        path = self.ours.dataset
        text = self.tree.read(path).decode("utf-8") if self.tree.exists(path) else ""
        body = proposal_body(self.ours, catch.failures, before.kept, catch)
        title = proposal_title(self.ours.suite, len(rows))
        return Draft(self._branch, self.sha, path, extended(text, path, rows), title, self.personal.secrets.redact(body))

    def _written(self, done: Harvested, before: Earlier) -> Harvested:
        """Propose, then remember: in this order, so that a run that dies in between is repeated and finds its own rows."""
        after = before.standing
        if done.draft is not None:
            after = self.proposals.propose(done.draft, after)
        elif after.state == "open":
            self.proposals.close(after, "Every row was taken out or merged, so there is nothing left to propose.")
        # What waits already counts as proposed too: the run that wrote it may have died before it could say so.
        proposed = [self._hash(name) for name in (*(one.example for one in done.catch.failures), *(row.id for row in before.kept))]
        run = {"at": _iso(self.now), "until": done.catch.until, **vars(done.catch.counts), "recurred": len(done.catch.recurred)}
        until = done.catch.until if self.options.named is None else None
        remember(self.history, self._ledger_path, self.ours.suite, before.ledger, proposed, after.number, until, run)
        return replace(done, standing=after)

    @property
    def _branch(self) -> str:
        return f"evalbot/harvest-{_slug(self.options.key)}-{_slug(self.ours.suite)}"

    @property
    def _ledger_path(self) -> str:
        return ledgers.ledger_path(self.options.key, self.ours.suite)

    def _hash(self, name: str) -> str:
        """An id's stand-in in the ledger."""
        return hashed_by(self.world.environment, self.options.repository)(name)

    def _example(self, sample: Sample) -> str:
        return example_id(sample.id, self.personal, self._hash)


async def _measured(
    lab: Lab, made: Bench, names: Sequence[str], worth_asking: Callable[[Sequence[Row]], Awaitable[list[Failure]]]
) -> tuple[list[Failure], list[Row]]:
    """Score what was recorded, choose, and ask the present prompt again about what was chosen."""
    at: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    suites = {made.case.suite.name: made.case.for_engine}
    fresh = [task for tasks in made.fresh.values() for task in tasks]
    async with lab.running(suites, [made.recorded, fresh], made.systems) as run:
        rows = await run(made.recorded)
        new = await worth_asking(rows)
        return new, await run([task for failure in new for task in made.fresh[at[failure.example]]])


def _slug(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "_.") else "-" for char in text).strip("-.") or "default"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _reason(catch: Catch, draft: Draft | None) -> str:
    counts = catch.counts
    if draft is None:
        others = ((counts.known, "known to the datasets"), (counts.decided, "decided before"), (counts.repaired, "not failed by the present prompt"))
        why = ", ".join(f"{count} {what}" for count, what in others if count)
        return f"nothing to propose: {counts.failed} of {counted(counts.sampled, 'sample')} failed" + (f" ({why})" if why else "")
    return f"{counted(counts.proposed, 'new regression example')} proposed from {counted(counts.failed, 'failure')} in {counted(counts.sampled, 'sample')}"
