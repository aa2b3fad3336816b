"""Find an agent by what a person says: a license number, a name, an address, a telephone number."""

import re
from uuid import UUID

from django.db.models import Q, QuerySet

from extranet.agents.models import Agent

SHORTEST = 2  # signs; less would list half of the roster


def normal_license(text: str) -> str:
    """A license number as it is stored: upper case, no blanks. Says nothing about whether it exists."""
    return "".join(typed(text).split()).upper()


def typed(text: str) -> str:
    """The text with a blank for every sign that nobody can type: of some a database only says that it fails."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def by_license(license: str) -> Agent | None:
    """The agent who holds that license today, typed in any case."""
    return Agent.objects.filter(license=normal_license(license)).first()


def by_license_ever(license: str) -> Agent | None:
    """The agent who holds that license today, or held it before a rename."""
    holder = id_by_license_ever(license)
    return None if holder is None else Agent.objects.filter(pk=holder).first()


def id_by_license_ever(license: str) -> UUID | None:
    """The id of that agent. Both are always looked up, by an index: one query for either would read every agent where
    nobody has the license, and so tell by its time that nobody has."""
    number = normal_license(license)
    today = Agent.objects.filter(license=number).values_list("id", flat=True).first()
    before = Agent.objects.filter(former_licenses__license=number).values_list("id", flat=True).first()
    return today or before


def search(text: str) -> QuerySet[Agent]:
    """Agents whose license (also a former one), NPN, telephone, address or name begins with each word of the text.

    Ordered by name. Fewer than two signs find nobody.
    """
    words = typed(text).split()
    if len("".join(words)) < SHORTEST:
        return Agent.objects.none()
    found = Agent.objects.all()
    for word in words:
        found = found.filter(_begins(word))
    return found.distinct().order_by("last_name", "first_name", "license")


def _begins(word: str) -> Q:
    digits = re.sub(r"\D", "", word)
    license = word.upper()
    wanted = (
        Q(license__startswith=license)
        | Q(former_licenses__license=license)
        | Q(first_name__istartswith=word)
        | Q(last_name__istartswith=word)
        | Q(email__istartswith=word)
    )
    if digits and not re.search(r"[^\d().+-]", word):
        wanted |= Q(npn=digits) | Q(phone__startswith=digits)
    return wanted
