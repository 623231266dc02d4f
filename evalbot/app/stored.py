"""A run read back from its report folder: the record that `summary.json`, `results.jsonl` and `examples.jsonl` were written from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from evalbot.app.publish import EXAMPLES
from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition, Status
from evalbot.domain.hunks import Suspect
from evalbot.domain.judges import JudgeFacts, JudgeHealth
from evalbot.domain.policy import ReportOptions
from evalbot.domain.record import Calls, Estimate, JudgeUsed, NoiseFloor, Recalled, RunRecord, SuiteRun
from evalbot.domain.runs import ChangedPrompt, Part, Row
from evalbot.domain.shards import Shard
from evalbot.domain.trend import TrendPoint
from evalbot.domain.verdicts import (
    Comparison,
    Coverage,
    Decision,
    Duel,
    FailedExample,
    Finding,
    Flake,
    Flips,
    PartitionCount,
    Verdict,
)
from evalbot.engine.rows import from_line
from evalbot.report.summary import SCHEMA

T = TypeVar("T")


def stored(summary: Path) -> RunRecord:
    """The record of a `summary.json`, with the rows and examples that lie beside it (without them, without answers).

    Raises:
        ConfigError: There is no such file, or it is not a summary of this schema; the message says what to do.
    """
    found = _read(summary)
    try:
        record = _record(found)
    except (KeyError, TypeError, ValidationError, ValueError) as error:
        raise ConfigError(Problem(f"not a summary that this version reads: {_first(error)}.", str(summary))) from error
    rows = tuple(_rows(summary.with_name("results.jsonl"))) if record.decision.coverage.planned else ()
    return replace(record, rows=rows, examples=dict(_examples(summary.with_name(EXAMPLES))))


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ConfigError(Problem("this is a folder.", str(path), hint="Name its summary.json."))
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(Problem("there is no such file.", str(path), hint="It is in the report folder of a run, evalbot-report by default.")) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(Problem(f"not a summary: {_first(error)}.", str(path))) from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(found, dict) or schema != SCHEMA:
        raise ConfigError(Problem(f"not a summary: its schema is {schema!r}, not {SCHEMA!r}.", str(path)))
    return dict(found)


def _record(found: dict[str, Any]) -> RunRecord:
    return RunRecord(
        decision=Decision(
            verdict=Verdict(found["verdict"]), reason=found["reason"],
            findings=_all(Finding, found["findings"]), comparisons=_all(Comparison, found["comparisons"]),
            partitions=_all(PartitionCount, found["partitions"]), failed_examples=_all(FailedExample, found["golden"]),
            coverage=_one(Coverage, found["coverage"]), flakes=_all(Flake, found["flakes"]),
            flips=tuple(map(_flips, found["flips"])), slices=_all(Comparison, found["slices"]),
            duels=_all(Duel, found["pairwise"]), judges=tuple(_health(judge) for judge in found["judges"] if judge["health"]),
        ),
        changed=_changed(found), judges=_all(JudgeUsed, found["judges"]),
        calls=_one(Calls, found["calls"]), problems=_all(Problem, found["problems"]), noise=_all(NoiseFloor, found["noise"]),
        suspects=_all(Suspect, found["suspects"]), trend=_all(TrendPoint, found["trend"]), suite=_one(SuiteRun, found["suite"]) if found.get("suite") else None,
        scales={(scale["suite"], scale["metric"]): (scale["low"], scale["high"]) for scale in found["scales"]},
        recalled=_one(Recalled, found["recalled"]), estimate=_one(Estimate, found["estimate"]) if found["estimate"] else None,
        shard=Shard.read(found["shard"]) if found["shard"] else None,
        dropped_params={model: tuple(names) for model, names in found["dropped_params"].items()},
        options=_one(ReportOptions, found["report"]), warnings=tuple(found["warnings"]), not_applied=tuple(found["not_applied"]),
        **{name: found[name] for name in (
            "key", "event", "pull_request", "base_sha", "head_sha", "policy_sha", "cost_usd", "started_at", "seconds", "budget_usd",
            "examined", "bootstrap", "accept_id", "version",
        )},
    )  # fmt: skip


def _changed(found: dict[str, Any]) -> tuple[ChangedPrompt, ...]:
    sides = {(one["suite"], one["prompt"]): one["sides"] for one in found["sides"]}
    return _all(ChangedPrompt, [one | {"sides": sides[one["suite"], one["prompt"]]} for one in found["changed_prompts"]])


def _health(judge: dict[str, Any]) -> JudgeHealth:
    """What the run showed of a judge; what was known before it is asked stands beside it in the file."""
    known = {**judge["health"], **{name: judge[name] for name in ("suite", "metric", "judge_id", "samples")}}
    facts = {field.name: known[field.name] for field in fields(JudgeFacts)}
    return _one(JudgeHealth, {**known, "facts": facts})


def _flips(found: dict[str, Any]) -> Flips:
    mcnemar = found["mcnemar"]
    return Flips(
        found["suite"], found["prompt"], found["partition"], tuple(found["pass_to_fail"]), tuple(found["fail_to_pass"]),
        found["n_pairs"], mcnemar["p_mid"], mcnemar["p_exact"],
    )  # fmt: skip


def _all(kind: type[T], found: list[dict[str, Any]]) -> tuple[T, ...]:
    return tuple(_one(kind, one) for one in found)


def _one(kind: type[T], found: dict[str, Any]) -> T:
    """A frozen value from its JSON object; keys that are worked out from the others are left aside."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every kind here is a dataclass
    return TypeAdapter(kind).validate_python({name: value for name, value in found.items() if name in names})


def _rows(path: Path) -> Iterator[Row]:
    """Whole lines only: what a kill left torn is no row."""
    for line in _lines(path):
        try:
            row = from_line(line)
        except ValueError:
            continue
        if row.part is not Part.HUNK:  # what only the blame needed
            yield row


def _examples(path: Path) -> Iterator[tuple[tuple[str, str], Example]]:
    for line in _lines(path):
        try:
            found = json.loads(line)
            example = _example(found["example"])
        except (ValueError, KeyError, TypeError):
            continue
        yield (found["suite"], example.hash), example


def _example(found: dict[str, Any]) -> Example:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    values |= {"partition": Partition(found["partition"]), "status": Status(found["status"])}
    return Example(**values)


def _lines(path: Path) -> Iterator[str]:
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from (line for line in file if line.strip())


def _first(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
