"""Tokens for links, codes for people, digests to store."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

TOKEN_BYTES: Final = 20  # 160 bits
CODE_ALPHABET: Final = "CDFHJKMNPRTWXY3479"  # capitals and digits that no typeface confuses; no vowels, so no words
CODE_LENGTH: Final = 6


def new_token() -> str:
    """160 random bits in 32 letters and digits: mail programs cut links at other signs, and some change case."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().lower()


def digest(token: str) -> str:
    """What is stored of a token: SHA-256 in hex. Enough because tokens are random; never use it for passwords."""
    return hashlib.sha256(token.encode()).hexdigest()


def short_code() -> str:
    """Six signs that a person copies from one screen to another; 25 bits, so tries must be counted."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def normalise_code(typed: str) -> str:
    """The code as shown, from how people type it: any case, with blanks or hyphens."""
    return "".join(typed.split()).replace("-", "").upper()


def same(a: str, b: str) -> bool:
    """Compare secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(a.encode(), b.encode())
