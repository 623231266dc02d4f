"""The document around it all: security policy, styles, the static summary, the data, the script."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from evalbot.domain.record import RunRecord
from evalbot.report.frame import asset, foot, head
from evalbot.report.page import data, overview
from evalbot.report.title import title

SCRIPTS = ("dom.js", "data.js", "diff.js", "plots.js", "detail.js", "explorer.js")

_EXPLORER = """
<section id="examples-section">
<h2>Examples</h2>
<div class="controls">
<input type="search" id="search" placeholder="Search inputs, answers, reasons ( / )" aria-label="Search">
<select id="state" aria-label="State"><option value="">every state</option></select>
<select id="partition" aria-label="Partition"><option value="">every partition</option></select>
<select id="prompt" aria-label="Prompt"><option value="">every prompt</option></select>
<select id="tag" aria-label="Tag"><option value="">every tag</option></select>
<select id="order" aria-label="Order"><option value="worst">worst first</option><option value="best">best first</option>
<option value="id">by id</option><option value="slow">slowest at head</option><option value="dear">dearest at head</option></select>
<button id="clear">clear</button><button id="help" aria-label="Keys">?</button>
<span id="shown" class="soft small" role="status"></span>
</div>
<div class="explorer" id="explorer">
<div class="list" tabindex="0" role="listbox" aria-label="Examples"><div class="runway"></div></div>
<div class="detail"><p class="soft">Choose an example on the left, or press j.</p></div>
</div>
</section>
<section><h2>How the scores are spread</h2><div id="plots" class="plots"></div></section>
<dialog id="keys"><h2>Keys</h2><div id="keys-list"></div><form method="dialog"><button>close</button></form></dialog>
<noscript><p>The list of examples needs JavaScript, which this page runs from itself alone; everything above does not.</p></noscript>"""


def document(record: RunRecord, *, advisory: bool = False) -> Iterator[str]:
    """The page in pieces, to be written one after the other: its memory does not grow with the answers.

    It works from disk and as an artifact, loads nothing and connects nowhere: the policy in its head forbids it. Where policy
    says `report.show_outputs: false` it holds no answer and no judge's words.
    """
    yield from head(title(record, advisory=advisory), asset(__package__, "style.css"), _script())
    yield from overview.before(record, advisory=advisory)
    if record.rows:
        yield _EXPLORER
    yield from overview.after(record)
    yield "</main>\n"
    yield from data.parts(record)
    yield foot(_script())


@cache
def _script() -> str:
    return "\n".join(asset(__package__, name) for name in SCRIPTS)
