"""What the release workflow needs of the repository: is the tag right, what is new, and the files as a release has them.

    python tools/release.py check release/1.2.3           # prints version=1.2.3, or says what is wrong
    python tools/release.py notes 1.2.3                   # the changelog's section
    python tools/release.py rewrite 1.2.3 IMAGE DIGEST    # action.yml names the image by digest, the examples the tag
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "release/"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_AT_MAIN = re.compile(r"evalbot/evalbot@main( # .*)?$", re.MULTILINE)


class WrongError(Exception):
    """Why this cannot be released, in a line."""


def check(tag: str, root: Path = ROOT) -> str:
    """The version of a tag that may be released; raises WrongError."""
    version = tag.removeprefix(PREFIX)
    if not tag.startswith(PREFIX) or not _VERSION.fullmatch(version):
        raise WrongError(f"the tag {tag!r} is not {PREFIX}MAJOR.MINOR.PATCH")
    named = re.search(r'^__version__ = "(.+)"$', (root / "evalbot" / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    if not named or named[1] != version:
        raise WrongError(f"evalbot/__init__.py says version {named[1] if named else 'nothing'}, the tag {version}")
    if _section("Unreleased", root).strip():
        raise WrongError(f"CHANGELOG.md has lines under Unreleased: give them the heading `## {version} (date)`")
    notes(version, root)
    return version


def notes(version: str, root: Path = ROOT) -> str:
    """The lines of the changelog about a version; raises WrongError where there are none."""
    found = _section(re.escape(version), root).strip()
    if not found:
        raise WrongError(f"CHANGELOG.md says nothing of {version}")
    return found + "\n"


def rewrite(version: str, image: str, digest: str, root: Path = ROOT) -> None:
    """The files as a release has them; raises WrongError where one of them is not as expected."""
    if not _DIGEST.fullmatch(digest):
        raise WrongError(f"{digest!r} is no digest")
    action = root / "action.yml"
    text = action.read_text(encoding="utf-8")
    if text.count("\n  image: Dockerfile\n") != 1:
        raise WrongError("action.yml does not say `image: Dockerfile` once")
    action.write_text(text.replace("\n  image: Dockerfile\n", f"\n  image: docker://{image}:{version}@{digest}\n"), encoding="utf-8")
    for page in (root / "README.md", *sorted((root / "examples" / "workflows").glob("*.yml")), *sorted((root / "docs").glob("*.md"))):
        before = page.read_text(encoding="utf-8")
        after = _AT_MAIN.sub(f"evalbot/evalbot@v{version}", before)
        if after != before:
            page.write_text(after, encoding="utf-8")


def _section(heading: str, root: Path) -> str:
    found = re.search(rf"^## {heading}(?: \(.*\))?\n(.*?)(?=^## |\Z)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def main(words: list[str]) -> int:
    """Do what the first word says; returns the exit status."""
    try:
        match words:
            case ["check", tag]:
                print(f"version={check(tag)}")
            case ["notes", version]:
                print(notes(version), end="")
            case ["rewrite", version, image, digest]:
                rewrite(version, image, digest)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except WrongError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
