"""User names as people type them, and the one form in which they are stored (J14).

The grammar is strict and ASCII only: no null byte, no look-alike letter, no inner blank ever reaches a query.
"""

import re
import string

from extranet.profile.exchange import Profile
from extranet.profile.loader import current

STAFF_DOMAIN = "staff"
LONGEST = 60
_OUTER = string.whitespace.replace("\x0b", "").replace("\x0c", "") + "\u00a0"  # what a paste from a mail brings along
_TYPED = re.compile(r"(?:(?P<domain>[A-Za-z0-9_-]+)[\\/])?(?P<name>[A-Za-z0-9._-]+)", re.ASCII)
_STAFF = re.compile(r"[a-z][a-z0-9._-]{0,39}", re.ASCII)
_AGENCY_STAFF = re.compile(r"[a-z][a-z0-9-]{0,19}", re.ASCII)


class UsernameRefused(ValueError):
    """No user name of this exchange can look like this."""


def parse(text: str) -> str:
    """The canonical name of what was typed: ``<prefix><license>``, ``<prefix><license>.<name>`` or ``staff\\<name>``.
    Raises UsernameRefused.

    Forgiven: outer blanks, any case, the domain or none, either slash after it, the license without prefix.
    """
    match = _TYPED.fullmatch(text.strip(_OUTER)) if len(text) <= 4 * LONGEST else None
    if match is None:
        raise UsernameRefused("not a user name")
    domain, name = (match["domain"] or "").lower(), match["name"]
    if domain == STAFF_DOMAIN:
        return staff_username(name)
    profile = current()
    if domain not in ("", profile.account_domain.lower()):
        raise UsernameRefused("another domain")
    return _agent_name(name, profile) if _is_license(name, profile) else _agency_staff_name(name, profile)


def agent_username(license_number: str) -> str:
    """The canonical name of the account of that license; raises UsernameRefused."""
    return _agent_name(license_number, current())


def agency_staff_username(license_number: str, name: str) -> str:
    """The canonical name of an account of that license's agency staff; raises UsernameRefused."""
    return _agency_staff_name(f"{license_number}.{name}", current())


def staff_username(name: str) -> str:
    """The canonical name of a staff account; raises UsernameRefused."""
    if not _STAFF.fullmatch(name.lower()):
        raise UsernameRefused("not a staff name")
    return f"{STAFF_DOMAIN}\\{name.lower()}"


def is_agents(username: str) -> bool:
    """Whether a canonical name is an agent's: prefix and license, nothing after it."""
    return "\\" not in username and _is_license(username, current())


def shown(username: str) -> str:
    """The full form that people see, with the account domain; staff names have theirs already."""
    return username if "\\" in username else f"{current().account_domain}\\{username}"


def _agent_name(name: str, profile: Profile) -> str:
    if not _is_license(name, profile):
        raise UsernameRefused("not a license number")
    return f"{profile.username_prefix}{_bare(name, profile)}"


def _agency_staff_name(name: str, profile: Profile) -> str:
    """The part after the last dot is the person's; it has none of its own."""
    license_number, _, person = name.rpartition(".")
    if not _AGENCY_STAFF.fullmatch(person.lower()):
        raise UsernameRefused("not a license number, nor the name of somebody's staff")
    return f"{_agent_name(license_number, profile)}.{person.lower()}"


def _is_license(name: str, profile: Profile) -> bool:
    return re.fullmatch(profile.license_pattern, _bare(name, profile), re.ASCII) is not None


def _bare(name: str, profile: Profile) -> str:
    return name.upper().removeprefix(profile.username_prefix.upper())
