"""Numbers, times and standings of the dashboard in words: an estimate never without its n, nothing measured never as a colour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from evalbot.domain.dashboard import Estimate, Standing
from evalbot.report.escape import text
from evalbot.report.numbers import MISSING, count, money, percent, score

STANDINGS: Mapping[Standing, tuple[str, str]] = {
    Standing.WORSE: ("▼ worse", "bad"),
    Standing.NOTHING: ("○ nothing measured", "none"),
    Standing.FEW: ("◔ n too small to judge", "warn"),
    Standing.NO_REFERENCE: ("◌ no reference yet", "plain"),
    Standing.UNTESTED: ("• measured, not tested", "plain"),
    Standing.STEADY: ("✓ no fall shown", "good"),
}
"""What each standing says, and the class of its tag."""

FRESH_SECONDS = 8 * 86_400.0  # a suite that runs each week at the least
_VERDICTS = {"pass": "good", "accepted": "good", "fail": "bad", "config_error": "bad"}
_SEVERITIES = {"high": "bad", "medium": "warn"}


def standing_tag(standing: Standing) -> str:
    """A tag that says it in words, not by its colour alone."""
    return tag(*STANDINGS[standing])


def verdict_tag(verdict: str, age: float = 0.0) -> str:
    """A run's verdict; what proved nothing has no colour, nor has a pass after which nothing was measured for long.

    Args:
        age: Seconds since the run, where it stands for how the suite is now.
    """
    kind = _VERDICTS.get(verdict, "plain")
    return tag(verdict.replace("_", " ") or MISSING, "plain" if kind == "good" and age > FRESH_SECONDS else kind)


def severity_tag(severity: str) -> str:
    """How serious an alert is."""
    return tag(severity, _SEVERITIES.get(severity, "plain"))


def tag(words: str, kind: str) -> str:
    """A small label; `kind` is one of ours."""
    return f'<span class="tag {kind}">{text(words)}</span>'


def figure(value: float | None, *, share: bool) -> str:
    """A mean or a share."""
    return percent(value) if share else score(value)


def span(estimate: Estimate, *, share: bool) -> str:
    """The interval in brackets; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"({figure(estimate.low, share=share)} to {figure(estimate.high, share=share)})"


def whole(estimate: Estimate, *, share: bool) -> str:
    """An estimate with its interval and n in one line."""
    if estimate.value is None:
        return "nothing measured"
    return " ".join(filter(None, (figure(estimate.value, share=share), span(estimate, share=share), f"n {count(estimate.n)}")))


def when(seconds: float | None) -> str:
    """A moment as markup: "26 Nov 2026, 09:05 UTC"."""
    if seconds is None:
        return MISSING
    moment = datetime.fromtimestamp(seconds, UTC)
    return f'<time datetime="{iso(seconds)}">{moment.day} {moment:%b %Y, %H:%M} UTC</time>'


def moment(seconds: float) -> str:
    """The same, short and as plain words: "26 Nov, 09:05"."""
    found = datetime.fromtimestamp(seconds, UTC)
    return f"{found.day} {found:%b, %H:%M}"


def iso(seconds: float) -> str:
    """As a command line takes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(seconds: float) -> str:
    """How long ago, roughly: "just now", "5 min ago", "3 h ago", "9 days ago"."""
    if seconds < 120:
        return "just now"
    if seconds < 2 * 3_600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 2 * 86_400:
        return f"{seconds // 3_600:.0f} h ago"
    return f"{seconds // 86_400:.0f} days ago"


def spent(costs: Mapping[str, float | None], name: str) -> str:
    """What a span cost; nothing that ran is no cost of $0.00."""
    return money(costs[name]) if name in costs else "nothing ran"
