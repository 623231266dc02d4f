"""A small picture of a difference: its interval on a line, zero and the drop that would block marked."""

from __future__ import annotations

from evalbot.domain.verdicts import Comparison

WIDTH, HEIGHT, EDGE = 140, 20, 6


def interval_picture(row: Comparison) -> str:
    """SVG markup without any text of a file or a model; empty where there is no interval."""
    bounds = row.welch.ci if row.welch else None
    if row.effect is None or bounds is None:
        return ""
    block = row.min_effect if row.lower_is_better else -row.min_effect
    reach = max(abs(block), *map(abs, bounds)) * 1.15 or 1.0

    def x(value: float) -> str:
        return f"{EDGE + (WIDTH - 2 * EDGE) * (value + reach) / (2 * reach):.1f}"

    middle = HEIGHT // 2
    worse, better = (x(-reach), x(block)) if block <= 0 else (x(block), x(reach))
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<rect class="worse" fill-opacity="0.15" x="{worse}" y="0" width="{float(better) - float(worse):.1f}" height="{HEIGHT}"/>'
        f'<line class="axis" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{HEIGHT}"/>'
        f'<line class="bar" x1="{x(bounds[0])}" x2="{x(bounds[1])}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="dot" cx="{x(row.effect)}" cy="{middle}" r="3.5"/></svg>'
    )
