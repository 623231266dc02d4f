"""Cuts the part that evalbot needs out of GitHub's OpenAPI description: tests/fixtures/github-openapi.json.gz.

Run it where npm is:

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python tools/github_openapi.py package/generated/api.github.com.json

The description is GitHub's, published by Octokit under the MIT licence; its notice is kept beside the file.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

VERSION = "@octokit/openapi 23.0.2"
KEPT = Path(__file__).parent.parent / "tests" / "fixtures" / "github-openapi.json.gz"
NOTICE = KEPT.with_name("github-openapi.LICENSE")
REPO = "/repos/{owner}/{repo}"
OPERATIONS = (
    ("get", "/user"),
    ("get", REPO),
    ("get", f"{REPO}/actions/artifacts"),
    ("get", f"{REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}"),
    ("get", f"{REPO}/actions/runs/{{run_id}}"),
    ("get", f"{REPO}/check-runs/{{check_run_id}}"),
    ("get", f"{REPO}/check-runs/{{check_run_id}}/annotations"),
    ("get", f"{REPO}/collaborators/{{username}}/permission"),
    ("get", f"{REPO}/commits/{{commit_sha}}/pulls"),
    ("get", f"{REPO}/commits/{{ref}}"),
    ("get", f"{REPO}/commits/{{ref}}/check-runs"),
    ("get", f"{REPO}/compare/{{basehead}}"),
    ("get", f"{REPO}/git/blobs/{{file_sha}}"),
    ("get", f"{REPO}/git/commits/{{commit_sha}}"),
    ("get", f"{REPO}/git/ref/{{ref}}"),
    ("get", f"{REPO}/git/trees/{{tree_sha}}"),
    ("get", f"{REPO}/issues"),
    ("get", f"{REPO}/issues/comments/{{comment_id}}"),
    ("get", f"{REPO}/issues/comments/{{comment_id}}/reactions"),
    ("get", f"{REPO}/issues/{{issue_number}}"),
    ("get", f"{REPO}/issues/{{issue_number}}/comments"),
    ("get", f"{REPO}/pulls"),
    ("get", f"{REPO}/pulls/{{pull_number}}"),
    ("get", f"{REPO}/pulls/{{pull_number}}/files"),
    ("get", f"{REPO}/pulls/{{pull_number}}/reviews"),
    ("delete", f"{REPO}/git/refs/{{ref}}"),
    ("delete", f"{REPO}/issues/comments/{{comment_id}}"),
    ("patch", f"{REPO}/check-runs/{{check_run_id}}"),
    ("patch", f"{REPO}/git/refs/{{ref}}"),
    ("patch", f"{REPO}/issues/comments/{{comment_id}}"),
    ("patch", f"{REPO}/issues/{{issue_number}}"),
    ("patch", f"{REPO}/pulls/{{pull_number}}"),
    ("post", f"{REPO}/check-runs"),
    ("post", f"{REPO}/git/blobs"),
    ("post", f"{REPO}/git/commits"),
    ("post", f"{REPO}/git/refs"),
    ("post", f"{REPO}/git/trees"),
    ("post", f"{REPO}/issues"),
    ("post", f"{REPO}/issues/comments/{{comment_id}}/reactions"),
    ("post", f"{REPO}/issues/{{issue_number}}/comments"),
    ("post", f"{REPO}/issues/{{issue_number}}/labels"),
    ("post", f"{REPO}/pulls"),
)
# Words for people: they are most of the file, and nothing is validated by them.
PROSE = frozenset({"description", "example", "examples", "externalDocs", "summary", "tags", "title", "headers"})


def main(source: str) -> None:
    """Write the fixture, always the same bytes for the same source."""
    whole = json.loads(Path(source).read_text(encoding="utf-8"))
    licence = (Path(source).parents[1] / "LICENSE").read_text(encoding="utf-8").strip() + "\n"
    part = cut(whole)
    text = json.dumps(part, separators=(",", ":"), sort_keys=True)
    KEPT.parent.mkdir(exist_ok=True)
    NOTICE.write_text(f"github-openapi.json.gz is cut from {VERSION} by tools/github_openapi.py.\n\n{licence}", encoding="utf-8")
    KEPT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{KEPT}: {len(text):,} bytes, {KEPT.stat().st_size:,} compressed")


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """The operations that evalbot needs and everything that they refer to."""
    paths: dict[str, Any] = {}
    for method, path in OPERATIONS:
        paths.setdefault(path, {})[method] = _bare(whole["paths"][path][method])
    components: dict[str, Any] = {}
    missing = _references(paths)
    while missing:
        for reference in missing:
            kind, name = reference.removeprefix("#/components/").split("/")
            components.setdefault(kind, {})[name] = _bare(whole["components"][kind][name])
        known = {f"#/components/{kind}/{name}" for kind, parts in components.items() for name in parts}
        missing = _references(components) - known
    info = {"title": "A part of GitHub's v3 REST API", "version": VERSION, "license": {"name": "MIT"}}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": components}


def _bare(node: Any, *, names: bool = False) -> Any:
    """Without prose; `names` says that the keys are names of properties, which may well be `title`."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _bare(value, names=key in ("properties", "paths", "schemas") and not names)
        for key, value in node.items()
        if names or (key not in PROSE and not key.startswith("x-"))
    }


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(_references, node.values()))


if __name__ == "__main__":
    main(sys.argv[1])
