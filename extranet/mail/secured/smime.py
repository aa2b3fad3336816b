"""A message that only its reader can open (RFC 8551): signed by the exchange, then encrypted for the mailbox.

The signature is inside, so that nobody in between sees who signed what, and a changed cipher text shows (CBC alone
would not tell). Readable from outside: sender, receiver, date, and the subject, which names no person and no secret.
"""

from email.message import MIMEPart
from email.policy import SMTP

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from extranet.mail.message import UNFOLDED, headed, part
from extranet.mail.models import OutboxMail
from extranet.mail.secured.signer import Signer
from extranet.profile.exchange import Sender
from extranet.profile.words import Rendered


def encrypted(row: OutboxMail, words: Rendered, sender: Sender, *, reader: x509.Certificate, signer: Signer) -> bytes:
    """The whole message, for the holder of the reader's key alone. We cannot open it afterwards."""
    signed = _signed(part(row, words), boundary=f"=_signed_{row.id.hex}", signer=signer)
    envelope = PKCS7EnvelopeBuilder().set_data(signed).add_recipient(reader).set_content_encryption_algorithm(AES256)
    message = headed(row, sender)
    message.set_content(
        envelope.encrypt(Encoding.DER, [PKCS7Options.Binary]),
        maintype="application",
        subtype="pkcs7-mime",
        cte="base64",
        disposition="attachment",
        filename="smime.p7m",
        params={"smime-type": "enveloped-data", "name": "smime.p7m"},
    )
    return message.as_bytes(policy=UNFOLDED)


def _signed(entity: bytes, *, boundary: str, signer: Signer) -> bytes:
    """multipart/signed (RFC 1847), put together by hand: the signed part must stay as it is, byte by byte."""
    builder = PKCS7SignatureBuilder().set_data(entity)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    for certificate in signer.chain:
        builder = builder.add_certificate(certificate)
    signature = builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
    attached = _signature_part(signature)
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


def _signature_part(signature: bytes) -> bytes:
    attached = MIMEPart(policy=SMTP)
    attached.set_content(
        signature,
        maintype="application",
        subtype="pkcs7-signature",
        cte="base64",
        disposition="attachment",
        filename="smime.p7s",
        params={"name": "smime.p7s"},
    )
    return attached.as_bytes()
