"""Generated passwords: read from a screen or a mail and typed by a person (J24)."""

import math
import secrets
from typing import Final

ALPHABET: Final = "bcdfghjknprtwxy3478"
"""One case, so that it can be read aloud; without i l o 0 1, s 5, z 2, u v, g-like q 9, b-like 6 and m (like rn);
without vowels, so that no word appears by chance."""
GROUPS: Final = 5
GROUP_LENGTH: Final = 4
GENERATED_BITS: Final = math.floor(GROUPS * GROUP_LENGTH * math.log2(len(ALPHABET)))


def generate_password() -> str:
    """Five groups of four signs joined by hyphens, every sign drawn evenly: GENERATED_BITS bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
