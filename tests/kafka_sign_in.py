"""A Kafka server on loopback that does nothing but ask who is there, over TLS: what librdkafka's mock cluster cannot."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# https://kafka.apache.org/protocol: the keys of the requests that are answered, and the versions that are offered.
METADATA, HANDSHAKE, VERSIONS, AUTHENTICATE = 3, 17, 18, 36
OFFERED = {VERSIONS: (0, 0), HANDSHAKE: (0, 1), AUTHENTICATE: (0, 0), METADATA: (0, 1)}
UNSUPPORTED_VERSION, SASL_AUTHENTICATION_FAILED = 35, 58


class SignIn:
    """`heard` is what clients signed in with; nobody is let in."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = folder / "certificate.pem", folder / "key.pem"
        _certify(self.certificate, key)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.servers = f"localhost:{self._socket.getsockname()[1]}"
        self.heard: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the listening socket was closed
            while True:
                client, _ = self._socket.accept()
                with suppress(OSError, struct.error), client, self._tls.wrap_socket(client, server_side=True) as wire, wire.makefile("rb") as coming:
                    while head := coming.read(4):
                        wire.sendall(self._answer(coming.read(*struct.unpack(">i", head))))

    def _answer(self, request: bytes) -> bytes:
        key, version, number = struct.unpack(">hhi", request[:8])
        if key == VERSIONS and version:
            body = struct.pack(">hi", UNSUPPORTED_VERSION, 1) + struct.pack(">hhh", VERSIONS, 0, 0)
        elif key == VERSIONS:
            body = struct.pack(">hi", 0, len(OFFERED)) + b"".join(struct.pack(">hhh", one, *spans) for one, spans in OFFERED.items())
        elif key == HANDSHAKE:
            body = struct.pack(">hih", 0, 1, 5) + b"PLAIN"
        else:
            (client,) = struct.unpack(">h", request[8:10])
            self.heard.append(request[14 + client :])  # after the client's name and a length of four bytes
            body = struct.pack(">hh", SASL_AUTHENTICATION_FAILED, 14) + b"no such person" + struct.pack(">i", -1)
        return struct.pack(">ii", len(body) + 4, number) + body


@contextmanager
def sign_in(folder: Path) -> Iterator[SignIn]:
    """One that ends with the block."""
    server = SignIn(folder)
    try:
        yield server
    finally:
        server.close()


def _certify(certificate: Path, key: Path) -> None:
    """A certificate for localhost, signed by itself."""
    secret, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(secret.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(secret, hashes.SHA256())
    )  # fmt: skip
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
