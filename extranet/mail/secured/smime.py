"""A message that only its reader can open (RFC 8551): signed by the exchange, then encrypted for the mailbox.

The signature is inside, so that nobody in between sees who signed what, and a changed cipher text shows (CBC alone
would not tell). Readable from outside: sender, receiver, date, and the subject, which names no person and no secret.
"""

from base64 import encodebytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from extranet.mail.message import heads, part
from extranet.mail.models import OutboxMail
from extranet.mail.secured.signer import Signer
from extranet.profile.exchange import Sender
from extranet.profile.words import Rendered


def encrypted(row: OutboxMail, words: Rendered, sender: Sender, *, reader: x509.Certificate, signer: Signer) -> bytes:
    """The whole message, for the holder of the reader's key alone. We cannot open it afterwards."""
    signed = _signed(part(row, words), boundary=f"=_signed_{row.id.hex}", signer=signer)
    envelope = PKCS7EnvelopeBuilder().set_data(signed).add_recipient(reader).set_content_encryption_algorithm(AES256)
    sealed = envelope.encrypt(Encoding.DER, [PKCS7Options.Binary])
    return heads(row, sender) + _attached(sealed, "application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m")


def _signed(entity: bytes, *, boundary: str, signer: Signer) -> bytes:
    """multipart/signed (RFC 1847), put together by hand: the signed part must stay as it is, byte by byte."""
    builder = PKCS7SignatureBuilder().set_data(entity)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    for certificate in signer.chain:
        builder = builder.add_certificate(certificate)
    signature = builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
    attached = _attached(signature, "application/pkcs7-signature", "smime.p7s")
    kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="{boundary}"'
    return b"\r\n".join(
        [
            f"Content-Type: {kind}".encode(),
            b"",
            f"--{boundary}".encode(),
            entity,  # the line break before the boundary is the boundary's own
            f"--{boundary}".encode(),
            attached.rstrip(b"\r\n"),
            f"--{boundary}--".encode(),
            b"",
        ]
    )


def _attached(content: bytes, kind: str, name: str) -> bytes:
    """A part that is a file: its headers and its bytes."""
    encoded = encodebytes(content).replace(b"\n", b"\r\n")
    lines = [
        f'Content-Type: {kind}; name="{name}"',
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{name}"',
        "",
        "",
    ]
    return "\r\n".join(lines).encode("ascii") + encoded
