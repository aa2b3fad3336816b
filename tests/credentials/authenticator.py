"""A security key in software: makes credentials and signs challenges as a browser would hand them over."""

import hashlib
import json
import struct
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode

ORIGIN = "http://portal.test"
RP_ID = "portal.test"
UP, UV, AT = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """One credential. ``step``: how far its counter rises a signature; 0 counts nothing, as synced passkeys do."""

    origin: str = ORIGIN
    rp_id: str = RP_ID
    verifies: bool = True
    discoverable: bool = True
    step: int = 1
    count: int = 0
    id: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    handle: bytes = b""
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: Any) -> str:
        """The answer to ``navigator.credentials.create``, as the page's script sends it."""
        told = options["publicKey"]
        self.handle = websafe_decode(told["user"]["id"])
        public = cbor.encode(self._public())
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": self._data(AT) + credential})
        client = self._client("webauthn.create", told["challenge"])
        response = {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attestation)}
        return self._answer(response, {"credProps": {"rk": self.discoverable}})

    def get(self, options: Any, *, handle: bool = True) -> str:
        """The answer to ``navigator.credentials.get``."""
        client = self._client("webauthn.get", options["publicKey"]["challenge"])
        self.count += self.step
        data = self._data()
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
        }
        if handle:
            response["userHandle"] = websafe_encode(self.handle)
        return self._answer(response, {})

    def _public(self) -> dict[int, int | bytes]:
        """The public key in COSE: ES256 on P-256."""
        numbers = self.private.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def _data(self, flags: int = 0) -> bytes:
        flags |= UP | (UV if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        name = websafe_encode(self.id)
        answer = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps({**answer, "clientExtensionResults": extensions})
