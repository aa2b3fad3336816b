"""The e-mail address of an account as a stranger may see it (J18): two letters, and as many for names without account.

User names are public, so whoever types one sees this. The owner recognises the own address; everybody else learns
neither it nor whether there is an account. A decoy takes its letters from two agents of the roster, chosen by a keyed
digest of the name: it stays the same from day to day and has the letters that addresses here have.
"""

from uuid import UUID

from django.utils.crypto import salted_hmac

from extranet.agents.models import Agent

STARS = "*****"  # always as many: the length of an address would tell it from others
_NOBODY = "abcdefghijklmnoprstuvw"


def mask(address: str) -> str:
    """First letters of mailbox and domain; blank where it is no address."""
    mailbox, _, domain = address.strip().rpartition("@")
    return f"{mailbox[0].lower()}{STARS}@{domain[0].lower()}{STARS}" if mailbox and domain else ""


def decoy(username: str) -> str:
    """What an unknown name is shown. Costs the same queries for every name; known names pay them too."""
    mailbox, domain = (_somebody(username, part) for part in ("mailbox", "domain"))
    return f"{mask(mailbox).partition('@')[0]}@{mask(domain).partition('@')[2]}"


def _somebody(username: str, part: str) -> str:
    drawn = salted_hmac(f"extranet.reset.decoy.{part}", username, algorithm="sha256").digest()
    agents = Agent.objects.filter(email__contains="@").order_by("pk").values_list("email", flat=True)
    after, first = agents.filter(pk__gte=UUID(bytes=drawn[:16])).first(), agents.first()  # always both, for equal work
    found = after or first
    letter = _NOBODY[drawn[16] % len(_NOBODY)]
    return found if found and mask(found) else f"{letter}@{letter}"
