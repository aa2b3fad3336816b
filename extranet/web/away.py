"""A store that is away, or a flood of logins, is no fault of the page: the person is told to wait, and a monitor sees
503, not 500."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from extranet.credentials.hashing import HashingBusy
from extranet.reports.store_answers import is_store_away
from extranet.web.errors import CROWDED, refuse

RETRY_AFTER = 60  # seconds

log = structlog.get_logger(__name__)


class StoreAwayMiddleware:
    """Answers for a view that could not reach the store, or found too many passwords being checked already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, HashingBusy):
            return refuse(request, 503, words=CROWDED, retry_after=exception.retry_after)
        if not is_store_away(exception):
            return None
        log.error("store away", error=type(exception).__name__, reason=str(exception))
        return refuse(request, 503, retry_after=RETRY_AFTER)
