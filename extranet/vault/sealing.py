"""Sealing of bytes: AES-256-GCM, with zstd before it for frames. Layout in docs/reference/pack-format.md.

Nonces are random 96-bit numbers: one key may seal about 2**32 times. Frames have a key of their own each.
"""

import os
import threading
from typing import Final
from uuid import UUID

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
COMPRESSED: Final = b"\x01"  # first byte of a frame: zstd, then AES-256-GCM
PLAIN: Final = b"\x02"  # first byte of sealed bytes: AES-256-GCM alone
OVERHEAD: Final = 1 + NONCE_BYTES + TAG_BYTES
MAX_FRAME: Final = 256 * 1024 * 1024  # bytes after decompression; a book of 20,000 rows has about 10 MB
ZSTD_LEVEL: Final = 1  # half the time of level 3 for 2 % more bytes: docs/decisions/0015


class Unopenable(Exception):
    """Wrong key, wrong place (AAD), altered or cut bytes: told apart for nobody, so that nobody learns from it."""


def new_key() -> bytes:
    """A random key of 32 bytes."""
    return os.urandom(KEY_BYTES)


def seal_bytes(plaintext: bytes, key: bytes, aad: bytes) -> bytes:
    """Seal short texts, columns and keys: not compressed, so the length shows."""
    return _seal(PLAIN, plaintext, key, aad)


def open_bytes(sealed: bytes, key: bytes, aad: bytes) -> bytes:
    """What ``seal_bytes`` sealed under the same key and AAD; raises Unopenable."""
    return _open(PLAIN, sealed, key, aad)


def seal_frame(plaintext: bytes, key: bytes, aad: bytes) -> bytes:
    """Compress, then seal one frame."""
    return _seal(COMPRESSED, _compressor().compress(plaintext), key, aad)


def open_frame(frame: bytes, key: bytes, aad: bytes, max_size: int = MAX_FRAME) -> bytes:
    """What ``seal_frame`` sealed; raises Unopenable, also if it would be longer than ``max_size`` bytes."""
    compressed = _open(COMPRESSED, frame, key, aad)
    try:
        size = zstandard.frame_content_size(compressed)
        # The library heeds max_output_size only where the frame states no size, and ours always does.
        if not 0 <= size <= max_size:
            raise Unopenable("the frame is larger than allowed, or does not say its size")
        return zstandard.ZstdDecompressor().decompress(compressed, allow_extra_data=False) if size else b""
    except zstandard.ZstdError as error:
        raise Unopenable("the frame cannot be decompressed") from error


def frame_aad(kind: str, publication: UUID, owner: UUID, frame: str) -> bytes:
    """Bind a frame to its place: report kind, publication, owner and name of the frame. Unambiguous by fixed widths
    and length prefixes."""
    return b"agent-extranet frame 1\0" + publication.bytes + owner.bytes + prefixed(kind) + prefixed(frame)


def prefixed(text: str) -> bytes:
    """UTF-8 behind its length in two big-endian bytes: parts cannot run into each other."""
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


_kept = threading.local()  # a compressor is not for two threads at once, and making one costs more than a short frame


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_kept, "compressor"):
        _kept.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    compressor: zstandard.ZstdCompressor = _kept.compressor
    return compressor


def _seal(version: bytes, plaintext: bytes, key: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return version + nonce + _cipher(key).encrypt(nonce, plaintext, version + aad)


def _open(version: bytes, sealed: bytes, key: bytes, aad: bytes) -> bytes:
    if len(sealed) < OVERHEAD or sealed[:1] != version:
        raise Unopenable("not sealed by this program, or cut")
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return _cipher(key).decrypt(nonce, ciphertext, version + aad)
    except InvalidTag:
        raise Unopenable("wrong key, wrong place or altered bytes") from None


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:  # AESGCM would take 16 bytes and quietly be AES-128
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return AESGCM(key)
