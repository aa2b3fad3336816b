"""Who may open which page, read from the rules of the views: docs/reference/permissions.md is written from it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from extranet.credentials.step_up import Proof
from extranet.web.access import Rule

INTRODUCTION = """\
# Who may open which page

Written from the rules that the views declare (`extranet/web/access.py`); a test walks every address as a stranger, an
agent and each role of staff, compares what happens with this table, and says how to write it again when it is out of
date. A view that declares no rule is refused to everybody.

*anybody* needs no login. *signed in* is every agent and every member of staff; where *steps may be open*, also those
who still have to choose a password or accept the agreement, and where the *second factor may be open*, those who have
done that and must still set one up. Pages marked *proof* ask for a second factor of the last minutes first: always
those of the factors, downloads where policy sets `step_up_minutes`. An agent who may open a page still
sees the own data only: whose book it is, is decided where the book is opened. No role of staff can open a book.

*tokens of publishers* are the API: no session enters there, and no token anywhere else.

| address | name | who |
|---|---|---|
"""


@dataclass(frozen=True)
class Route:
    """One address with its rule; ``None`` where the view forgot to declare one."""

    address: str
    name: str
    rule: Rule | None
    proof: Proof | None = None


def routes(urlconf: str) -> list[Route]:
    """Every address of a URLconf, in its order."""
    return list(_walk(get_resolver(urlconf).url_patterns, ""))


def permissions_page(found: Iterable[Route]) -> str:
    """The reference page as Markdown."""
    lines = [
        f"| `/{route.address}` | {route.name} | {_who(route.rule)}{'; proof' if route.proof else ''} |"
        for route in found
    ]
    return INTRODUCTION + "\n".join(lines) + "\n"


def _walk(patterns: Iterable[URLPattern | URLResolver], before: str) -> Iterator[Route]:
    for entry in patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, address)
        else:
            view = entry.callback
            yield Route(address, entry.name or "", getattr(view, "access", None), getattr(view, "proof", None))


def _who(rule: Rule | None) -> str:
    return rule.name if rule else "nobody"


def example_of(address: str, values: dict[str, str]) -> str:
    """An address with values in place of its parameters, by their converter."""
    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", lambda match: values[match[1] or "str"], address)
