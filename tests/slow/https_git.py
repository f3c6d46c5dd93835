"""A git server behind TLS with an authority of its own: what custom resources may name."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.sources.conftest import GitServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class HttpsGit(GitServer):
    """Serves every repository below `root`; `authority` is the PEM file that its certificate is checked with."""

    def __init__(self, root: Path, folder: Path, address: str) -> None:
        super().__init__(root, address)
        self.address = address
        self.authority = folder / "ca.crt"
        key = folder / "key.pem"
        write_certificate(self.authority, key, address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def url(self, path: str) -> str:
        return f"https://{self.address}:{self.server_port}/{path}/.git"


@contextmanager
def https_git(root: Path, folder: Path, address: str = "127.0.0.1") -> Iterator[HttpsGit]:
    folder.mkdir(exist_ok=True)
    server = HttpsGit(root, folder, address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_certificate(certificate: Path, key: Path, address: str) -> None:
    """Its own authority, for that address."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "git of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    key.write_bytes(pem)
