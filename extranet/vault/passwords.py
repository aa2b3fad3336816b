"""Generated passwords: read from a screen or a mail and typed by a person (J24), or read aloud to a person."""

import math
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALPHABET: Final = "bcdfghjknprtwxy3478"
"""One case, so that it can be read aloud; without i l o 0 1, s 5, z 2, u v, g-like q 9, b-like 6 and m (like rn);
without vowels, so that no word appears by chance."""
GROUP_LENGTH: Final = 4
GROUP_BITS: Final = GROUP_LENGTH * math.log2(len(ALPHABET))
GROUPS: Final = 5
GENERATED_BITS: Final = math.floor(GROUPS * GROUP_BITS)

SPOKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "b": "bravo",
        "c": "charlie",
        "d": "delta",
        "f": "foxtrot",
        "g": "golf",
        "h": "hotel",
        "j": "juliet",
        "k": "kilo",
        "m": "mike",
        "n": "november",
        "p": "papa",
        "r": "romeo",
        "t": "tango",
        "w": "whiskey",
        "x": "x-ray",
        "y": "yankee",
        "3": "three",
        "4": "four",
        "7": "seven",
        "8": "eight",
        "9": "nine",
    }
)
"""The spelling alphabet of pilots and telephone desks, for every sign that a password or a code may have: b, c, d, g, p
and t sound alike when they are only named."""


def generate_password(*, bits: int = GENERATED_BITS) -> str:
    """Groups of four signs joined by hyphens, every sign drawn evenly: as many groups as give at least ``bits``."""
    groups = math.ceil(bits / GROUP_BITS)
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(groups))


def spelled(secret: str) -> str:
    """How a password or code is read aloud: ``kilo four papa three, whiskey …``; a comma where a hyphen stands."""
    groups = (" ".join(SPOKEN[sign] for sign in group) for group in secret.lower().split("-"))
    return ", ".join(groups)
