"""What a release is made of: the tag, the notes, the rewritten files, and the bill of materials."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml

from evalbot import __version__
from tests.needs import pip
from tests.pages import ROOT
from tools.release import WrongError, check, notes, rewrite
from tools.sbom import bill, normal, read_lock

DIGEST = "sha256:" + "0123456789abcdef" * 4
CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 1.2.3 (2026-12-01)\n\n- Added a thing.\n\n## 1.2.2\n\n- Older.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files that a release changes or looks at, as version 1.2.3."""
    for path in ("action.yml", "README.md", "docs", "examples"):
        source = ROOT / path
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / path)
    (tmp_path / "evalbot").mkdir()
    (tmp_path / "evalbot" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_a_tag_that_fits_version_and_changelog_may_be_released(root: Path) -> None:
    assert check("release/1.2.3", root) == "1.2.3"
    assert notes("1.2.3", root) == "- Added a thing.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        ("v1.2.3", CHANGELOG, "is not release/MAJOR.MINOR.PATCH"),
        ("release/1.2.3-rc1", CHANGELOG, "is not release/MAJOR.MINOR.PATCH"),
        ("release/1.2.4", CHANGELOG, "says version 1.2.3, the tag 1.2.4"),
        ("release/1.2.3", CHANGELOG.replace("## Unreleased\n", "## Unreleased\n\n- Late.\n"), "lines under Unreleased"),
        ("release/1.2.3", CHANGELOG.replace("1.2.3", "1.2.1"), "says nothing of 1.2.3"),
    ],
)
def test_a_tag_that_does_not_is_refused(tag: str, changelog: str, said: str, root: Path) -> None:
    (root / "CHANGELOG.md").write_text(changelog)
    with pytest.raises(WrongError, match=re.escape(said)):
        check(tag, root)


def test_a_release_names_the_image_by_digest_and_its_examples_the_tag(root: Path) -> None:
    rewrite("1.2.3", "ghcr.io/evalbot/evalbot", DIGEST, root)
    action = yaml.safe_load((root / "action.yml").read_text(encoding="utf-8"))
    before = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action == before | {"runs": {"using": "docker", "image": f"docker://ghcr.io/evalbot/evalbot:1.2.3@{DIGEST}"}}
    for workflow in sorted((root / "examples" / "workflows").glob("*.yml")):
        assert "@main" not in workflow.read_text(encoding="utf-8"), workflow
    assert "uses: evalbot/evalbot@v1.2.3\n" in (root / "README.md").read_text(encoding="utf-8")


def test_a_digest_that_is_none_is_refused(root: Path) -> None:
    with pytest.raises(WrongError, match="no digest"):
        rewrite("1.2.3", "ghcr.io/evalbot/evalbot", "latest", root)
    rewrite("1.2.3", "ghcr.io/evalbot/evalbot", DIGEST, root)
    with pytest.raises(WrongError, match="once"):
        rewrite("1.2.3", "ghcr.io/evalbot/evalbot", DIGEST, root)


def test_the_version_of_this_tree_could_be_released() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def jobs() -> dict[str, dict]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))["jobs"]


def test_nothing_is_published_before_the_tests() -> None:
    needs = {name: {job.get("needs")} if isinstance(job.get("needs"), str) else set(job.get("needs", ())) for name, job in jobs().items()}
    before = {name: needs[name] | set().union(*(needs[other] for other in needs[name])) for name in needs}
    assert all("test" in before[name] or "test" in set().union(*(before[other] for other in before[name])) for name in jobs() if name != "test")
    assert needs["pypi"] == {"publish"}


def test_only_the_jobs_that_write_may_write() -> None:
    writing = {name: sorted(key for key, level in job["permissions"].items() if level == "write") for name, job in jobs().items()}
    assert writing == {
        "test": [], "packages": ["attestations", "id-token"], "image": ["attestations", "id-token", "packages"], "publish": ["contents"], "pypi": ["id-token"],
    }  # fmt: skip
    assert {name: job.get("environment") for name, job in jobs().items() if job.get("environment")} == {"publish": "release", "pypi": "pypi"}


def test_no_expression_reaches_a_shell() -> None:
    for name, job in jobs().items():
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), name


# The bill of materials


def test_a_lock_is_read_with_every_hash() -> None:
    lock = read_lock("a-b==1.0 \\\n    --hash=sha256:" + "a" * 64 + " \\\n    --hash=sha256:" + "b" * 64 + "\nC_d==2 ; python_version < '3.12' \\\n    --hash=sha256:" + "c" * 64 + "\n")
    assert lock == {"a-b": {"1.0": ("a" * 64, "b" * 64)}, "c-d": {"2": ("c" * 64,)}}


def test_the_bill_lists_every_installed_distribution_with_version_and_hash() -> None:
    lock = read_lock((ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8"))
    document, strange = bill(distributions(), lock)
    installed = json.loads(subprocess.run([*pip(), "list", "--format", "json"], capture_output=True, text=True, check=True).stdout)
    listed = {(one["name"], one["version"]) for one in document["components"]}  # type: ignore[attr-defined,index]
    assert listed == {(normal(one["name"]), one["version"]) for one in installed}
    assert all(re.fullmatch(r"[0-9a-f]{64}", one["hashes"][0]["content"]) for one in document["components"])  # type: ignore[attr-defined,index]
    assert {line.split()[0] for line in strange} <= {"pip", "setuptools"}  # the environment's own, where Python brings them


def test_a_distribution_that_the_lock_does_not_know_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "lock.txt"
    empty.write_text("nothing==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    done = subprocess.run([sys.executable, ROOT / "tools" / "sbom.py", "--lock", empty], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "installed, but not locked:" in done.stderr
    assert "pydantic" in done.stderr
    assert json.loads(done.stdout)["bomFormat"] == "CycloneDX"
