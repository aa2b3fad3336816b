"""Boxes for short secrets that many may close and one may open: HPKE (RFC 9180) with X25519, HKDF-SHA256, AES-256-GCM.

For machines that seal and hold no key that could open anything.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from extranet.vault.sealing import Unopenable

_CONTEXT = b"agent-extranet box 1\0"


@dataclass(frozen=True)
class BoxKey:
    """A pair that lives as long as the process. Only ``public_bytes`` may leave it."""

    _private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)

    @property
    def public_bytes(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def open(self, box: bytes, aad: bytes) -> bytes:
        """What ``close_box`` put in for the same place; raises Unopenable."""
        try:
            return _suite().decrypt(box, self._private, _CONTEXT + aad)
        except (InvalidTag, ValueError):
            raise Unopenable("wrong key, wrong place or altered bytes") from None


def close_box(public: bytes, secret: bytes, aad: bytes) -> bytes:
    """A secret that only the holder of the private key can open, and only for this place."""
    return _suite().encrypt(secret, X25519PublicKey.from_public_bytes(public), _CONTEXT + aad)


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
