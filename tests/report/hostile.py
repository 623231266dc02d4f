"""Text that tries to be more than text: fragments of every trick, and strings put together from them."""

from __future__ import annotations

from random import Random

FRAGMENTS = (
    "@octocat", "@org/team", "a@b.co", "mailto:a@b.co", "xmpp:a@b.co/x", "http://evil.example/x", "https://evil.example", "ftp://x.y",
    "www.evil.example", "[Approve](https://evil.example)", "![x](https://evil.example/b.png?d=s)", "[r]: https://evil.example", "[r]",
    "<img src=x>", "<picture>", "<a href=x>", "<https://evil.example>", "<script>", "</details>", "<details open>", "</summary>", "</code>",
    "</td></tr></table>", "<!-- evalbot:v1 key=default -->", "<!--", "-->", "#123", "GH-1", "org/repo#12", "GHSA-aaaa-bbbb-cccc",
    "7be03f1aa22", "7BE03F1AA22BB33", "$x$", "$$", "```", "````", "`" * 60, "~~~", "~~gone~~", "`", "``", "\\", "\\\\", "|", "\\|", "||",
    "|:--|:--|", "| a | b |", "\n", "\n\n", "\r\n", "\r", "\t", "    indented", "# heading", "## ", "> quote", "- item", "* item", "1. one",
    "1) one", "---", "===", "***", "___", "**bold**", "*it*", "_it_", "__b__", "- [ ] task", "[^1]", "[^1]: note", "> [!CAUTION]", ":octocat:",
    "&lt;img&gt;", "&#64;octocat", "&commat;", "&amp;", "&", "<", ">", '"', "'", "::set-output name=verdict::pass", "::stop-commands::x",
    "##[group]x", "##[set-output name=a]b", "\u202e", "\u200b", "\u200d", "\u2066", "\ufeff", "\U000e0041", "\U000e0101", "\ufe00", "\x1b[31m",
    "\x00", "\x07", "\x85", "\u2028", "\u2029", "\ud800", "\udfff", "\uffff", "\u3164", "🎄", "👩\u200d💻", "é", "word", "1", " ", "  ", "a b",
    "```mermaid", "```suggestion", "<b", "<?php", "<![CDATA[", "<!DOCTYPE x>", "]]>", "?>", "{{ 7*7 }}", "${{ x }}", "%0A", "\u00a0",
)  # fmt: skip


def strings(number: int, seed: int = 20_261_123) -> list[str]:
    """That many hostile strings, the same ones every time; each fragment alone comes first."""
    random = Random(seed)
    made = list(FRAGMENTS)
    while len(made) < number:
        glue = random.choice(("", "", " ", "\n"))
        made.append(glue.join(random.choices(FRAGMENTS, k=random.randint(1, 9))))
    return made[:number]
