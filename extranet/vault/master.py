"""Where a master key lives: base64 of it, or the ``pkcs11:`` address of one that never leaves its token.

Either form may stand in the variable, in the file of the key, and among the other master keys.
"""

from pathlib import Path

from extranet.vault.keys import Master, MasterKey, decode_key, key_text
from extranet.vault.pkcs11 import SCHEME, token_key


def load_master(value: str, file: Path) -> Master:
    """The master key from its value, or else from its file; raises KeyRefused."""
    return _master(*key_text("master", value, file))


def load_others(value: str, file: Path | None) -> list[Master]:
    """Further master keys, separated by blanks or lines, from the value and from the file; raises KeyRefused."""
    words = [(word, "a key in EXTRANET_OTHER_MASTER_KEYS") for word in value.split()]
    if file is not None:
        text, _ = key_text("other master", "", file)
        words += [(word, f"a master key in {file}") for word in text.split()]
    return [_master(word, where) for word, where in words]


def names_a_token(value: str, file: Path) -> bool:
    """Whether the master key is one of a token, which this program cannot replace; raises KeyRefused."""
    return key_text("master", value, file)[0].startswith(SCHEME)


def _master(text: str, where: str) -> Master:
    if text.startswith(SCHEME):
        return token_key(text, where)
    return MasterKey.of(decode_key(text, where))
