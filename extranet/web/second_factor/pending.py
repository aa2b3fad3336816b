"""Between password and second factor: who it is, for five minutes. It opens nothing but the page of the code."""

from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest

from extranet.credentials.models import Account
from extranet.web.entering import leave

KEY = "second_factor_pending"
GOOD_FOR = timedelta(minutes=5)


def remember(request: HttpRequest, *, account: Account, onward: str, now: datetime) -> None:
    """Note in a session under a new id that the password was right."""
    leave(request, now=now)
    request.session.flush()
    request.session[KEY] = {
        "account": str(account.pk),
        "serial": account.password_serial,
        "at": now.isoformat(),
        "onward": onward,
    }


def pending(request: HttpRequest, *, now: datetime) -> tuple[Account, str] | None:
    """The account that still owes its second factor, and where it wanted to go; None if too late or changed since."""
    noted = request.session.get(KEY)
    if not noted or now - datetime.fromisoformat(noted["at"]) >= GOOD_FOR:
        return None
    same = Account.objects.select_related("agent").filter(pk=UUID(noted["account"]), password_serial=noted["serial"])
    account = same.first()
    return (account, noted["onward"]) if account else None
