"""The gateway's way out of the house (J7, J8, SC-8): the mark for the exchange's gateway, and a checked connection.

The gateway encrypts what bears the profile's word first in its subject, or the profile's header; up to the gateway the
mail travels under verified TLS. A folder of messages never leaves the machine, so there the mark is all.
"""

REQUIRE_TLS = "requiretls"  # RFC 8689: no later server may pass the mail on in clear


def marked(subject: str, mark: str) -> str:
    """The subject with the mark first, once; as it is where the profile has none."""
    return subject if not mark or subject.startswith(f"{mark} ") else f"{mark} {subject}"


def mail_options(*, secured: bool, offered: set[str]) -> list[str]:
    """Options of MAIL FROM: REQUIRETLS for a secured mail where the server offers it."""
    return ["REQUIRETLS"] if secured and REQUIRE_TLS in offered else []


def require_verified(*, verified: bool) -> str:
    """Why a secured mail may not leave over this connection; blank if it may."""
    return "" if verified else "secured mail needs verified TLS, which the server does not offer"
