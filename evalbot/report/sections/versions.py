"""The footer: the commits and the version that this page speaks of."""

from __future__ import annotations

from evalbot.domain.judges import JudgeHealth
from evalbot.domain.record import NoiseFloor, RunRecord
from evalbot.report.escape import code, inline
from evalbot.report.labels import sha
from evalbot.report.numbers import counted, score
from evalbot.report.section import Section, fixed
from evalbot.report.sections.judges import calibration


def render(record: RunRecord) -> Section:
    """One line, with the noise floor where A/A runs have measured it; never cut."""
    parts = [_compared(record)] if record.head_sha or record.base_sha else []
    parts += [f"policy {sha(record.policy_sha)}"] if record.policy_sha else []
    parts += [f"started {inline(record.started_at, 40)}"] if record.started_at else []
    parts += [f"evalbot {inline(record.version, 40)}" if record.version else "evalbot"]
    parts += [_noise(noise, several=len(record.noise) > 1) for noise in record.noise]
    parts += [_calibrated(one) for one in record.decision.judges if one.facts.calibrated is not None]
    return Section("versions", 98, fixed("---\n\n" + " · ".join(parts)))


def _calibrated(one: JudgeHealth) -> str:
    known = one.facts.calibrated
    return f"judge {code(one.metric, 40)} {calibration(known)}" if known else ""


def _compared(record: RunRecord) -> str:
    if record.suite is None:
        return f"head {sha(record.head_sha)} against base {sha(record.base_sha)}"
    baselines = sorted({sha(commit) for commit in record.suite.against.values() if commit})
    return f"head {sha(record.head_sha)} against " + (f"the baseline of {', '.join(baselines)}" if baselines else "no baseline")


def _noise(noise: NoiseFloor, *, several: bool) -> str:
    """What a difference must exceed to be more than measuring the same prompt twice."""
    suite = f"{code(noise.suite, 40)} " if several else ""
    floor = score(noise.points) if noise.points is not None else "unknown"
    return f"{suite}noise floor {floor} (A/A, {counted(noise.rows, 'row')}, {counted(noise.false_alarms, 'false alarm')})"
