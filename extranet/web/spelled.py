"""How a password or a code is read aloud: by a screen reader, by a helper, by the desk to a caller."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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


def spelled(secret: str) -> str:
    """How a password or code is read aloud: ``kilo four papa three, whiskey …``; a comma where a hyphen stands."""
    groups = (" ".join(SPOKEN[sign] for sign in group) for group in secret.lower().split("-"))
    return ", ".join(groups)
