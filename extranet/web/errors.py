"""Error pages: what happened in plain words and what to do next; never a detail, a path or a trace.

They are rendered without request, session, database and context processors, because any of these may be what failed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from extranet.profile.loader import current
from extranet.profile.words import addresses

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErrorWords:
    """What one error page says."""

    title: str
    text: str
    remedies: tuple[str, ...]


ASK = "If it happens again, ask the service center: phone and e-mail stand at the end of this page."
WORDS: Mapping[int, ErrorWords] = {
    400: ErrorWords(
        "We could not read that request",
        "Something in the address or in the form was not as this site expects it.",
        ("Go back and try once more.", "Open the page from the home page instead of from a bookmark.", ASK),
    ),
    403: ErrorWords(
        "You cannot open this page",
        "Your account does not have access to it. Nothing was changed.",
        ("Check that you are logged in with the right account.", ASK),
    ),
    404: ErrorWords(
        "Page not found",
        "There is no page at this address, or it is not one of yours.",
        ("Check the address for a typing error.", "Start from the home page.", ASK),
    ),
    410: ErrorWords(
        "This link is not valid any more",
        "It was used already, a newer act ended it, or its time is over.",
        ("Ask for a new link.", "Use the link of the newest e-mail, and only once.", ASK),
    ),
    422: ErrorWords(
        "The file was not accepted",
        "It is not as it must be. Nothing was changed.",
        ("Correct the file and send it again.", ASK),
    ),
    429: ErrorWords(
        "Too many tries",
        "For the protection of all accounts this has to wait a little.",
        ("Wait some minutes, then try again.", "If you do not know your password, use the reset link.", ASK),
    ),
    500: ErrorWords(
        "Something went wrong on our side",
        "It is not your fault. What you sent was not saved, and nothing is half done.",
        ("Wait a minute and try again.", ASK),
    ),
    503: ErrorWords(
        "The site is not available right now",
        "Something that it needs is away for the moment. Nothing was changed.",
        ("Wait some minutes and try again.", ASK),
    ),
}
CROWDED = ErrorWords(
    "Very many people are logging in right now",
    "Passwords are checked a few at a time, so that the site stays up for everybody who is logged in. "
    "Your password was not looked at, and this did not count as a try.",
    ("Wait some seconds, go back and send the form once more.", ASK),
)
FORM_TOO_OLD = ErrorWords(
    "The form could not be checked",
    "It was open for a long time, you logged in or out in another tab, or your browser refuses cookies. "
    "Nothing was changed.",
    ("Go back, load the page again and send the form once more.", "Allow cookies for this site.", ASK),
)
LAST_RESORT = (
    '<!doctype html><html lang="en-US"><head><meta charset="utf-8"><title>{title}</title></head>'
    "<body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
)


def refuse(
    request: HttpRequest, status: int, *, words: ErrorWords | None = None, retry_after: int | None = None
) -> HttpResponse:
    """The page for this status (one of WORDS). ``retry_after`` in seconds goes into the header.

    The request is taken for its place in the call only; see the reason at the top.
    """
    words = words or WORDS[status]
    response = HttpResponse(_html(status, words), status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _html(status: int, words: ErrorWords) -> str:
    """The page in the site's look; bare where even profile or templates fail."""
    context = {"status": status, "title": words.title, "text": words.text, "remedies": words.remedies}
    try:
        return render_to_string("errors/page.html", {**context, "exchange": current(), **addresses()})
    except Exception:  # whatever it is, the person gets an answer and the log gets the reason
        logger.exception("error page could not be rendered")
        return LAST_RESORT.format(title=words.title, text=words.text)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400"""
    return refuse(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403"""
    return refuse(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404"""
    return refuse(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500"""
    return refuse(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: the reason helps an attacker more than a person, so it is not shown."""
    return refuse(request, 403, words=FORM_TOO_OLD)
