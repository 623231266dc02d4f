"""Make `docs/images/comment.png`: the real comment of `evalbot demo`, cut to verdict, table and one example, as a picture.

Needs the development environment (`make check` makes it), a chromium, and a sans-serif font (Debian: fonts-dejavu-core).

    .venv/bin/python tools/comment_picture.py [docs/images/comment.png]
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import cmarkgfm
from cmarkgfm.cmark import Options

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "comment.png"
LARGEST_BYTES = 250_000
WIDTH = 1080
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1.5",
)  # fmt: skip

STYLE = """
body { margin: 0; padding: 20px; background: #fff; color: #1f2328; width: max-content; max-width: 1040px;
  font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, "Liberation Sans", "DejaVu Sans", sans-serif; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden; }
.who { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e; }
.who b { color: #1f2328; }
.text { padding: 16px; }
h2 { font-size: 1.4em; margin: 0 0 14px; padding-bottom: .3em; border-bottom: 1px solid #d1d9e0b3; }
h3 { font-size: 1.15em; margin: 20px 0 12px; } p { margin: 0 0 14px; }
table { border-collapse: collapse; margin: 0 0 14px; font-size: 13px; } tr { background: #fff; }
th, td { border: 1px solid #d1d9e0; padding: 6px 10px; vertical-align: top; } th { font-weight: 600; }
tbody tr:nth-child(2n) { background: #f6f8fa; }
details table { margin-top: 10px; } details ul { margin: 0; padding-left: 2em; } summary { cursor: pointer; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; font: 12px/1.5 "DejaVu Sans Mono", monospace;
  white-space: break-spaces; }
svg { width: .9em; height: .9em; vertical-align: -.05em; } .bad { color: #cf222e; } .good { color: #1a7f37; }
"""
# Emoji are drawn, since a plain machine has no font for them; the same shapes and colours as most fonts have.
EMOJI = {
    "❌": '<svg viewBox="0 0 20 20"><path d="M3 3 17 17M17 3 3 17" stroke="#dd2e44" stroke-width="4.5" stroke-linecap="round"/></svg>',
    "✅": '<svg viewBox="0 0 20 20"><rect width="20" height="20" rx="4" fill="#77b255"/>'
    '<path d="m4 10 4 5 8-10" stroke="#fff" stroke-width="2.8" fill="none"/></svg>',
    "⚪": '<svg viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" fill="#e6e7e8" stroke="#c4c9ce"/></svg>',
}
PAGE = """<!doctype html><meta charset="utf-8"><style>{style}</style>
<body><div class="comment"><div class="who"><b>evalbot demo</b> · comment.md</div><div class="text">{text}</div></div>
<script>document.body.dataset.height = Math.ceil(document.querySelector(".comment").getBoundingClientRect().bottom) + 20</script>
"""


def main() -> int:
    """Make the picture; returns the exit status."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"no browser: install one of {', '.join(BROWSERS)}.", file=sys.stderr)
        return 2
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="evalbot-picture-") as folder:
        page = Path(folder) / "comment.html"
        page.write_text(html(shortened(demo_comment(Path(folder)))), encoding="utf-8")
        shoot(browser, page, target)
    size = target.stat().st_size
    print(f"{target}: {size} bytes")
    return 0 if size < LARGEST_BYTES else 1


def demo_comment(folder: Path) -> str:
    """What the demo says, as Markdown."""
    command = [sys.executable, "-m", "evalbot", "demo", "--quiet", "--report-dir", str(folder / "report")]
    subprocess.run(command, check=True, cwd=folder)
    return (folder / "report" / "comment.md").read_text(encoding="utf-8")


def shortened(comment: str) -> str:
    """The title and reason, the first table, and the first example with its heading; everything kept is kept as it is."""
    head, _, rest = comment.partition("\n### ")
    table = next(part for part in rest.split("\n\n") if part.startswith("|"))
    heading = next(line for line in comment.splitlines() if line.startswith("### Worst"))
    example = comment[comment.index("<details open>") :].partition("</details>")[0] + "</details>"
    return "\n\n".join([head.partition("-->")[2].strip(), table, heading, example])


def html(markdown: str) -> str:
    """A page that looks about as GitHub shows it."""
    text = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    for emoji, drawing in EMOJI.items():
        text = text.replace(emoji, drawing)
    text = text.replace("✗", '<span class="bad">✗</span>').replace("✓", '<span class="good">✓</span>')
    return PAGE.format(style=STYLE, text=text)


def shoot(browser: str, page: Path, target: Path) -> None:
    """A screenshot of exactly the page's height, which the page itself measures first."""
    common = [browser, *FLAGS, f"--user-data-dir={page.parent / 'profile'}"]
    dom = subprocess.run(
        [*common, f"--window-size={WIDTH},800", "--dump-dom", page.as_uri()], check=True, capture_output=True, text=True
    ).stdout
    height = re.search(r'data-height="(\d+)"', dom)
    if height is None:
        raise SystemExit("the browser did not measure the page.")
    size = f"--window-size={WIDTH},{height[1]}"
    subprocess.run([*common, size, f"--screenshot={target}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    raise SystemExit(main())
