"""SUP: what is shipped is what was reviewed. SUP-07 is tests/image; SUP-04's signatures need GitHub, its order is here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.needs import pip
from tests.pages import ROOT

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))


def uses() -> list[str]:
    return [step["uses"] for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"] if "uses" in step]


def test_SUP_01_every_action_is_a_sha_and_the_base_image_a_digest():
    assert all(re.search(r"@[0-9a-f]{40}$", one) for one in uses() if not one.startswith("./"))
    dockerfile = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^ARG BASE=(\S+)", dockerfile, re.MULTILINE)
    assert len(bases) == 1
    assert re.search(r"@sha256:[0-9a-f]{64}$", bases[0])
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${BASE}"}


def test_SUP_01_zizmor_finds_nothing():
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run([zizmor, "--offline", "--quiet", "--persona", "auditor", ".github", "action.yml"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_SUP_02_a_changed_hash_breaks_the_installation(tmp_path):
    """A wheel of our own, locked by its hash, installs; with one digit changed it does not."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    assert subprocess.run(build, cwd=ROOT / "examples" / "plugin", capture_output=True, check=False).returncode == 0
    (wheel,) = tmp_path.glob("*.whl")
    command = [*pip(), "install", "--quiet", "--no-deps", "--no-index", "--find-links", str(tmp_path), "--require-hashes"]
    digest = subprocess.run(["sha256sum", wheel], capture_output=True, text=True, check=True).stdout.split()[0]
    lock = tmp_path / "lock.txt"

    def install(hashed: str) -> subprocess.CompletedProcess[str]:
        lock.write_text(f"evalbot-acme==1.0.0 --hash=sha256:{hashed}\n")
        return subprocess.run([*command, "--target", str(tmp_path / "site"), "--requirement", str(lock)], capture_output=True, text=True, check=False)

    assert install(digest).returncode == 0
    changed = install(("0" if digest[0] != "0" else "1") + digest[1:])
    assert changed.returncode != 0
    assert "HASH" in changed.stderr.upper()


def test_SUP_02_the_image_and_setup_install_by_hash_only():
    assert "--require-hashes --requirement requirements/runtime.txt" in (ROOT / "Dockerfile").read_text()
    assert '"--require-hashes"' in (ROOT / "tools" / "setup.py").read_text()
    for lock in ("runtime.txt", "dev.txt", "audit.txt"):
        pins = re.findall(r"^[A-Za-z0-9].*==", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
        hashed = re.findall(r"^[A-Za-z0-9].*==(?:.*\\\n)+.*--hash", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
        assert len(pins) == len(hashed) > 20


def test_SUP_02_what_is_locked_is_looked_up_before_a_release_and_a_package_that_was_not_is_no_success():
    makefile = (ROOT / "Makefile").read_text()
    assert ".audit/bin/pip-audit --strict" in makefile
    for workflow in ("ci.yml", "release.yml"):
        jobs = yaml.safe_load((ROOT / ".github" / "workflows" / workflow).read_text())["jobs"]
        assert any(step.get("run") == "make audit" for job in jobs.values() for step in job["steps"])


def test_SUP_02_no_workflow_tests_without_the_servers_and_the_browser_that_the_tests_need():
    """With CI=true a skipped test fails; what they need is installed in one place."""
    for workflow in ("ci.yml", "release.yml"):
        jobs = yaml.safe_load((ROOT / ".github" / "workflows" / workflow).read_text())["jobs"]
        ran = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        assert any(command.endswith(" .ci/run") for command in ran)
        assert not any("make test" in command for command in ran)
    installs = (ROOT / ".ci" / "run").read_text()
    assert all(part in installs for part in ("chromium", "postgresql", "redis-server", "buildah", "EVALBOT_REQUIRE=redis,postgres,chromium,node,image"))


@pytest.mark.parametrize("start", [["-m", "evalbot", "demo"], ["entrypoint"]], ids=["the demo", "the action"])
def test_SUP_07_it_starts_and_works_where_there_is_no_network_at_all(start, tmp_path):
    """In a network namespace without even loopback: whatever it fetched when it starts would fail."""
    words = [str(ROOT / word) if word == "entrypoint" else word for word in start]
    (tmp_path / "event.json").write_text('{"action": "deleted", "comment": {"id": 1, "body": "x", "user": {"login": "a", "type": "User"}}, "issue": {"number": 1}}')
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "GITHUB_EVENT_NAME": "issue_comment", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    alone = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", sys.executable, *words]
    done = subprocess.run(alone, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("108 of 108 answers" if "demo" in start else "commands are read on pull requests only") in done.stdout + done.stderr


def test_SUP_04_what_is_released_was_attested_and_is_verified_before():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    attested = {name: [step["with"] for step in job["steps"] if "attest-build-provenance@" in step.get("uses", "")] for name, job in jobs.items()}
    assert [one.get("subject-path") for one in attested["packages"]] == ["dist/*"]
    assert [one.get("subject-digest") for one in attested["image"]] == ["${{ steps.build.outputs.digest }}"]
    steps = [step.get("run", "") for step in jobs["publish"]["steps"]]
    verify, push = (next(i for i, run in enumerate(steps) if word in run) for word in ("gh attestation verify", "git push"))
    assert verify < push
    assert '--repo "$GITHUB_REPOSITORY"' in steps[verify]
    assert set(jobs["publish"]["needs"]) >= {"packages", "image"}


def test_SUP_05_the_bill_of_materials_lists_what_is_installed():
    done = subprocess.run([sys.executable, ROOT / "tools" / "sbom.py", "--lock", ROOT / "requirements" / "dev.txt"], capture_output=True, text=True, check=False)
    bill = json.loads(done.stdout)
    installed = json.loads(subprocess.run([*pip(), "list", "--format", "json"], capture_output=True, text=True, check=True).stdout)
    listed = {(one["name"], one["version"]) for one in bill["components"]}
    assert listed ^ {(re.sub(r"[-_.]+", "-", one["name"]).lower(), one["version"]) for one in installed} == set()
    assert bill["bomFormat"] == "CycloneDX"
    assert all(one["hashes"] for one in bill["components"])


@pytest.mark.parametrize("start", [["-O", "-m", "evalbot", "demo"], ["-m", "evalbot", "demo"], ["entrypoint"]], ids=["-O", "PYTHONOPTIMIZE", "action"])
def test_SUP_08_nothing_runs_without_its_asserts(start, tmp_path):
    words = [str(ROOT / word) if word == "entrypoint" else word for word in start]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **({} if "-O" in start else {"PYTHONOPTIMIZE": "1"})}
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "PYTHONOPTIMIZE" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
