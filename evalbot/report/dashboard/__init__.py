"""`evalbot dashboard`: one self-contained page of what the monitor and the suites' runs left behind."""

from evalbot.report.dashboard.document import document

__all__ = ["document"]
