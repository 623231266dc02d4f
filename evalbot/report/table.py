"""Markdown tables from cells that are escaped already."""

from __future__ import annotations

from collections.abc import Sequence


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """A GitHub table; the columns in `numeric` are aligned to the right."""
    from tabulate import tabulate

    aligned = ["right" if column in numeric else "left" for column in range(len(headers))]
    # A cell may hold nothing: tabulate would call a column of empty cells empty and GitHub shows it as such.
    return tabulate(
        rows, headers, tablefmt="pipe", colalign=aligned if rows else None, disable_numparse=True, maxcolwidths=None
    )


def details(summary_html: str, body: str, *, opened: bool = False) -> str:
    """A part that folds; `summary_html` is raw HTML on one line and has to be safe as such."""
    return f"<details{' open' if opened else ''}><summary>{summary_html}</summary>\n\n{body}\n\n</details>"
