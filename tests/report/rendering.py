"""A page as GitHub shows it: cmark-gfm with GitHub's extensions and raw HTML, then its elements and its live text."""

from __future__ import annotations

import re
from html import unescape

from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from evalbot.domain.verdicts import Rule

# What GitHub's own filters, which run after cmark over text outside of code, would turn into something.
LIVE = re.compile(r"@\w|#\d|\bgh-\d|://|www\.|\$|:[a-z]+:|(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])", re.IGNORECASE)

# The only link that a page of ours may hold: a rule's name that leads to evalbot's own explanation of it.
_OWN_LINK = re.compile(
    r'<a href="https://github\.com/evalbot/evalbot/blob/main/docs/rules\.md#(' + "|".join(rule.value for rule in Rule) + r')"><code>\1</code></a>'
)

# cmark writes every "<" of a text as an entity, so that what looks like a tag is one.
_CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
_TAG = re.compile(r"<(!--.*?--|/?[A-Za-z][A-Za-z0-9]*)([^>]*)>", re.DOTALL)


class Page:
    """`elements`: tags in order, without `code` and without links to rules, which are in `rules` by their names.

    `text` is what stands outside of code, `code` what stands inside.
    """

    def __init__(self, markdown: str) -> None:
        self.html = github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
        self.code = unescape("\n".join(_CODE.findall(self.html)))
        self.rules: list[str] = _OWN_LINK.findall(self.html)
        outside = _CODE.sub("\ufffc", _OWN_LINK.sub("\ufffc", self.html))
        self.elements = [tag for tag, _ in _TAG.findall(outside)]
        self.text = unescape(_TAG.sub("\ufffc", outside))
