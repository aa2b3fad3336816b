"""People with a browser: agents and staff of the tests, and how they log in through the real pages."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from extranet.credentials.models import Account
from tests.credentials.people import CHOSEN

FIREFOX = "Firefox (Windows)"
Answer = Any  # what a test client gives: an HttpResponse with more on it


def browser(*, address: str = "198.51.100.7", csrf: bool = False) -> Client:
    """A browser of its own, at the portal's address."""
    headers = {"user-agent": FIREFOX}
    return Client(SERVER_NAME="portal.test", REMOTE_ADDR=address, headers=headers, enforce_csrf_checks=csrf)


def log_in(client: Client, account: Account | str, password: str = CHOSEN, **extra: str) -> Answer:
    """Type name and password into the form; the answer is not followed."""
    name = account if isinstance(account, str) else account.username
    return client.post("/login/", {"username": name, "password": password, **extra})


def signed_in(account: Account, *, agreed: bool = True) -> Client:
    """A browser in which that agent is logged in, with the agreement accepted."""
    client = browser()
    assert log_in(client, account).status_code == 302
    if agreed:
        page = client.get("/agreement/")
        client.post("/agreement/", {"version": page.context["version"]})
    return client


def text_of(response: HttpResponse | Answer) -> str:
    return str(response.content.decode())
