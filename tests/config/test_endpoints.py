"""Where a key may be sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.config.endpoints import objection


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1", "https://api.example.com:8443", "https://10.0.0.7/v1", "http://127.0.0.1:8080/v1",
        "http://127.9.9.9/", "http://localhost:11434/v1", "http://models.localhost/", "http://[::1]:8080/v1", "HTTPS://Example.com/v1",
    ],
)  # fmt: skip
def test_https_anywhere_and_http_on_this_machine_are_fine(url: str) -> None:
    assert objection(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/v1", "http://10.0.0.7/v1", "http://192.168.1.4:8080", "http://localhost.example.com/",
        "http://127.0.0.1.example.com/", "http://-127.0.0.1:8080/v1", "http://127.0.0.-1/",
        # the metadata service, in every spelling that a resolver takes
        "http://169.254.169.254/", "https://169.254.169.254/latest", "https://169.254.0.1", "https://0xA9FEA9FE/", "https://2852039166/",
        "https://0xa9.0xfe.0xa9.0xfe/", "https://0251.0376.0251.0376/", "https://169.254.43518/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
        "https://[::ffff:169.254.169.254]/", "http://0.0.0.0:8080/", "https://[::]/", "https://224.0.0.1/", "https://169.254.169.254./",
        # not an address
        "api.example.com/v1", "", "https://", "ftp://example.com", "file:///etc/passwd", "javascript:x", "//example.com",
        "https://user:secret@example.com", "https://example.com/v1?key=1", "https://example.com/#x", "https://example.com:99999/",
        "https://exa mple.com/\n", "https://example.com\\@evil.example", "https://[::1", " https://example.com",
    ],
)  # fmt: skip
def test_everything_else_is_refused(url: str) -> None:
    assert objection(url).endswith((".", "`."))


@settings(max_examples=200)
@given(st.text(st.sampled_from("htps:/.0123456789xXaAfF+-[]@%#?\\ é\n"), max_size=30))
def test_no_text_breaks_the_check(url: str) -> None:
    assert isinstance(objection(url), str)
