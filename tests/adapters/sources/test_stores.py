"""An S3-compatible server, moto, of a virtual environment beside the project (it weighs 320 MB): signatures, pages of a listing, missing things.

Google Cloud Storage is read through the same server: its XML API, which obstore speaks, has S3's listing and objects. The emulators of Google's JSON API
that PyPI has do not know it. What Google's own tokens need is not tried by this.

`python -m venv DIR && DIR/bin/pip install "moto[s3,server]"`, then `EVALBOT_MOTO=DIR make campaign`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping

import certifi
import pytest
import requests

from evalbot.domain.errors import CouldNotRun
from tests.adapters.sources.beside import beside, free_port, served
from tests.adapters.sources.buckets import MANY, files, read

pytestmark = pytest.mark.campaign

FILL = """
import sys, boto3
store = boto3.client("s3", endpoint_url=sys.argv[1], aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
store.create_bucket(Bucket="logs")
for line in sys.stdin:
    name, _, text = line.rstrip("\\n").partition("\\t")
    store.put_object(Bucket="logs", Key=name, Body=bytes.fromhex(text), ACL="public-read")  # Google's client signs nothing here
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What a workflow sets; the bucket `logs` is there."""
    programs = beside("moto", "moto_server")
    url = f"http://127.0.0.1:{free_port()}"
    host, port = url.removeprefix("http://").split(":")
    sent = "".join(f"{name}\t{content.hex()}\n" for name, content in files(MANY).items())
    work = tmp_path_factory.mktemp("moto")
    with served([programs / "moto_server", "-H", host, "-p", port], {}, work, lambda: requests.get(url, timeout=5).status_code < 500):
        subprocess.run([programs / "python", "-c", FILL, url], input=sent, text=True, check=True, timeout=120)
        key = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
        aws = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
        yield {**aws, "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}


@pytest.fixture(autouse=True)
def _certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())  # the client loads some even for http, and a bare Debian has none


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_every_page_of_a_listing_is_read_in_the_order_of_names(environment: Mapping[str, str], scheme: str) -> None:
    assert read(f"{scheme}://logs/prod/*.jsonl", environment) == list(range(MANY))


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_packed_objects_are_unpacked(environment: Mapping[str, str], scheme: str) -> None:
    assert read(f"{scheme}://logs/packed/*", environment) == [1, 2]


@pytest.mark.parametrize("scheme", ["s3", "gs"])
@pytest.mark.parametrize(("path", "said"), [("logs/none/*.jsonl", "no such object"), ("nobody/prod/*.jsonl", "://nobody"), ("logs/torn/*.jsonl", "a.jsonl, line 2")])
def test_what_is_not_there_or_torn_stops_the_harvest(environment: Mapping[str, str], scheme: str, path: str, said: str) -> None:
    with pytest.raises(CouldNotRun, match=said):
        read(f"{scheme}://{path}", environment)
