"""Certificates of invented people, and openssl as their mail program."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Holder:
    """A certificate and its key, as files for openssl."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def files(self, folder: Path, name: str) -> tuple[Path, Path]:
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(self.key_pem)
        return certificate, key


@cache
def rsa_key(who: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def holder(
    who: str,
    address: str | None,
    *,
    key: Key | None = None,
    begins: datetime = NOW - YEAR,
    ends: datetime = NOW + YEAR,
    in_subject: bool = False,
    signs_only: bool = False,
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> Holder:
    """Signed by itself. ``address`` in the alternative names, or in the subject as old ones have it."""
    mine = key or rsa_key(who)
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, who)]
    if in_subject and address:
        attributes.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, address))
    name = x509.Name(attributes)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(mine.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    if address and not in_subject:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    usage: dict[str, Any] = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    usage |= {"digital_signature": True, "key_encipherment": not signs_only, "encipher_only": False}
    builder = builder.add_extension(x509.KeyUsage(**usage, decipher_only=False), critical=True)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return Holder(builder.sign(mine, hashes.SHA256()), mine)


def openssl(*arguments: str | Path, said: bytes) -> subprocess.CompletedProcess[bytes]:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=said, capture_output=True, check=False, timeout=60)
