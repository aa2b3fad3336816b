"""A release that was asked for together with a file: the worker comes to it later, so whoever asked is judged again.

``reports`` knows no accounts and no tokens: settings.RELEASE_JUDGE names the function that does.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from extranet.reports.refusals import UsageRefused

Judge = Callable[[str, UUID | None, datetime], str]
"""Given the user name, the token that was used (None: the pages) and the moment: why not, or blank."""


class NoLongerVouched(UsageRefused):
    """Who asked for the release may not ask for it any more: the file is checked and sealed, and waits for a person."""


def require_vouched(*, username: str, token: UUID | None, now: datetime) -> None:
    """Raise NoLongerVouched."""
    judge: Judge = import_string(settings.RELEASE_JUDGE)
    why = judge(username, token, now)
    if why:
        raise NoLongerVouched(f"not released, though it was asked for with the file: {why}")
