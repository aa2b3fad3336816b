"""Administrators add staff by a one-use link and end their access at once (IA-2, AC-2)."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.credentials.models import Account, EnrolmentLink, StaffRole
from extranet.credentials.staff import EnrolmentOver, look
from tests.credentials.people import events, fresh, mails
from tests.web.people import Answer, text_of
from tests.web.staff.people import at_work

FORM = {"name": "Nina", "display_name": "Nina Invented", "email": "nina@staff.test", "role": "auditor"}
LINK = "/staff/accounts/nina/link/"
Clock = time_machine.Traveller


def add(client: Client, **changed: str) -> Answer:
    return client.post("/staff/accounts/", {**FORM, **changed})


def shown_link(client: Client, path: str = LINK) -> str:
    found = re.search(r'<code id="enrolment-link"[^>]*>([^<]*)</code>', text_of(client.get(path)))
    return found[1] if found else ""


def token_of(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def test_a_new_account_gets_a_link_that_works_shown_and_mailed(administrator: Client, now: datetime) -> None:
    assert add(administrator).headers["Location"] == LINK
    link = shown_link(administrator)
    account = look(token=token_of(link), now=now)
    assert (account.username, account.role, account.staff_email) == ("staff\\nina", "auditor", "nina@staff.test")
    assert [mail.kind for mail in mails("staff\\nina")] == ["staff_enrolment"]
    assert events("staff:account:added")[0].actor == "staff\\amelia"


def test_without_an_address_the_link_is_handed_over(administrator: Client) -> None:
    add(administrator, email="")
    assert "Hand it over yourself" in text_of(administrator.get(LINK))
    assert not mails()


def test_a_second_click_leads_to_the_same_link(administrator: Client) -> None:
    links = [shown_link(administrator, add(administrator).headers["Location"]) for _ in range(2)]
    assert links[0] == links[1] != ""
    assert EnrolmentLink.objects.count() == len(mails()) == 1


def test_the_link_is_shown_for_ten_minutes_in_that_session_only(
    administrator: Client, amelia: Account, clock: Clock, now: datetime
) -> None:
    add(administrator)
    link = shown_link(administrator)
    assert link not in str(dict(administrator.session.items()))
    clock.move_to(now + timedelta(minutes=10))
    assert shown_link(administrator) == ""
    clock.move_to(now)
    assert shown_link(at_work(amelia)) == ""


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "9nina"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "dora"}, "name"),
        ({"display_name": ""}, "display_name"),
        ({"email": "nowhere"}, "email"),
        ({"role": "king"}, "role"),
    ],
)
def test_a_fault_stands_beside_its_field_and_nobody_is_added(
    administrator: Client, dora: Account, changed: dict[str, str], field: str
) -> None:
    answer = add(administrator, **changed)
    assert answer.status_code == 422
    assert f'id="id_{field}-error"' in text_of(answer)
    assert set(Account.objects.values_list("username", flat=True)) == {"staff\\amelia", "staff\\dora"}


def test_a_new_link_ends_the_older_and_a_second_click_ends_nothing(
    administrator: Client, clock: Clock, now: datetime
) -> None:
    add(administrator)
    first = token_of(shown_link(administrator))
    later = now + timedelta(minutes=2)
    clock.move_to(later)
    for _ in range(2):
        assert administrator.post("/staff/accounts/nina/invite/").headers["Location"] == LINK
    second = token_of(shown_link(administrator))
    assert second != first
    assert look(token=second, now=later).username == "staff\\nina"
    with pytest.raises(EnrolmentOver):
        look(token=first, now=later)
    assert len(mails("staff\\nina")) == 2


def test_disabling_ends_the_session_in_the_middle(administrator: Client, dora: Account, desk: Client) -> None:
    assert desk.get("/staff/").status_code == 200
    for _ in range(2):
        assert administrator.post("/staff/accounts/dora/disable/", {"reason": "left"}).status_code == 302
    assert desk.get("/staff/").status_code == 302
    assert not fresh(dora).is_active
    assert len(events("account:disabled:done")) == 1
    assert "disabled: left" in text_of(administrator.get("/staff/accounts/"))


def test_disabling_needs_a_reason(administrator: Client, dora: Account) -> None:
    answer = administrator.post("/staff/accounts/dora/disable/", {"reason": " "})
    assert answer.status_code == 422
    assert 'id="id_reason-error"' in text_of(answer)
    assert fresh(dora).is_active


def test_nobody_disables_the_own_account(administrator: Client, amelia: Account) -> None:
    administrator.post("/staff/accounts/amelia/disable/", {"reason": "tired"})
    assert fresh(amelia).is_active
    assert "Ask another administrator" in text_of(administrator.get("/staff/accounts/amelia/"))


def test_a_disabled_account_gets_no_link_until_it_is_enabled(administrator: Client, dora: Account) -> None:
    administrator.post("/staff/accounts/dora/disable/", {"reason": "left"})
    assert administrator.post("/staff/accounts/dora/invite/").headers["Location"] == "/staff/accounts/dora/"
    assert not EnrolmentLink.objects.exists()
    for _ in range(2):
        administrator.post("/staff/accounts/dora/enable/")
    assert fresh(dora).is_active
    assert len(events("account:enabled:done")) == 1


def test_agents_have_no_page_here(administrator: Client, alice: Account) -> None:
    for name in ("1H10001", alice.username, "nobody"):
        assert administrator.get(f"/staff/accounts/{name}/").status_code == 404
        assert administrator.post(f"/staff/accounts/{name}/disable/", {"reason": "x"}).status_code == 404
    assert alice.username not in text_of(administrator.get("/staff/accounts/"))


def test_only_administrators_enter(staff_clients: dict[str, Client], alices: Client) -> None:
    for path in ("/staff/accounts/", "/staff/accounts/dora/", "/staff/accounts/dora/link/"):
        admitted = [role for role, client in staff_clients.items() if client.get(path).status_code == 200]
        assert admitted == [StaffRole.ADMINISTRATOR]
        assert alices.get(path).status_code == 403
    others = [client for role, client in staff_clients.items() if role != StaffRole.ADMINISTRATOR]
    for act in ("invite", "disable", "enable"):
        path = f"/staff/accounts/amelia/{act}/"
        assert {client.post(path, {"reason": "x"}).status_code for client in (*others, alices)} == {403}
    assert {add(client).status_code for client in (*others, alices)} == {403}
    assert not Account.objects.filter(username="staff\\nina").exists()
