"""An address shown so that its owner knows it and a stranger learns nothing (J18)."""

DOTS = "•••"


def masked(email: str) -> str:
    """First sign of the name and the whole domain, ``m•••@example.org``; the number of dots tells no length."""
    name, at, domain = email.rpartition("@")
    return f"{name[:1]}{DOTS}{at}{domain}" if name else DOTS
