"""Who may open which page, read from the rules of the views: docs/reference/permissions.md is written from it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from extranet.credentials.models import StaffRole
from extranet.credentials.step_up import Proof
from extranet.web.access import BOOK, OWN, Rule

PERSONS = (
    "nobody",
    "agent",
    "other agent",
    "agency manager",
    "agency staff",
    "publisher",
    "service desk",
    "auditor",
    "administrator",
    "API token",
)
"""The columns. The agent's book or staff is what is asked for where a page is about one; the other agent has nothing to
do with the first one, the manager manages the agency, agency staff hold rights on the book."""

STAFF_COLUMNS = (StaffRole.PUBLISHER, StaffRole.SERVICE_DESK, StaffRole.AUDITOR, StaffRole.ADMINISTRATOR)

IN, LOGIN, NO, TOKEN = "in", "login", "no", "token"
OWN_ONE, AGENCY, GRANTED = "own", "agency", "granted"

INTRODUCTION = """\
# Who may open which page

Written from the rules that the views declare (`extranet/web/access.py`); `tests/web/test_permissions.py` walks every
address as each of these persons, compares what happens with this table, and says how to write it again when it is out
of date. A view that declares no rule is refused to everybody.

| word | means |
|---|---|
| in | may enter; of what is personal, everybody sees the own only |
| own | the own book, or the own staff |
| agency | the books of the agents of the managed agency, the weeks in which they were in it |
| granted | the books that a grant in force names, with the right that the page asks for |
| login | is led to the login page |
| token | is asked for a token |
| no | is refused: 403 by the rule, 404 where somebody else's is asked for |

*steps may be open* lets in those who still have to choose a password or accept the agreement, *second factor may be
open* those who have done that and must still set one up. Pages marked *proof* ask for a second factor of the last
minutes first: always those of the factors, that of the e-mail address of who has a factor, downloads where policy sets
`step_up_minutes`.

The **agent** asks for the own; the **other agent**, of another agency, asks for that agent's, and so do the **agency
manager** of that agent, and **agency staff** who were given rights on that agent's book (view, and export where it is a
download). Whether a step is open (an own password, the agreement) is asked beyond this table; *steps may be open* says
where it is not. No role of staff can open a book, no token enters the portal, no session enters the API.

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
    head = ["address", "rule", *PERSONS]
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line([f"`/{route.address}`", _rule_of(route), *_cells(route.rule)]) for route in found]
    return INTRODUCTION + "\n".join(lines) + "\n"


def matrix(page: str) -> dict[str, dict[str, str]]:
    """The table as it stands on the page: address to person to word."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:3] == "| `"]
    return {address.strip("`"): dict(zip(PERSONS, cells, strict=True)) for address, _, *cells in rows}


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(rule: Rule | None) -> list[str]:
    if rule is None:
        return [NO] * len(PERSONS)
    if rule.gate is not None:
        return [TOKEN] * (len(PERSONS) - 1) + [IN]
    if rule.anybody:
        return [IN] * len(PERSONS)
    staff = [IN if role in rule.roles else NO for role in STAFF_COLUMNS]
    return [LOGIN, *_of_agents(rule), GRANTED if rule.subject == BOOK else _in(rule.agency_staff), *staff, LOGIN]


def _of_agents(rule: Rule) -> list[str]:
    """Agent, other agent, agency manager."""
    if rule.subject == BOOK:
        return [OWN_ONE, NO, AGENCY]
    return [OWN_ONE, NO, NO] if rule.subject == OWN else [_in(rule.agents)] * 3


def _in(admitted: bool) -> str:
    return IN if admitted else NO


def _walk(patterns: Iterable[URLPattern | URLResolver], before: str) -> Iterator[Route]:
    for entry in patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, address)
        else:
            view = entry.callback
            yield Route(address, entry.name or "", getattr(view, "access", None), getattr(view, "proof", None))


def _rule_of(route: Route) -> str:
    return f"{_who(route.rule)}; proof" if route.proof else _who(route.rule)


def _who(rule: Rule | None) -> str:
    return rule.name if rule else "none: refused to everybody"


def example_of(address: str, values: dict[str, str]) -> str:
    """An address with values in place of its parameters, by their name, else by their converter."""
    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", lambda match: values.get(match[2], values[match[1] or "str"]), address)
