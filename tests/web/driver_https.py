"""A site under https in a process of its own: people walk through it; printed is what cookies any answer set."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.test.utils import setup_test_environment
from django.utils import timezone

from extranet.credentials.models import StaffRole
from extranet.credentials.staff import add_staff
from extranet.mail.catalogue import UsernameMail
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of, post
from tests.credentials.people import CHOSEN, DESK, new_account
from tests.credentials.reset_walks import link_in, reset_mails
from tests.web.reset_site.browser import Browser
from tests.web.staff.people import at_work, staff_account
from tests.web.walking import admitted, doors

PORTAL, RESET = "portal.example.org", "reset.example.org"
HOSTS = {"portal.test": PORTAL, "reset.test": RESET}
seen: dict[str, list[Any]] = {}


def watched(host: str) -> Client:
    """A browser behind the proxy that ends TLS: the program itself is spoken to by plain http."""
    client = Client(headers={"host": host, "user-agent": "Firefox (Windows)", "origin": f"https://{host}"})
    client.request = _noting(client.request)  # type: ignore[method-assign]
    return client


def _noting(send: Callable[..., Any]) -> Callable[..., Any]:
    def request(**environ: Any) -> Any:
        answer = send(**environ)
        for name, cookie in answer.cookies.items():
            facts = [
                bool(cookie["secure"]),
                bool(cookie["httponly"]),
                cookie["samesite"],
                cookie["path"],
                cookie["domain"],
            ]
            seen.setdefault(name, facts if cookie.value else [*facts, "only ever deleted"])
            assert seen[name][:5] == facts or not cookie.value, name
        return answer

    return request


def walk() -> None:
    """Every page as everybody, and the ways that set cookies to their end."""
    now = timezone.now()
    alice = new_account("4000001", now=now)
    people = {"stranger": watched(PORTAL), "agent": watched(PORTAL)}
    logged = people["agent"].post("/login/", {"username": alice.username, "password": CHOSEN})
    assert logged.status_code == 302
    people["agent"].post("/agreement/", {"version": people["agent"].get("/agreement/").context["version"]})
    assert (
        people["agent"].post("/account/sessions/end-others/").status_code == 302
    )  # with a message, shown by the next page
    for role in StaffRole.values:
        people[role] = watched(PORTAL)
        people[role].cookies = at_work(staff_account(role.replace("_", ""), role, now=now)).cookies
    for door in doors():
        client = admitted(door, people) if door.path != "/logout/" else people["stranger"]
        for method in ("get", "post"):
            getattr(client, method)(door.path, headers={"host": HOSTS[door.host]})
    invited = add_staff(name="eve", role="auditor", display_name="Eve", email="", by=DESK, now=now)
    assert watched(PORTAL).get(invited.link.removeprefix(f"https://{PORTAL}")).status_code == 200
    forgetful = Browser(watched(RESET))
    forgetful.ask("4000001")
    assert forgetful.open(link_in(reset_mails(alice)[0])).send().status == 200
    pick_up()
    people["agent"].post("/logout/")


def pick_up() -> None:
    """A secured mail that waits, to its end."""
    bob = new_account("4000002", now=timezone.now())
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"secured_mail": "pickup"})
    with transaction.atomic():
        mail = UsernameMail(first_name="Bob", last_name="Example", username=bob.username)
        notice = post(mail, to=bob.address, about=bob.username, key="bob", language="", now=timezone.now())
    reader = Browser(watched(RESET))
    code = reader.open(_secured_link(notice)).send(username="4000002").page.by_id["letter-code"]
    second = OutboxMail.objects.get(kind="secured_link")
    assert reader.open(_secured_link(second)).send(code=code).status == 200


def _secured_link(mail: OutboxMail) -> str:
    return next(word for word in body_of(mail).text.split() if "/secured/" in word)


def forms() -> dict[str, int]:
    """A form with its right token whose browser says nothing of where it stands, and one that names our page."""
    client = Client(enforce_csrf_checks=True, headers={"host": PORTAL})
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/login/").content.decode())
    assert found
    sent = {"csrfmiddlewaretoken": found[1], "username": "", "password": ""}
    where = {"nowhere": {}, "here": {"referer": f"https://{PORTAL}/login/"}, "plain": {"origin": f"http://{PORTAL}"}}
    return {name: client.post("/login/", sent, headers=headers).status_code for name, headers in where.items()}


call_command("migrate", verbosity=0)
setup_test_environment()
walk()
json.dump({"cookies": seen, "forms": forms()}, sys.stdout)
