"""A GitHub that others wrote (npm `emulate`), started on loopback, with a repository and a pull request made through its API."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NODE = Path(__file__).parents[1] / "node"
PROGRAM = NODE / "node_modules/emulate/dist/index.js"
EXAMPLES = NODE / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
HOW = "npm --prefix tests/node ci --ignore-scripts (node 20 or newer)"
TOKEN, OWNER, NAME = "evalbot_token", "octocat", "shop"
SEED = {
    "tokens": {TOKEN: {"login": OWNER, "scopes": ["repo"]}},
    "github": {"users": [{"login": OWNER}, {"login": "bob"}], "repos": [{"owner": OWNER, "name": NAME, "auto_init": True}]},
}


class Emulated:
    """The server; between `with` and its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.repository = f"{OWNER}/{NAME}"

    def __enter__(self) -> Emulated:
        seed = self._folder / "seed.json"
        seed.write_text(json.dumps(SEED))
        command = ["node", str(PROGRAM), "start", "--service", "github", "--port", str(self._port), "--base-url", self.url, "--seed", str(seed)]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.ask("GET", "")
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError("emulate did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the repository."""
        request = urllib.request.Request(
            f"{self.url}/repos/{self.repository}{path}", method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def commit(self, branch: str, files: Mapping[str, str | None], parent: str) -> str:
        """Commit files on a parent and let the branch stand there; returns the sha."""
        entries = []
        for path, text in files.items():
            blob = self.ask("POST", "/git/blobs", {"content": base64.b64encode((text or "").encode()).decode(), "encoding": "base64"})
            entries.append({"path": path, "mode": "100644", "type": "blob", "sha": blob["sha"]})
        tree = self.ask("POST", "/git/trees", {"base_tree": self.ask("GET", f"/git/commits/{parent}")["tree"]["sha"], "tree": entries})
        made = self.ask("POST", "/git/commits", {"message": "change", "tree": tree["sha"], "parents": [parent]})["sha"]
        try:
            self.ask("PATCH", f"/git/refs/heads/{branch}", {"sha": made, "force": True})
        except OSError:
            self.ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": made})
        return str(made)

    def tip(self, branch: str) -> str:
        """Where a branch stands."""
        return str(self.ask("GET", f"/git/ref/heads/{branch}")["object"]["sha"])


def available() -> bool:
    """Whether node is here, new enough, with the packages."""
    if shutil.which("node") is None or not (PROGRAM.exists() and EXAMPLES.exists()):
        return False
    said = subprocess.run(["node", "-p", "process.versions.node.split('.')[0]"], capture_output=True, text=True, check=False).stdout.strip()
    return said.isdigit() and int(said) >= 20
