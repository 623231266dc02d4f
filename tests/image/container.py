"""The action's image, built and run without an engine: buildah builds it on a local stand-in for its base, runc runs it.

The stand-in is Debian 12 with its own Python 3.11, not the official Python image that the Dockerfile names: what is proved
is the Dockerfile's steps, the entry point and the way a runner calls it, not that base.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ("buildah", "mmdebstrap", "podman", "runc")
BASE, TAG = "localhost/evalbot-base:debian12", "localhost/evalbot:test"
# As the official slim images are: no documentation, no package cache, pip allowed, `python` on the PATH.
_HOOKS = (
    '--customize-hook=rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
    '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
)


def unavailable() -> str:
    """Why no image can be built here; empty where one can."""
    if os.geteuid() != 0:
        return "building an image without an engine needs root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)} (apt-get install {' '.join(TOOLS)})" if missing else ""


@dataclass(frozen=True)
class Images:
    """Images under one folder; everything that was made is in it."""

    folder: Path

    def build(self) -> None:
        """The stand-in, then the Dockerfile on it. Both are made once per folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if BASE not in self._names():
            archive = self.folder / "base.tar"
            packages = "--include=ca-certificates,python3,python3-venv"
            _do("mmdebstrap", "--quiet", "--variant=minbase", packages, *_HOOKS, "bookworm", str(archive))
            container = self._buildah("from", "scratch")
            self._buildah("add", "--quiet", container, str(archive), "/")
            self._buildah("commit", "--quiet", "--disable-compression", "--rm", container, BASE)
            archive.unlink()
        # The host's certificates and pip settings are lent to the build only.
        lent = [f"--env={name}={value}" for name, value in os.environ.items() if name.startswith("PIP_INDEX")]
        certificates = "--volume=/etc/ssl/certs:/etc/ssl/certs:ro"
        self._buildah(
            "bud", "--isolation=chroot", "--pull-never", "--disable-compression", f"--build-arg=BASE={BASE}",
            # Layers make the second build quick; in CI there is only a first one.
            f"--layers={'false' if os.environ.get('CI') else 'true'}", certificates, *lent, "--tag", TAG, str(ROOT),
        )  # fmt: skip

    def bytes_of(self, tag: str) -> int:
        """Bytes of an image's layers, unpacked, as an engine counts them."""
        (found,) = json.loads(self._podman("image", "inspect", tag))
        return int(found["Size"])

    def said(self, *command: str) -> str:
        """What a command prints inside the image."""
        entry, *arguments = command
        return self._podman("run", "--rm", *_RUN, f"--entrypoint={entry}", TAG, *arguments)

    def run(
        self, environment: Mapping[str, str], volumes: Mapping[Path, str], workspace: str = "/github/workspace"
    ) -> subprocess.CompletedProcess[str]:
        """Run the action as a runner does: variables, mounted folders, the image's own entry point and user."""
        return subprocess.run(self._run(environment, volumes, workspace), capture_output=True, text=True, check=False, timeout=120)

    def start(self, name: str, environment: Mapping[str, str], volumes: Mapping[Path, str]) -> subprocess.Popen[str]:
        """The same, not waited for."""
        command = self._run(environment, volumes, "/github/workspace", f"--name={name}")
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def signal(self, name: str, signal: str) -> None:
        """A signal to the container's first process."""
        self._podman("kill", f"--signal={signal}", name)

    def _run(self, environment: Mapping[str, str], volumes: Mapping[Path, str], workspace: str, *more: str) -> list[str]:
        given = [f"--env={name}={value}" for name, value in environment.items()]
        mounted = [f"--volume={outside}:{inside}" for outside, inside in volumes.items()]
        return [*self._podman_command(), "run", "--rm", *_RUN, *more, *given, *mounted, f"--workdir={workspace}", TAG]

    def _names(self) -> set[str]:
        images = json.loads(self._buildah("images", "--json") or "[]")
        return {name for image in images or [] for name in image.get("names") or []}

    def _stored(self) -> Sequence[str]:
        return f"--root={self.folder}/storage", f"--runroot={self.folder}/run", "--storage-driver=overlay"

    def _buildah(self, *arguments: str) -> str:
        return _do("buildah", *self._stored(), *arguments).strip()

    def _podman_command(self) -> list[str]:
        return ["podman", *self._stored(), "--runtime=runc", "--cgroup-manager=cgroupfs"]

    def _podman(self, *arguments: str) -> str:
        return _do(*self._podman_command(), *arguments)


# A runner's containers have a bridge network; here the servers listen on the host's loopback, so its network is shared.
_RUN = ("--network=host", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096")


def _do(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
