"""Certificates of mailboxes, for mails that only their reader can open: looked at hard before one is kept.

Who signed a certificate is not asked. The account that uploads it vouches for it, and it must name the mailbox.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from extranet.mail.models import MailCertificate

LARGEST = 20_000  # bytes; certificates have two or three thousand
WEAKEST, STRONGEST = 2048, 8192  # bits of RSA; more only keeps our machine busy
LEAST_EXPONENT = 65537
UNREADABLE = "This is no certificate. Choose the certificate alone, as a .pem, .crt, .cer or .der file."


class CertificateRefused(Exception):
    """The certificate will not do; the message says why, in words for its owner."""


@dataclass(frozen=True)
class Shown:
    """What a page or mail may say of a certificate."""

    fingerprint: str
    not_after: datetime
    vouched_by: str = ""
    """The user name of that day; blank until it is kept."""

    @property
    def spelled(self) -> str:
        """In pairs, as mail programs show it."""
        capitals = self.fingerprint.upper()
        return ":".join(capitals[at : at + 2] for at in range(0, len(capitals), 2))


def read(uploaded: bytes, *, address: str, now: datetime) -> x509.Certificate:
    """The certificate, fit for encrypting mails to that address now. Raises CertificateRefused."""
    if len(uploaded) > LARGEST:
        raise CertificateRefused("This file is too large for a certificate.")
    if b"PRIVATE KEY" in uploaded:
        raise CertificateRefused("This file holds your private key. Give it to nobody; choose the certificate alone.")
    try:
        certificate = _parsed(uploaded)
        faults = [text for wrong, text in _faults(certificate, address, now) if wrong]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension):
        raise CertificateRefused(UNREADABLE) from None
    if faults:
        raise CertificateRefused(faults[0])
    return certificate


def keep(certificate: x509.Certificate, *, address: str, by: str, now: datetime) -> Shown:
    """Encrypt mails to that address with it from now on. Inside the act's transaction."""
    shown = shown_of(certificate)
    values = {
        "certificate": certificate.public_bytes(serialization.Encoding.DER),
        "fingerprint": shown.fingerprint,
        "not_after": shown.not_after,
        "added_at": now,
        "added_by": by,
    }
    MailCertificate.objects.update_or_create(address=address.lower(), defaults=values)
    return shown


def remove(*, address: str) -> Shown | None:
    """Encrypt for that address no more; what was removed, if anything. Inside the act's transaction."""
    row = MailCertificate.objects.select_for_update().filter(address=address.lower()).first()
    if row is None:
        return None
    row.delete()
    return _kept(row)


def kept(*, address: str) -> Shown | None:
    """What is kept for that address, good or not any more."""
    row = MailCertificate.objects.filter(address=address.lower()).first()
    return _kept(row) if row is not None else None


def vouchers() -> dict[str, str]:
    """Each address for which one is kept, in small letters, and the account that vouched for it."""
    return dict(MailCertificate.objects.values_list("address", "added_by"))


def for_mail(*, address: str, now: datetime) -> x509.Certificate | None:
    """The certificate to encrypt with, if there is one that still is what it was when it was uploaded."""
    row = MailCertificate.objects.filter(address=address.lower()).first()
    if row is None:
        return None
    try:
        return read(bytes(row.certificate), address=address, now=now)
    except CertificateRefused:
        return None


def shown_of(certificate: x509.Certificate) -> Shown:
    return Shown(certificate.fingerprint(hashes.SHA256()).hex(), certificate.not_valid_after_utc)


def _kept(row: MailCertificate) -> Shown:
    return Shown(row.fingerprint, row.not_after, row.added_by)


def addresses_in(certificate: x509.Certificate) -> set[str]:
    """The mailboxes that a certificate names, in small letters."""
    subject = (str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS))
    return {name.lower() for name in chain(subject, _alternative_names(certificate))}


def _parsed(uploaded: bytes) -> x509.Certificate:
    if b"-----BEGIN" in uploaded:
        return x509.load_pem_x509_certificates(uploaded)[0]  # its chain may follow
    return x509.load_der_x509_certificate(uploaded)


def _faults(certificate: x509.Certificate, address: str, now: datetime) -> Iterable[tuple[bool, str]]:
    moment = now.astimezone(UTC)
    yield moment >= certificate.not_valid_after_utc, "This certificate has ended. Get a new one first."
    yield moment < certificate.not_valid_before_utc, "This certificate is not valid yet."
    named = address.lower() in addresses_in(certificate)
    yield not named, "This certificate does not name your e-mail address, so your mail program would not take it."
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        yield True, "This certificate has no RSA key. Others, such as elliptic curves, cannot be used here yet."
        return
    strong = WEAKEST <= key.key_size <= STRONGEST and key.public_numbers().e >= LEAST_EXPONENT
    yield not strong, f"The key of this certificate is not safe: RSA with {WEAKEST} to {STRONGEST} bits is needed."
    yield not _may_encrypt(certificate), "This certificate is not made for encrypting e-mails."


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name) for name in found.get_values_for_type(x509.RFC822Name)]


def _may_encrypt(certificate: x509.Certificate) -> bool:
    """Where it says what it is for, that must include encrypting keys (RFC 8550) and e-mails."""
    extensions = certificate.extensions
    try:
        if not extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment:
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        purposes = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return True
    return bool(purposes & {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
