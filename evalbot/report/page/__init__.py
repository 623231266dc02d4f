"""`report.html`: one self-contained page of a run, for people who would rather look than read JSON."""

from evalbot.report.page.document import document

__all__ = ["document"]
