"""An S3-compatible server, moto, of a virtual environment beside the project (it weighs 320 MB): signatures, pages of a listing, missing things.

`python -m venv DIR && DIR/bin/pip install "moto[s3,server]"`, then `EVALBOT_MOTO=DIR make campaign`.
"""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator, Mapping

import certifi
import pytest
import requests

from evalbot.adapters.sources.jsonl import JsonLines
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.samples import From, Window
from tests.adapters.sources.beside import beside, free_port, served

pytestmark = pytest.mark.campaign

WINDOW = Window(0.0, 1.0)
FILES = 1_050  # a listing has 1,000 names a page
FILL = """
import sys, boto3
store = boto3.client("s3", endpoint_url=sys.argv[1], aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
store.create_bucket(Bucket="logs")
for line in sys.stdin:
    name, _, text = line.rstrip("\\n").partition("\\t")
    store.put_object(Bucket="logs", Key=name, Body=bytes.fromhex(text))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What a workflow sets; the bucket `logs` holds many small files, a packed one, one of another kind, and a torn one."""
    programs = beside("moto", "moto_server")
    url = f"http://127.0.0.1:{free_port()}"
    host, port = url.removeprefix("http://").split(":")
    files = {f"prod/{number:05}.jsonl": json.dumps({"n": number}).encode() for number in range(FILES)}
    files |= {"packed/a.jsonl.gz": gzip.compress(b'{"n": 1}\n{"n": 2}\n'), "prod/notes.txt": b"no record", "torn/a.jsonl": b'{"n": 1}\n{"n'}
    sent = "".join(f"{name}\t{content.hex()}\n" for name, content in files.items())
    work = tmp_path_factory.mktemp("moto")
    with served([programs / "moto_server", "-H", host, "-p", port], {}, work, lambda: requests.get(url, timeout=5).status_code < 500):
        subprocess.run([programs / "python", "-c", FILL, url], input=sent, text=True, check=True, timeout=120)
        yield {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}


@pytest.fixture(autouse=True)
def _certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())  # the client loads some even for http, and a bare Debian has none


def read(url: str, environment: Mapping[str, str]) -> list[object]:
    return [record["n"] for record in JsonLines(url).fetch(WINDOW, From(environment=environment)) if isinstance(record, dict)]


def test_every_page_of_a_listing_is_read_in_the_order_of_names(environment: Mapping[str, str]) -> None:
    assert read("s3://logs/prod/*.jsonl", environment) == list(range(FILES))


def test_packed_objects_are_unpacked(environment: Mapping[str, str]) -> None:
    assert read("s3://logs/packed/*", environment) == [1, 2]


@pytest.mark.parametrize(
    ("url", "said"),
    [("s3://logs/none/*.jsonl", "no such object"), ("s3://nobody/prod/*.jsonl", "s3://nobody"), ("s3://logs/torn/*.jsonl", "a.jsonl, line 2")],
)  # fmt: skip
def test_what_is_not_there_or_torn_stops_the_harvest(environment: Mapping[str, str], url: str, said: str) -> None:
    with pytest.raises(CouldNotRun, match=said):
        read(url, environment)
