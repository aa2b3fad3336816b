"""The links of the header: what this account may open, and nothing while a step is still to be taken."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils import timezone

from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.web.access import Rule
from extranet.web.steps import pending_step

Link = tuple[str, str, bool]
STAFF_PAGES = (
    ("Overview", "staff-home"),
    ("Publications", "staff-publications"),
    ("Roster", "staff-roster"),
    ("API tokens", "staff-tokens"),
    ("Agents", "staff-agents"),
    ("Requests", "staff-requests"),
    ("Mail", "staff-mail"),
    ("Audit", "staff-audit"),
    ("Staff accounts", "staff-accounts"),
    ("Account", "account"),
)


def navigation_for(request: HttpRequest, account: Account) -> list[Link]:
    """(label, address, whether the request is there) of each page that the account's rule admits."""
    if pending_step(account=account, now=timezone.now()):
        return []
    pages = _staff_pages(account) if account.is_staff_member else _agent_pages(account)
    return [(label, url, _is_there(request.path, url)) for label, url in pages]


def _is_there(path: str, url: str) -> bool:
    """On the page itself, or on one below it; below an overview lies everything, so that one marks itself only."""
    return path == url or (url.endswith("/") and url != reverse("staff-home") and path.startswith(url))


def _agent_pages(account: Account) -> Iterable[tuple[str, str]]:
    """Agency staff find the books that are open to them on their home page."""
    yield "Home", reverse("home")
    for kind in current().reports.values() if account.agent_id else ():
        yield kind.title, reverse("book", args=[kind.slug])
    yield "Account", reverse("account")
    yield "Help", reverse("support")


def _staff_pages(account: Account) -> Iterable[tuple[str, str]]:
    for label, name in STAFF_PAGES:
        url = reverse(name)
        rule: Rule = getattr(resolve(url).func, "access")  # noqa: B009  # a function has no such attribute for mypy
        if rule.admits(account):
            yield label, url
