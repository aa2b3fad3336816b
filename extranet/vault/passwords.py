"""Generated passwords: read from a screen or a mail and typed by a person (J24); web/spelled.py reads them aloud."""

import math
import secrets
from typing import Final

ALPHABET: Final = "bcdfghjknprtwxy3478"
"""One case, so that it can be read aloud; without i l o 0 1, s 5, z 2, u v, g-like q 9, b-like 6 and m (like rn);
without vowels, so that no word appears by chance."""
GROUP_LENGTH: Final = 4
GROUP_BITS: Final = GROUP_LENGTH * math.log2(len(ALPHABET))
GROUPS: Final = 5
GENERATED_BITS: Final = math.floor(GROUPS * GROUP_BITS)


def generate_password(*, bits: int = GENERATED_BITS) -> str:
    """Groups of four signs joined by hyphens, every sign drawn evenly: as many groups as give at least ``bits``."""
    groups = math.ceil(bits / GROUP_BITS)
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(groups))
