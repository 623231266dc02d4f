"""What to do next, for each verdict: whose move it is and the command to paste."""

from __future__ import annotations

from evalbot.domain.errors import ErrorClass
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Level, Rule, Verdict
from evalbot.report.accepting import NEED_APPROVAL, findings_id
from evalbot.report.escape import block, code, inline
from evalbot.report.labels import NO_KEY, is_sha
from evalbot.report.section import Section, fixed

_EXAM = frozenset({Rule.EXAMPLE_EDITED, Rule.EXAMPLE_DELETED})


def render(record: RunRecord) -> Section:
    """Numbered steps, the repository's own guidance, and the local command; never cut."""
    move = _STEPS.get(record.decision.verdict)
    steps = move(record) if move else []
    guidance = inline(record.options.guidance, 600) if record.options.guidance.strip() and steps else ""
    parts = [
        *([guidance] if guidance else []),
        *(["\n".join(f"{i}. {step}" for i, step in enumerate(steps, 1))] if steps else []),
    ]
    if steps and record.decision.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.CONFIG_ERROR):
        parts += ["The same on your machine:", block(_local(record))]
    return Section("what to do next", 98, fixed("\n\n".join(["### What to do next", *parts]) if parts else ""))


def _failed(record: RunRecord) -> list[str]:
    rules = {finding.rule for finding in record.decision.findings if finding.level is Level.BLOCKS}
    steps = ["Look at what blocks, above: what broke is shown with both answers."] if rules - NEED_APPROVAL else []
    if rules - NEED_APPROVAL:
        steps.append("Push a fix.")
    if record.suite is not None:
        steps.append("Where this is what you want from now on, make it the baseline: `evalbot suite --set-baseline`.")
    steps += _accept(record)
    if rules & _EXAM:
        steps.append(
            "Edited or deleted examples: an approving review of this head by somebody with write access who is not the author."
        )
    if rules & (NEED_APPROVAL - _EXAM):
        steps.append(
            "Policy, workflow or a deleted prompt: an approving review of this head by somebody with write access."
        )
    return steps


def _unsettled(record: RunRecord) -> list[str]:
    again = "comment `/evalbot rerun`" if record.pull_request else "run it again"
    errors = record.decision.coverage.errors
    look = ["`evalbot doctor` tries keys and models, and costs nothing."] if {ErrorClass.TARGET, ErrorClass.JUDGE} & set(errors) else []
    return [*look, f"When the cause is gone, {again}.", *_accept(record)]


def _accept(record: RunRecord) -> list[str]:
    accept = record.accept_id or findings_id(record.head_sha, record.decision.findings) if record.pull_request else None
    if accept is None:
        return []
    return [
        f'If you want it merged as it is, somebody with write access comments `/evalbot accept {accept} "why"` (accept id `{accept}`; '
        "it holds for this head and these findings only)."
    ]


def _misconfigured(record: RunRecord) -> list[str]:
    if not _in_files(record):
        return ["Mend it where the workflow calls evalbot: `with:`, `env:` and secrets. `evalbot doctor` tries keys and models."]
    return [
        "Mend the places listed above; `evalbot validate` checks them without calling a model.",
        *(["Push: evalbot runs again by itself."] if record.pull_request else []),
    ]


def _in_files(record: RunRecord) -> bool:
    """Whether what is wrong stands in a file, as far as that is known."""
    return not record.problems or any(problem.path and not problem.path.startswith("--") for problem in record.problems)


def _unapproved(record: RunRecord) -> list[str]:
    run = f"/evalbot run {record.head_sha}" if record.head_sha else "/evalbot run <sha>"
    if NO_KEY in record.decision.reason:
        return [f"Comment {code(run)}: the job of a command has the repository's secrets.", "Where it was that job: name the keys in its workflow (`evalbot doctor`)."]
    return [
        "Read the changed prompts and rows: they will be sent to the models that policy names.",
        f"Then comment {code(run)}.",
    ]


def _cancelled(record: RunRecord) -> list[str]:
    return ["A newer head has a run of its own; otherwise comment `/evalbot rerun`."] if record.pull_request else ["Run it again."]


_STEPS = {
    Verdict.FAIL: _failed,
    Verdict.INCONCLUSIVE: _unsettled,
    Verdict.CONFIG_ERROR: _misconfigured,
    Verdict.NEEDS_APPROVAL: _unapproved,
    Verdict.CANCELLED: _cancelled,
}


def _local(record: RunRecord) -> str:
    if record.decision.verdict is Verdict.CONFIG_ERROR:
        return "evalbot validate" if _in_files(record) else "evalbot doctor"
    base, head = (name if is_sha(name) else other for name, other in ((record.policy_sha, "main"), (record.head_sha, ".")))
    return f"evalbot check --base {base} --head {head}" if record.suite is None else f"evalbot suite --at {head}"
