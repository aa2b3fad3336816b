"""What speaks against a password that a person chose (IA-5(1), SP 800-63B-4): codes, for which pages have the words.

First the password is looked up in the list (blocklist.py), whatever its case, separators and signs for letters. Then
everything guessable is taken away from it: listed words (with letters written as signs), names of the exchange and of
the person, years, rows of keys and of digits, repeats. What stays must still be long enough to count: so words are
refused, too, that no list has in this order.
"""

import re
from functools import cache

from extranet.credentials.blocklist import canonical, composed, words
from extranet.credentials.hashing import LONGEST, prepared
from extranet.credentials.models import Account
from extranet.profile.in_force import policy
from extranet.profile.loader import current

TOO_SHORT, TOO_LONG, LISTED, REPEATS = "too_short", "too_long", "listed", "repeats"
COMMON, EXCHANGE, PERSON = "common", "exchange", "person"
MUST_STAY = 7
SHORTEST_WORD = 4
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1q2w3e4r5t6y7u8i9o0p")
_SIGNS = str.maketrans("@4301!$57", "aaeoiisst")
_TAKEN = "\0"  # stands for anything taken away; no password holds one


def faults(password: str, *, account: Account) -> list[str]:
    """Codes of all that is wrong with it; empty if it may be chosen. The history is asked apart (it costs hashes)."""
    chosen = prepared(password)
    shortest = policy().min_length_staff if account.is_staff_member else policy().min_length_agent
    if len(chosen) > LONGEST or _TAKEN in chosen:
        return [TOO_LONG]
    found = [TOO_SHORT] if len(chosen) < shortest else []
    return found + _guessable(chosen, account)


def listed() -> frozenset[str]:
    """The list as it is for this exchange, in canonical form."""
    profile = current()
    example = profile.license_example
    return _listed(_words_of_exchange(), (example, f"{profile.username_prefix}{example}", profile.username_example))


def _guessable(chosen: str, account: Account) -> list[str]:
    """The first reason that holds, from the plainest on."""
    if canonical(chosen) in listed():
        return [LISTED]
    if len(_few(chosen.casefold())) < MUST_STAY:
        return [REPEATS]
    known = words()
    if _stays(chosen, known) < MUST_STAY:
        return [COMMON]
    if _stays(chosen, known | _words_of_exchange()) < MUST_STAY:
        return [EXCHANGE]
    own = known | _words_of_exchange() | _words_of(account)
    return [PERSON] if _stays(_without_licenses(chosen), own) < MUST_STAY else []


def _stays(chosen: str, words: frozenset[str]) -> int:
    """How many signs are left when all that is guessable is gone."""
    text = _without(chosen.casefold(), words)
    text = _without_rows(re.sub(r"(?:19|20)\d\d", _TAKEN, text))
    text = _without(text.translate(_SIGNS), words)
    return len(_few(text.replace(_TAKEN, "")))


def _few(text: str) -> str:
    """Without repeats: ``aaaa`` is ``a``."""
    return _one_of_many(re.sub(r"(.)\1{2,}", r"\1", text))


def _without_licenses(chosen: str) -> str:
    """Numbers of the form of a license, with the prefix of user names or without: anybody's, not only one's own."""
    profile = current()
    form = profile.license_pattern.strip("^$")
    return re.sub(f"(?:{re.escape(profile.username_prefix)})?(?:{form})", _TAKEN, chosen, flags=re.IGNORECASE)


def _one_of_many(text: str) -> str:
    """``abcabcabc`` is no longer than ``abc``."""
    repeated = re.fullmatch(r"(.+?)\1+", text, re.DOTALL)
    return repeated[1] if repeated else text


def _without(text: str, words: frozenset[str]) -> str:
    for word in sorted((word for word in words if word in text), key=len, reverse=True):
        text = text.replace(word, _TAKEN)
    return text


def _without_rows(text: str) -> str:
    rows = [*_ROWS, *(row[::-1] for row in _ROWS)]
    kept, start = "", 0
    while start < len(text):
        end = start + 3
        while end <= len(text) and any(text[start:end] in row for row in rows):
            end += 1
        run = end - 1 - start
        kept, start = (kept + _TAKEN, start + run) if run >= 3 else (kept + text[start], start + 1)
    return kept


@cache
def _listed(own: frozenset[str], licenses: tuple[str, ...]) -> frozenset[str]:
    """Composed once for an exchange."""
    return composed(own, licenses)


def _words_of_exchange() -> frozenset[str]:
    profile = current()
    names = (profile.exchange.name, profile.exchange.short_name, profile.portal_name, profile.account_domain)
    return _words(*names, *profile.service_center.email.split("@"))


def _words_of(account: Account) -> frozenset[str]:
    agent = account.agent or account.principal
    own = [account.username, account.username.rpartition("\\")[2], account.display_name, *account.address.split("@")]
    if agent is not None:
        own += [agent.license, agent.npn, agent.first_name, agent.last_name, agent.agency_name, agent.phone]
    return _words(*own)


def _words(*names: str) -> frozenset[str]:
    whole = {name.casefold() for name in names}
    parts = {part for name in whole for part in re.split(r"[\W_]+", name)}
    joined = {re.sub(r"[\W_]+", "", name) for name in whole}
    return frozenset(word for word in whole | parts | joined if len(word) >= SHORTEST_WORD)
