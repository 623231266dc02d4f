"""Writes docs/one-result.md: one and the same run as comment, plain text, page and JSON, side by side for whoever reads them aloud.

    python -m tools.one_result > docs/one-result.md
"""

from __future__ import annotations

import json
import re
from html import unescape

from evalbot.report.comment import comment
from evalbot.report.page import document
from evalbot.report.plain import plain
from evalbot.report.summary import summary
from tests.report.situations import fail


def page() -> str:
    """The page's text; a test compares it with the file."""
    record = fail()
    found = summary(record)
    shown = {key: found[key] for key in ("verdict", "reason", "findings", "partitions")} | {"comparisons": found["comparisons"][1:2]}
    return f"""\
# One result in every form

The same run, a made one, as a pull request's comment (which is also the check's summary), as plain text, as the words of the HTML report, and as
JSON. They are written from one record; a test reads all of them and compares every number. Written by `python -m tools.one_result`.

## Comment and check summary

`````markdown
{comment(record).strip()}
`````

## Plain text

`evalbot report evalbot-report/summary.json --text` prints it.

```text
{plain(record).strip()}
```

## The page, read aloud

```text
{_words("".join(document(record)))}
```

## JSON

```json
{json.dumps(shown, indent=1, ensure_ascii=False)}
```
"""


def _words(html: str) -> str:
    """The text of the page's own part, a block a line."""
    body = re.sub(r"(?s)<(script|style|select|dialog|noscript).*?</\1>", "", html[html.index("<header>") :])
    body = re.sub(r"</(?:h1|h2|p|li|tr|section)>", "\n", body)
    body = re.sub(r"</t[hd]>", "  ", body)
    text = unescape(re.sub(r"<[^>]+>", "", body))
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


if __name__ == "__main__":
    print(page(), end="")
