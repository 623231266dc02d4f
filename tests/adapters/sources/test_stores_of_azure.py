"""Azure's Blob Storage as Microsoft's own emulator has it, Azurite, of a folder beside the project (it weighs 190 MB): signatures, names, missing things.

`npm install --prefix DIR --ignore-scripts azurite`, then `EVALBOT_AZURITE=DIR make campaign`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from email.utils import formatdate

import certifi
import pytest
import requests

from evalbot.domain.errors import CouldNotRun
from tests.adapters.sources.beside import beside, free_port, served
from tests.adapters.sources.buckets import files, read

pytestmark = pytest.mark.campaign

ACCOUNT = "devstoreaccount1"
# The emulator's one account and key, which its documentation publishes.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
FEW = 50  # Azure's listing has 5,000 names a page: how its pages are followed is not tried by this


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What a workflow sets; the container `logs` is there."""
    programs, port = beside("azurite", "azurite-blob", "node_modules/.bin"), free_port()
    url, work = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("azurite")
    argv = [programs / "azurite-blob", "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    with served(argv, {}, work, lambda: requests.get(url, timeout=5).status_code < 500):
        put(url, "/logs", "restype:container")
        for name, content in files(FEW).items():
            put(url, f"/logs/{name}", "", content)
        yield {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY, "AZURE_ENDPOINT": f"{url}/{ACCOUNT}"}


def put(url: str, path: str, query: str, content: bytes | None = None) -> None:
    """One signed request (docs of Azure Storage, "Authorize with Shared Key")."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"} | ({} if content is None else {"x-ms-blob-type": "BlockBlob"})
    own = "\n".join(f"{name}:{headers[name]}" for name in sorted(headers))
    length = str(len(content)) if content else ""
    text = f"PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{own}\n/{ACCOUNT}/{ACCOUNT}{path}" + (f"\n{query}" if query else "")
    signed = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    asked = f"{url}/{ACCOUNT}{path}" + (f"?{query.replace(':', '=')}" if query else "")
    requests.put(asked, data=content, headers={**headers, "Authorization": f"SharedKey {ACCOUNT}:{signed}"}, timeout=30).raise_for_status()


@pytest.fixture(autouse=True)
def _certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())  # the client loads some even for http, and a bare Debian has none


@pytest.mark.parametrize("scheme", ["az", "abfs"])
def test_every_object_is_read_in_the_order_of_names(environment: Mapping[str, str], scheme: str) -> None:
    assert read(f"{scheme}://logs/prod/*.jsonl", environment) == list(range(FEW))


def test_packed_objects_are_unpacked(environment: Mapping[str, str]) -> None:
    assert read("az://logs/packed/*", environment) == [1, 2]


@pytest.mark.parametrize(("path", "said"), [("logs/none/*.jsonl", "no such object"), ("nobody/prod/*.jsonl", "://nobody"), ("logs/torn/*.jsonl", "a.jsonl, line 2")])
def test_what_is_not_there_or_torn_stops_the_harvest(environment: Mapping[str, str], path: str, said: str) -> None:
    with pytest.raises(CouldNotRun, match=said):
        read(f"az://{path}", environment)


def test_a_wrong_key_is_said_and_nothing_is_read(environment: Mapping[str, str]) -> None:
    wrong = {**environment, "AZURE_STORAGE_ACCOUNT_KEY": base64.b64encode(b"another").decode()}
    with pytest.raises(CouldNotRun, match="az://logs"):
        read("az://logs/prod/*.jsonl", wrong)
