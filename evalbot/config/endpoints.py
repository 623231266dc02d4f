"""Which addresses a key may be sent to: any https one, and http on this machine; never a cloud's metadata service."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

_LOCAL = ("localhost", "localhost.localdomain", "ip6-localhost")


def objection(url: str) -> str:
    """Why a `base_url` is refused, to be read after its name; empty where it is fine. Nothing is looked up."""
    if not url.isprintable() or url != url.strip() or "\\" in url:
        return "holds characters that no address has."
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        return f"is no address: {error}."
    if parts.scheme not in ("http", "https") or not host:
        return f"must be an address that begins with https://, not {url!r:.80}."
    return _unsafe(parts, host)


def _unsafe(parts: SplitResult, host: str) -> str:
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password; name the key's environment variable in `api_key_env`."
    if parts.query or parts.fragment:
        return "must end with its path: no ? and no #."
    address = _address(host)
    if address is not None and (address.is_link_local or address.is_unspecified or address.is_multicast):
        return f"is {host}, an address that no model answers at (link-local, unspecified or multicast)."
    if parts.scheme == "http" and not (
        host in _LOCAL or host.endswith(".localhost") or (address and address.is_loopback)
    ):
        return (
            f"must begin with https://; plain http is for this machine only (localhost, 127.0.0.1), not {host!r:.60}."
        )
    return ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address of a host that is written as one, also as one number or in hex, as libc reads it: 0xA9FEA9FE."""
    try:
        found = ip_address(host.partition("%")[0])
        return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    except ValueError:
        pass
    try:
        numbers = [_number(part) for part in host.split(".")]
    except ValueError:
        return None
    *high, low = numbers
    if len(numbers) > 4 or min(numbers) < 0 or any(number > 255 for number in high) or low >= 256 ** (5 - len(numbers)):
        return None
    return IPv4Address(sum(number << (24 - 8 * index) for index, number in enumerate(high)) + low)


def _number(part: str) -> int:
    if part[:2] in ("0x", "0X"):
        return int(part, 16)
    return int(part, 8) if part.startswith("0") and part != "0" else int(part)
