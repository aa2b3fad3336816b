"""The header offers what one may open, and nothing else."""

from datetime import datetime

import pytest
import time_machine
from django.urls import reverse
from pytest_django import Settings

from extranet.credentials.models import Account, StaffRole
from extranet.profile.loader import current
from extranet.web.navigation import STAFF_PAGES
from tests.credentials.people import new_account
from tests.web.people import browser, log_in, signed_in
from tests.web.staff.people import at_work, staff_account


@pytest.mark.parametrize("role", StaffRole.values)
def test_staff_see_the_pages_of_their_role(db: None, now: datetime, role: str) -> None:
    with time_machine.travel(now, tick=False):
        client = at_work(staff_account("ada", role, now=now))
        offered = {url for _, url, _ in client.get(reverse("staff-home")).context["navigation"]}
        every = {reverse(name) for _, name in STAFF_PAGES}
        assert offered == {url for url in every if client.get(url).status_code != 403}
    assert offered < every


def test_agents_see_their_reports_and_where_they_are(db: None, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        links = signed_in(new_account(now=now)).get("/account/").context["navigation"]
    titles = [kind.title for kind in current().reports.values()]
    assert [label for label, _, _ in links] == ["Home", *titles, "Account", "Help"]
    assert [label for label, _, here in links if here] == ["Account"]


def test_strangers_and_who_has_a_step_to_take_see_no_links(db: None, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        account = new_account(now=now)
        Account.objects.filter(pk=account.pk).update(temporary=True)
        client = browser()
        assert "navigation" not in client.get("/login/").context
        log_in(client, account)
        assert client.get("/account/password/").context["navigation"] == []


def test_a_page_below_another_marks_that_one_and_an_overview_only_itself(db: None, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        agent = signed_in(new_account(now=now)).get("/account/password/").context["navigation"]
        desk = at_work(staff_account("dora", StaffRole.SERVICE_DESK, now=now))
        staff = desk.get("/staff/agents/").context["navigation"]
    assert [url for _, url, is_there in agent if is_there] == ["/account/"]
    assert [url for _, url, is_there in staff if is_there] == ["/staff/agents/"]


@pytest.mark.parametrize(("demo", "shown"), [(True, 1), (False, 0)])
def test_only_a_demonstration_leads_back_to_its_first_page(
    db: None, settings: Settings, demo: bool, shown: int
) -> None:
    settings.DEMO = demo
    assert browser().get("/login/").content.decode().count("http://portal.test/demo/") == shown
