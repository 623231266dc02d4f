"""The only place that turns numbers into words: figures, signs, intervals, p-values, money and time."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "—"
MINUS = "−"


def score(value: float | None) -> str:
    """A value or mean on a metric's scale: "4.40", "38.2", "1,240"; never "-0.00"."""
    return _fixed(value, _decimals(value)) if _finite(value) else MISSING


def difference(value: float | None) -> str:
    """A signed difference with a true minus sign: "−0.80", "+0.42", "0.00"."""
    return _signed(value, _decimals(value)) if _finite(value) else MISSING


def interval(bounds: Sequence[float] | None) -> str:
    """An interval beside its estimate: "(−1.35 to −0.25)"; empty where there is none."""
    if bounds is None or not all(map(math.isfinite, bounds)):
        return ""
    decimals = _decimals(max(map(abs, bounds)))
    return f"({_signed(bounds[0], decimals)} to {_signed(bounds[1], decimals)})"


def p_value(p: float | None) -> str:
    """A p-value with its letter, at most three figures: "p = 0.0421", "p < 0.001"; never 0.000."""
    if p is None or not math.isfinite(p):
        return MISSING
    if p < 0.001:
        return "p < 0.001"
    if p == 1:
        return "p = 1"
    if p > 0.999:
        return "p > 0.999"
    figures = f"{p:.{2 - math.floor(math.log10(p))}f}"
    return f"p = {figures[:5]}{figures[5:].rstrip('0')}"


def percent(share: float | None) -> str:
    """A share of 1 in percent: "95.3%"; only all is 100% and only nothing is 0%."""
    if share is None or not math.isfinite(share):
        return MISSING
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share * 100:.1f}".removesuffix(".0").replace("-", MINUS) + "%"


def relative(base: float | None, head: float | None) -> str:
    """How much more head is than base: "+9%"; missing where base is nothing."""
    if base is None or head is None or not (math.isfinite(base) and math.isfinite(head)) or base <= 0:
        return MISSING
    whole = round((head / base - 1) * 100)
    return f"{MINUS if whole < 0 else '+' if whole else ''}{abs(whole):,}%"


def money(usd: float | None) -> str:
    """US dollars: "$1.84", "under $0.01", "cost unknown" (never free because a price is missing)."""
    if usd is None or not math.isfinite(usd):
        return "cost unknown"
    if 0 < usd < 0.01:
        return "under $0.01"
    return f"${usd:,.2f}"


def duration(seconds: float | None) -> str:
    """A time span: "812 ms", "1.1 s", "12 s", "3 min 12 s", "1 h 5 min"."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return MISSING
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int) -> str:
    """A count with thousands: "1,240"."""
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 example", "1,240 examples"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _decimals(value: float | None) -> int:
    size = abs(value or 0.0)
    if size >= 100:
        return 0
    if size >= 10:
        return 1
    # Below a hundredth two figures stay, so that a metric counted in dollars is not all zeros; below 1e-9 is float noise.
    return 2 if size >= 0.00995 or size < 1e-9 else 1 - math.floor(math.log10(size))


def _fixed(value: float | None, decimals: int) -> str:
    text = f"{abs(value or 0.0):,.{decimals}f}"
    return MINUS + text if (value or 0.0) < 0 and text.strip("0.,") else text


def _signed(value: float | None, decimals: int) -> str:
    text = _fixed(value, decimals)
    return "+" + text if (value or 0.0) > 0 and text.strip("0.,") else text
