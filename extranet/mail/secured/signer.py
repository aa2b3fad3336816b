"""The exchange's own certificate and key, with which it signs what it encrypts."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings

WEAKEST = 2048
CERTIFICATE, KEY = "EXTRANET_SMIME_CERTIFICATE_FILE", "EXTRANET_SMIME_KEY_FILE"


class SignerRefused(Exception):
    """The exchange cannot sign; the message names the variable and what to do, nothing of the key."""


@dataclass(frozen=True)
class Signer:
    """``chain``: certificates of authorities that came with the own one, for receivers that do not know them."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    def is_good(self, now: datetime) -> bool:
        moment = now.astimezone(UTC)
        return self.certificate.not_valid_before_utc <= moment < self.certificate.not_valid_after_utc


def signer() -> Signer:
    """The configured one, whether its time is over or not. Raises SignerRefused."""
    certificate = _named(CERTIFICATE, settings.EXTRANET.smime_certificate_file)
    key = _named(KEY, settings.EXTRANET.smime_key_file)
    return _loaded(certificate, _changed_at(CERTIFICATE, certificate), key, _changed_at(KEY, key))


def _named(variable: str, file: Path | None) -> Path:
    if file is None:
        raise SignerRefused(f"{variable} is not set: name a PEM file, which EXTRANET_SECURED_MAIL=smime needs")
    return file


def _changed_at(variable: str, file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        raise SignerRefused(f"{variable}: {file} cannot be read") from None


@lru_cache(maxsize=4)
def _loaded(certificate_file: Path, _changed: int, key_file: Path, _key_changed: int) -> Signer:
    try:
        certificate, *chain = x509.load_pem_x509_certificates(certificate_file.read_bytes())
    except (OSError, ValueError):
        raise SignerRefused(f"{CERTIFICATE}: {certificate_file} holds no certificate in PEM") from None
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise SignerRefused(f"{KEY}: {key_file} holds no private key in PEM without a passphrase") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SignerRefused(f"{KEY}: {key_file} holds neither an RSA nor an elliptic-curve key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < WEAKEST:
        raise SignerRefused(f"{KEY}: {key_file} has fewer than {WEAKEST} bits")
    if _public(certificate) != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise SignerRefused(f"{KEY}: the key in {key_file} does not belong to the certificate in {certificate_file}")
    if not _may_sign(certificate):
        raise SignerRefused(f"{CERTIFICATE}: {certificate_file} is not made for signing")
    return Signer(certificate, tuple(chain), key)


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return True
