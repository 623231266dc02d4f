"""Make `.venv` from the hash-locked requirements, on a machine that has Python and git and nothing else.

Debian's Python comes without `ensurepip` and without pip; then pip's own wheel is fetched, its hash checked against the
one below, and run from the wheel. Re-running is cheap: a stamp of the lock and of `pyproject.toml` says what is installed.

    python3 tools/setup.py [--dev]
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from ssl import CERT_NONE, create_default_context
from urllib.parse import urljoin, urlsplit

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "evalbot-installed"
LOCKS = {False: ROOT / "requirements" / "runtime.txt", True: ROOT / "requirements" / "dev.txt"}
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main() -> int:
    """Install; returns the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything has checked it
        print(f"evalbot needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try PYTHON=python3.12 make setup.", file=sys.stderr)
        return 2
    dev = "--dev" in sys.argv[1:]
    lock = LOCKS[dev]
    if _stamp(lock) in _stamps():
        return _compile(VENV / "bin" / "python")
    python = _environment()
    pip = _pip(python)
    print(f"Installing {lock.relative_to(ROOT)} into .venv (once; about a minute) …", flush=True)
    quiet = [] if os.environ.get("V") else ["--quiet"]
    common = [*pip, "install", *quiet, "--no-warn-script-location", "--disable-pip-version-check"]
    locked = [*common, "--require-hashes", "--requirement", str(lock)]
    own = [*common, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    status = _run(locked)
    if status and not _has_certificates():
        print("No CA certificates here; trying once more without them, since every file is checked by its hash.", flush=True)
        status = _run([*locked, *_trusted_hosts()])
    status = status or _run(own)
    if status:
        print("The installation failed; the lines above say why. Nothing of the project was changed.", file=sys.stderr)
        return status
    # The development lock holds the runtime's: after it `make demo` has nothing left to install.
    done = {_stamp(LOCKS[False]), _stamp(lock)}
    STAMPS.write_text("\n".join(sorted(_stamps() | done)))
    return _compile(python)


def _compile(python: Path) -> int:
    """Byte code of the package: where PYTHONDONTWRITEBYTECODE is set every run would compile it anew, a third of a second."""
    return subprocess.run([python, "-m", "compileall", "-q", str(ROOT / "evalbot")], check=False).returncode


def _stamp(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()


def _stamps() -> set[str]:
    return set(STAMPS.read_text().split()) if STAMPS.exists() else set()


def _run(command: list[str]) -> int:
    """Run with the environment less certificate variables that point at nothing: pip would stop at them."""
    names = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    environment = {key: value for key, value in os.environ.items() if key not in names or Path(value).exists()}
    return subprocess.run(command, check=False, env=environment).returncode


def _has_certificates() -> bool:
    return bool(create_default_context().cert_store_stats()["x509_ca"])


def _trusted_hosts() -> list[str]:
    index = urlsplit(os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple")).hostname or ""
    return [word for host in (index, "files.pythonhosted.org") for word in ("--trusted-host", host)]


def _environment() -> Path:
    python = VENV / "bin" / "python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python.exists():
        found = subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False)
        if found.stdout.strip() == version:
            return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], check=True)
    return python


def _pip(python: Path) -> list[str]:
    """A pip that installs into the environment: its own, ensurepip's, the system's, or the wheel fetched by hash."""
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return [str(python), "-m", "pip"]
    if subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=False).returncode == 0:
        return [str(python), "-m", "pip"]
    return [str(python), f"{_pip_wheel()}/pip"]


def _pip_wheel() -> Path:
    target = VENV / PIP_WHEEL
    if not target.exists():
        content = _fetch_pip()
        if hashlib.sha256(content).hexdigest() != PIP_SHA256:
            raise SystemExit(f"{PIP_WHEEL}: the file that the index gave has another hash than the one expected; not installed.")
        target.write_bytes(content)
    return target


def _fetch_pip() -> bytes:
    """Pip's wheel from the configured index. A machine without CA certificates may still do this: the hash is what is trusted."""
    context = create_default_context()
    if not _has_certificates():
        context.check_hostname, context.verify_mode = False, CERT_NONE
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    with urllib.request.urlopen(index, timeout=60, context=context) as page:
        links = re.findall(r'href="([^"]+)"', page.read().decode("utf-8", "replace"))
    link = next((link for link in links if PIP_WHEEL in link), None)
    if link is None:
        raise SystemExit(f"{PIP_WHEEL} is not on the package index; install pip (apt-get install python3-pip python3-venv) and try again.")
    with urllib.request.urlopen(urljoin(index, link), timeout=60, context=context) as wheel:
        return wheel.read()


if __name__ == "__main__":
    raise SystemExit(main())
