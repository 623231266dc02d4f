"""A line of estimates over time as inline SVG: each with its interval, and a gap where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from evalbot.domain.dashboard import Point
from evalbot.report.dashboard.words import figure, moment, whole
from evalbot.report.escape import text
from evalbot.report.frame import table

WIDTH, HEIGHT = 320, 132
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 22


@dataclass(frozen=True)
class Chart:
    """What a picture shows.

    Args:
        points: In the order of time, each as wide as the others.
        label: What it is, for who cannot see it.
        share: Whether values are shares of 1.
        ends: What stands under its left and right end.
        reference: A line to compare with.
        few: Points of fewer values than this are hollow.
    """

    points: Sequence[Point]
    label: str
    share: bool = False
    ends: tuple[str, str] = ("", "")
    reference: float | None = None
    few: int = 0

    def picture(self) -> str:
        """The SVG; it says so where nothing was measured."""
        inside = "".join(self._inside())
        return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(self._spoken())}">{inside}</svg>'

    def numbers(self) -> str:
        """The same as a table, folded."""
        rows = [[text(moment(point.at)), text(point.label), text(whole(point.estimate, share=self.share))] for point in self.points]
        labelled = any(point.label for point in self.points)
        kept = [row if labelled else [row[0], row[2]] for row in rows]
        headers = ("UTC", "run", "value") if labelled else ("UTC", "value")
        return f'<details class="numbers"><summary>Numbers</summary>{"".join(table(headers, kept, range(1)))}</details>' if rows else ""

    def _spoken(self) -> str:
        known = [point for point in self.points if point.estimate.value is not None]
        if not known:
            return f"{self.label}: nothing measured"
        return f"{self.label}: {len(known)} of {len(self.points)} points measured, the last one {whole(known[-1].estimate, share=self.share)}"

    def _inside(self) -> Iterator[str]:
        floor = HEIGHT - BOTTOM
        yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>'
        yield f'<text x="{LEFT}" y="{HEIGHT - 6}">{text(self.ends[0])}</text><text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{text(self.ends[1])}</text>'
        if all(point.estimate.value is None for point in self.points):
            yield f'<text class="nothing" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{floor / 2 + 8:.0f}" text-anchor="middle">nothing measured</text>'
            return
        low, high = self._range()
        for value, height in ((high, TOP + 4), (low, floor)):
            yield f'<text x="{LEFT - 5}" y="{height}" text-anchor="end">{text(figure(value, share=self.share))}</text>'
        if self.reference is not None:
            y = self._y(self.reference)
            yield f'<line class="reference" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"><title>reference {text(figure(self.reference, share=self.share))}</title></line>'
        yield from self._measured()

    def _measured(self) -> Iterator[str]:
        """Bands and lines over unbroken runs of points, then every point: a gap stays a gap."""
        places = list(enumerate(self.points))
        for there, run in groupby(places, lambda place: place[1].estimate.value is not None):
            if not there:
                continue
            some = list(run)
            upper = [(self._x(at), self._y(point.estimate.high)) for at, point in some if point.estimate.high is not None]
            lower = [(self._x(at), self._y(point.estimate.low)) for at, point in some if point.estimate.low is not None]
            if len(upper) > 1:
                yield f'<polygon class="band" points="{_joined([*upper, *reversed(lower)])}"/>'
            elif upper:
                yield f'<line class="band" x1="{upper[0][0]}" x2="{upper[0][0]}" y1="{upper[0][1]}" y2="{lower[0][1]}"/>'
            yield f'<polyline class="line" points="{_joined([(self._x(at), self._y(point.estimate.value or 0.0)) for at, point in some])}"/>'
        for at, point in places:
            if point.estimate.value is not None:
                few = " few" if point.estimate.n < self.few else ""
                said = f"{moment(point.at)}{' ' + point.label if point.label else ''}: {whole(point.estimate, share=self.share)}"
                yield f'<circle class="dot{few}" cx="{self._x(at)}" cy="{self._y(point.estimate.value)}" r="2.6"><title>{text(said)}</title></circle>'

    def _range(self) -> tuple[float, float]:
        ends = [end for point in self.points for end in (point.estimate.low, point.estimate.value, point.estimate.high) if end is not None]
        ends += [] if self.reference is None else [self.reference]
        low, high = min(ends), max(ends)
        if self.share:
            return (0.0 if low < 0.5 else max(0.0, low - 0.02)), min(1.0, max(high * 1.05, 0.02))
        room = (high - low) * 0.08 or max(abs(high) * 0.05, 0.05)
        return low - room, high + room

    def _x(self, at: int) -> float:
        most = len(self.points) - 1
        return round(LEFT + 4 + (WIDTH - LEFT - RIGHT - 8) * (at / most if most else 0.5), 1)

    def _y(self, value: float) -> float:
        low, high = self._range()
        floor = HEIGHT - BOTTOM
        return round(floor - (floor - TOP) * (value - low) / (high - low), 1)


def _joined(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
