"""Who may speak to whom in a cluster: an authority of its own, a key for each part, and kubeconfigs.

In: a folder, names and addresses. Out: `NAME.crt`, `NAME.key`, `NAME.kubeconfig`, each written once: a second start of
the same cluster finds them. Everything is valid for a year: nobody keeps such a cluster that long.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = datetime.timedelta(days=365)


class Authority:
    """The cluster's own certificate authority; the folder is for its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.certificate = folder / "ca.crt"
        if not self.certificate.exists():
            self._sign("ca", _name("windlass-test-cluster"), None, [])

    def issue(self, name: str, user: str, group: str = "", addresses: tuple[str, ...] = ()) -> tuple[Path, Path]:
        """Certificate and key of a client, and of a server when there are addresses (names or numbers)."""
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if not certificate.exists():
            signer = (
                x509.load_pem_x509_certificate(self.certificate.read_bytes()),
                serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), None),
            )
            self._sign(name, _name(user, group), signer, [_general(address) for address in addresses])
        return certificate, key

    def _sign(self, name: str, subject: x509.Name, signer: object, others: list[x509.GeneralName]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        issuer, signing = (signer[0].subject, signer[1]) if isinstance(signer, tuple) else (subject, key)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + YEAR)
            .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        )
        if signer is not None:
            uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        if others:
            made = made.add_extension(x509.SubjectAlternativeName(others), critical=False)
        _write(self.folder / f"{name}.key", private_pem(key))
        certificate = made.sign(signing, hashes.SHA256())
        _write(self.folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))

    def signing_key(self, name: str) -> Path:
        """A key without a certificate: the API server signs the tokens of service accounts with it."""
        path = self.folder / f"{name}.key"
        if not path.exists():
            _write(path, private_pem(ec.generate_private_key(ec.SECP256R1())))
        return path

    def kubeconfig(self, name: str, server: str, user: str, group: str = "") -> Path:
        certificate, key = self.issue(name, user, group)
        cluster = {"server": server, **_data("certificate-authority", self.certificate)}
        client = {**_data("client-certificate", certificate), **_data("client-key", key)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": name, "user": client}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
            "current-context": "test",
        }
        path = self.folder / f"{name}.kubeconfig"
        _write(path, json.dumps(config, indent=1).encode())
        return path


def _data(key: str, path: Path) -> dict[str, str]:
    return {f"{key}-data": base64.b64encode(path.read_bytes()).decode()}


def _name(user: str, group: str = "") -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _general(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a start that is killed leaves no half of a key."""
    made = path.with_name(f".{path.name}")
    made.write_bytes(content)
    made.chmod(0o600)
    made.replace(path)
