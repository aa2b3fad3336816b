"""Keys of the ground: what a master key can do, one that is held in memory, the signing key, key files, data keys.

A key file and a key in the environment have the same form: base64 of 32 random bytes.
"""

import base64
import binascii
import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from extranet.vault.durable import part_of, sync_folder, write_durably
from extranet.vault.sealing import KEY_BYTES, OVERHEAD, new_key, open_bytes, seal_bytes

WRAPPED_BYTES: Final = KEY_BYTES + OVERHEAD


class KeyRefused(Exception):
    """A key is missing or malformed; the message names which, where it was looked for, and what to do."""


class Master(Protocol):
    """Wraps all other keys. Never stored beside what it wraps; its id may be."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits that tell master keys apart and nothing about them."""

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """A key under this one: 61 bytes that open only with the same AAD."""

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The key; raises Unopenable."""


@dataclass(frozen=True)
class MasterKey:
    """A master key in the memory of this process, from a file or the environment."""

    id: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> "MasterKey":
        """The id is a digest with a prefix of its own, so that it tells nothing about the key."""
        return cls(id=hashlib.sha256(b"agent-extranet master key id\0" + key).hexdigest()[:16], key=key)

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        return seal_bytes(key, self.key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        return open_bytes(wrapped, self.key, aad)


class SigningKey:
    """Ed25519; signs manifests and audit batches."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)

    @property
    def public_bytes(self) -> bytes:
        """The raw public key, 32 bytes: may be shown to everybody."""
        return self._private.public_key().public_bytes_raw()


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """True if the signature of the data was made by the owner of the public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def load_signing(value: str, file: Path) -> SigningKey:
    """The signing key from its value, or else from its file; raises KeyRefused."""
    return SigningKey(decode_key(*key_text("signing", value, file)))


def make_key_file(path: Path) -> bool:
    """Make a file with a new key, for its owner only; False if a file was there already, which stays as it is.

    The file appears whole or not at all, even if the machine stops in the middle.
    """
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = part_of(path)
    try:
        write_durably(part, [base64.b64encode(new_key()) + b"\n"])
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.link(part, path)
            return True
        return False
    finally:
        part.unlink(missing_ok=True)
        sync_folder(path.parent)


def wrap_data_key(owner_key: bytes, data_key: bytes, aad: bytes) -> bytes:
    """The data key of one frame under the key of its owner; ``aad`` is the ``frame_aad`` of the frame."""
    return seal_bytes(data_key, owner_key, b"data key\0" + aad)


def unwrap_data_key(owner_key: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """The data key; raises Unopenable."""
    return open_bytes(wrapped, owner_key, b"data key\0" + aad)


def key_text(name: str, value: str, file: Path) -> tuple[str, str]:
    """What stands in the variable of that key, or else in its file, and words for where that is; raises KeyRefused."""
    variable = f"EXTRANET_{name.upper()}_KEY"
    if value:
        return value.strip(), f"the {name} key in {variable}"
    try:
        return file.read_text("ascii").strip(), f"the {name} key in {file}"
    except FileNotFoundError:
        remedy = f"run `extranet init`, or set {variable} or {variable}_FILE"
        raise KeyRefused(f"there is no {name} key: {variable} is not set and {file} does not exist; {remedy}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(f"the {name} key in {file} cannot be read ({_reason(error)})") from None


def decode_key(text: str, where: str) -> bytes:
    """The 32 bytes of a key; raises KeyRefused, which never repeats the text."""
    remedy = "put back the file that `extranet init` made, or your backup of it"
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KeyRefused(f"{where} is not base64; {remedy}") from None
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"{where} has {len(key)} bytes and needs {KEY_BYTES}; {remedy}")
    return key


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """What to do about it: the bytes of a key must not stand in a message, and a decoding error repeats some."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text; put back the file that `extranet init` made, or your backup of it"
    return f"{error.strerror}; check owner and mode of the file, and that it is a file"
