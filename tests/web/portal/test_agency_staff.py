"""Nina works for Mona, who manages Alice's agency. Bob is of another one: nobody sees anything of his."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from extranet.agents.models import AgencyRole
from extranet.credentials.book_grants import Right, may
from extranet.credentials.models import Account, BookGrant
from extranet.credentials.second_factor import code_at, is_enrolled
from extranet.mail.outbox import body_of
from extranet.reports import render as rendering
from extranet.reports import shelf
from extranet.service_center.models import SupportRequest
from tests.credentials.agency import (
    ACT,
    EVERYTHING,
    EXPORT,
    HARBOR,
    VALLEY,
    VIEW,
    acting,
    joins,
    new_agency_staff,
    new_manager,
    owner,
)
from tests.credentials.people import CHOSEN, NEW, events, mails
from tests.reports.exchange import ALICE, BOB, LAST_MONDAY, MONDAY, book_row
from tests.web.people import browser, log_in, signed_in, text_of
from tests.web.portal.conftest import Publish, agent_of

BOOK = "/reports/book-of-business/"
FILE, CHANGES = f"{BOOK}download/", f"{BOOK}changes/"
STAFF = "/account/staff/"
MONA = "1H10007"
WEEK = timedelta(days=7)


@pytest.fixture
def mona(db: None, alice: Account, bob: Account, now: datetime) -> Account:
    before = now - 3 * WEEK
    account = new_manager(MONA, now=before)
    joins(alice, HARBOR, now=before)
    joins(bob, VALLEY, now=before)
    return account


@pytest.fixture
def monas(mona: Account, clock: object) -> Client:
    return signed_in(mona)


@pytest.fixture
def nina(mona: Account, alice: Account, now: datetime) -> Account:
    return new_agency_staff(mona, {owner(alice): EXPORT}, now=now)


@pytest.fixture
def ninas(nina: Account, clock: object) -> Client:
    return signed_in(nina)


def invitation(**more: Any) -> dict[str, Any]:
    return {"name": "nina", "display_name": "Nina Night", "email": "nina@office.test", "book": ALICE, **more}


def link_of(username: str) -> str:
    """The address in the mail, as the person opens it."""
    mail = next(mail for mail in mails(username) if mail.kind == "agency_staff_enrolment" and mail.sealed_body)
    found = re.search(r"https?://portal\.test(/login/enrol/\S+)", body_of(mail).text)
    assert found
    return found[1]


# From the invitation to the first look


def test_an_invited_person_sets_an_own_password_and_opens_what_was_granted(
    monas: Client, mona: Account, published: None
) -> None:
    answer = monas.post(STAFF, invitation(more=["export"]), follow=True)
    assert "Nina Night was invited" in text_of(answer)
    nina = Account.objects.get(username=f"CC_{MONA}.nina")
    link = link_of(nina.username)
    assert link not in text_of(answer)  # nobody but Nina ever sees it
    hers = browser()
    assert hers.get(link).status_code == 200
    assert "Your account is ready" in text_of(hers.post(link, {"password": CHOSEN, "again": CHOSEN, "code": ""}))
    assert hers.get(link).status_code == 410
    assert log_in(hers, f"ecoveredca\\cc_{MONA.lower()}.NINA").headers["Location"] == "/sites/ccAgentPortal"
    assert hers.get("/sites/ccAgentPortal").headers["Location"] == "/agreement/"
    hers.post("/agreement/", {"version": hers.get("/agreement/").context["version"]})
    home = text_of(hers.get("/sites/ccAgentPortal"))
    assert f"{BOOK}?agent={ALICE}" in home
    assert f"{FILE}?agent={ALICE}" in home
    assert "Nuñez-Ortega" in text_of(hers.get(BOOK, {"agent": ALICE}))
    assert hers.get(FILE, {"agent": ALICE}).status_code == 200


def test_the_link_may_set_up_an_app_as_well(monas: Client) -> None:
    monas.post(STAFF, invitation())
    nina = Account.objects.get(username=f"CC_{MONA}.nina")
    hers, link = browser(), link_of(nina.username)
    key = hers.get(link).context["proposal"].secret
    from_app = code_at(secret=key, now=datetime.now().astimezone())
    page = text_of(hers.post(link, {"password": CHOSEN, "again": CHOSEN, "code": from_app}))
    assert "recovery codes" in page
    assert is_enrolled(account=nina)
    assert log_in(hers, nina).headers["Location"] == "/login/second-factor/"


def test_where_agents_need_a_second_factor_so_do_their_staff(monas: Client, settings: Settings) -> None:
    monas.post(STAFF, invitation())
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "nist_63b4"})
    hers, link = browser(), link_of(f"CC_{MONA}.nina")
    typed = {"password": CHOSEN, "again": CHOSEN, "code": ""}
    page = hers.post(link, typed)
    assert "(optional)" not in text_of(page)
    assert page.context["form"].errors.keys() == {"code"}
    assert log_in(hers, f"CC_{MONA}.nina").status_code == 200  # the link was not spent, there is no password


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "9na"}, "name"),
        ({"name": "ni na"}, "name"),
        ({"email": "nowhere"}, "email"),
        ({"display_name": ""}, "display_name"),
        ({"book": BOB}, "book"),
        ({"more": ["everything"]}, "more"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nobody_is_invited(
    wrong: dict[str, Any], field: str, monas: Client
) -> None:
    answer = monas.post(STAFF, invitation(**wrong))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Account.objects.exclude(principal=None).exists()


def test_a_name_is_never_given_to_a_second_person(monas: Client, nina: Account) -> None:
    monas.post(f"{STAFF}{nina.pk}/revoke/")
    answer = monas.post(STAFF, invitation(display_name="Nora New", email="nora@office.test"))
    assert "exists already" in text_of(answer)
    assert Account.objects.get(pk=nina.pk).display_name == "Nina Night"


# Rights


def test_without_export_there_is_no_download_and_none_is_offered(
    mona: Account, alice: Account, published: None, now: datetime
) -> None:
    omar = new_agency_staff(mona, {owner(alice): VIEW}, now=now, name="omar")
    client = signed_in(omar)
    page = text_of(client.get(BOOK, {"agent": ALICE}))
    assert "Nuñez-Ortega" in page
    assert "format=" not in page + text_of(client.get("/sites/ccAgentPortal"))
    assert client.get(FILE, {"agent": ALICE, "format": "csv"}).status_code == 404
    assert not events("book:download:done")
    assert [event.detail["reason"] for event in events("book:view:refused", ALICE)] == ["no right to export"]
    assert client.get(CHANGES, {"agent": ALICE}).status_code == 200


@pytest.mark.parametrize("license", ["", MONA, BOB, "4999999", "nonsense"])
def test_of_nobody_else_anything_is_found(ninas: Client, published: None, license: str) -> None:
    for page in (BOOK, CHANGES, FILE):
        assert ninas.get(page, {"agent": license}).status_code == 404
    assert not events("book:view:done")


def test_every_look_is_in_the_trail_under_the_person(ninas: Client, nina: Account, published: None) -> None:
    ninas.get(BOOK, {"agent": ALICE})
    ninas.get(FILE, {"agent": ALICE})
    ninas.get(CHANGES, {"agent": ALICE})
    seen = [*events("book:view:done"), *events("book:download:done")]
    assert {(event.actor_kind, event.actor, event.subject) for event in seen} == {
        ("agency_staff", nina.username, ALICE)
    }


def test_staff_find_no_page_of_the_agent_and_give_no_rights(
    ninas: Client, nina: Account, mona: Account, alice: Account
) -> None:
    grant = BookGrant.objects.get(account=nina)
    pages = [STAFF, f"{STAFF}{nina.pk}/", f"{STAFF}{nina.pk}/{ALICE}/end/", f"{STAFF}rights/{grant.pk}/end/"]
    for page in (*pages, "/staff/"):
        assert ninas.get(page).status_code == 403
        assert ninas.post(page, {"book": ALICE, "more": ["act"]}).status_code == 403
    own = text_of(ninas.get("/account/"))
    assert nina.username in own
    assert owner(mona).email not in own
    assert not may(nina, owner(alice), Right.ACT, grant.granted_at)


def test_nobody_finds_the_staff_of_another(nina: Account, bobs: Client, alices: Client, mona: Account) -> None:
    for client in (bobs, alices):
        assert client.get(f"{STAFF}{nina.pk}/").status_code == 404
        for act in ("link", "revoke", f"{ALICE}/end"):
            assert client.post(f"{STAFF}{nina.pk}/{act}/").status_code == 404
    assert BookGrant.objects.filter(account=nina, ended_at=None).count() == 1


def test_the_manager_changes_and_ends_rights_on_the_page(
    monas: Client, ninas: Client, nina: Account, published: None
) -> None:
    monas.post(f"{STAFF}{nina.pk}/", {"book": ALICE, "more": []})
    assert ninas.get(FILE, {"agent": ALICE}).status_code == 404
    monas.post(f"{STAFF}{nina.pk}/", {"book": MONA, "more": []})
    monas.post(f"{STAFF}{nina.pk}/{ALICE}/end/")
    assert ninas.get(BOOK, {"agent": ALICE}).status_code == 404
    assert ninas.get(BOOK, {"agent": MONA}).status_code == 200


def test_the_agent_sees_what_the_manager_gave_and_ends_it(
    nina: Account, ninas: Client, alices: Client, published: None
) -> None:
    page = alices.get(STAFF)
    assert "Nina Night" in text_of(page)
    ((grant, _),) = page.context["others"]
    alices.post(f"{STAFF}rights/{grant.pk}/end/")
    assert (
        ninas.get(BOOK, {"agent": ALICE}).headers["Location"]
        == "/login/?" + "next=%2Freports%2Fbook-of-business%2F&ended=rights_ended"
    )
    assert "no report is open to you" in text_of(ninas.get("/login/?ended=rights_ended"))


def test_revoked_while_the_file_is_built_nothing_is_sent(
    ninas: Client, nina: Account, monas: Client, mona: Account, published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(*args: Any) -> bytes:
        built.append(rendering.render(*args))
        monas.post(f"{STAFF}{nina.pk}/revoke/")
        return built[-1]

    monkeypatch.setattr(shelf, "render", build)
    answer = ninas.get(FILE, {"agent": ALICE, "format": "csv"})
    assert built
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login/?ended=rights_ended")
    assert not events("book:download:done")
    assert log_in(ninas, nina).status_code == 200  # and the right password opens nothing


def test_export_taken_away_while_the_file_is_built_nothing_is_sent(
    ninas: Client, nina: Account, monas: Client, published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*args: Any) -> bytes:
        monas.post(f"{STAFF}{nina.pk}/", {"book": ALICE, "more": []})
        return rendering.render(*args)

    monkeypatch.setattr(shelf, "render", build)
    assert ninas.get(FILE, {"agent": ALICE, "format": "csv"}).status_code == 404
    assert not events("book:download:done")
    assert ninas.get(BOOK, {"agent": ALICE}).status_code == 200


def test_saving_what_is_shown_changes_nothing(monas: Client, nina: Account) -> None:
    page = text_of(monas.get(f"{STAFF}{nina.pk}/"))
    ticked = re.findall(r'<input type="checkbox"[^>]*checked[^>]*>', page)
    assert [re.findall('value="([^"]*)"', box) for box in ticked] == [["export"]]
    monas.post(f"{STAFF}{nina.pk}/", {"book": ALICE, "more": ["export"]})
    assert not events("agency-staff:right:ended")


# Acting


def form_of(license: str) -> dict[str, str]:
    return {
        "name": "Nina Night",
        "license": license,
        "email": "nina@office.test",
        "telephone": "916-555-0100",
        "text": "A case is missing.",
    }


def test_who_may_act_writes_to_the_service_center_and_is_named(
    mona: Account, alice: Account, published: None, now: datetime
) -> None:
    omar = new_agency_staff(mona, {owner(alice): ACT}, now=now, name="omar")
    client = signed_in(omar)
    assert f"/support/?agent={ALICE}" in text_of(client.get("/sites/ccAgentPortal"))
    assert client.get("/support/", {"agent": ALICE}).context["form"].initial["license"] == ALICE
    assert client.post("/support/", form_of(ALICE)).status_code == 200
    request = SupportRequest.objects.get()
    assert request.agent == agent_of(alice)
    assert [step.by for step in request.steps.all()] == [omar.username]
    assert [event.actor for event in events("request:received:done")] == [omar.username]


@pytest.mark.parametrize("license", [ALICE, BOB, MONA, "4999999"])
def test_who_may_not_act_writes_for_nobody(ninas: Client, nina: Account, license: str) -> None:
    answer = ninas.post("/support/", form_of(license))
    assert answer.status_code == 422
    assert "no right to write for this agent" in text_of(answer)
    assert not SupportRequest.objects.exists()
    assert [event.actor for event in events("request:received:refused")] == [nina.username]


# Their own account


def test_staff_change_their_own_password_and_the_agents_stays(ninas: Client, nina: Account, mona: Account) -> None:
    before = Account.objects.get(pk=mona.pk).password
    ninas.post("/account/password/", {"old": CHOSEN, "new": NEW, "again": NEW})
    assert Account.objects.get(pk=nina.pk).password_serial == 2
    assert Account.objects.get(pk=mona.pk).password == before


# Weeks


def test_the_weeks_are_those_that_the_manager_may_open(
    mona: Account, alice: Account, publish_rows: Publish, now: datetime
) -> None:
    """Alice moves on Monday, between two publications: each agency's manager and staff have their weeks, and the old
    agency none any more."""
    vera = new_manager("1H10008", VALLEY, now=now - 3 * WEEK)
    publish_rows([book_row(ALICE, 1, last_name="Lastweek")], as_of=LAST_MONDAY, at=now - WEEK)
    nina = new_agency_staff(mona, {owner(alice): EXPORT}, now=now - WEEK)
    joins(alice, VALLEY, now=now - timedelta(hours=1))
    olga = new_agency_staff(vera, {owner(alice): VIEW}, now=now, name="olga")
    publish_rows([book_row(ALICE, 1, last_name="Thisweek")], as_of=MONDAY, at=now)
    for account in (vera, olga):
        client = signed_in(account)
        assert "Thisweek" in text_of(client.get(BOOK, {"agent": ALICE}))
        assert client.get(BOOK, {"agent": ALICE, "week": LAST_MONDAY.isoformat()}).status_code == 404
    assert signed_in(mona).get(BOOK, {"agent": ALICE, "week": LAST_MONDAY.isoformat()}).status_code == 404
    assert log_in(browser(), nina).status_code == 200  # nothing is open to Nina any more
    assert "Lastweek" in text_of(signed_in(alice).get(BOOK, {"week": LAST_MONDAY.isoformat()}))


def test_before_the_switch_the_new_manager_has_no_week_at_all(
    mona: Account, alice: Account, publish_rows: Publish, now: datetime
) -> None:
    vera = new_manager("1H10008", VALLEY, now=now - 3 * WEEK)
    publish_rows([book_row(ALICE, 1, last_name="Lastweek")], as_of=LAST_MONDAY, at=now - WEEK)
    joins(alice, VALLEY, now=now - timedelta(hours=1))
    for account in (vera, mona):
        assert signed_in(account).get(BOOK, {"agent": ALICE}).status_code == 404


def test_a_manager_who_leaves_loses_the_books_at_that_moment(
    mona: Account, monas: Client, alice: Account, published: None, now: datetime, clock: time_machine.Traveller
) -> None:
    assert monas.get(BOOK, {"agent": ALICE}).status_code == 200
    clock.shift(timedelta(minutes=1))
    joins(mona, VALLEY, now=now + timedelta(minutes=1), role=AgencyRole.AGENCY_MANAGER)
    for page in (BOOK, CHANGES, FILE):
        assert monas.get(page, {"agent": ALICE}).status_code == 404
        assert monas.get(page, {"agent": BOB}).status_code == 200  # of the agency that is managed now, as at the switch
    assert ALICE not in text_of(monas.get("/sites/ccAgentPortal"))


def test_an_agent_alone_has_staff_for_the_own_book_and_all_its_weeks(
    alice: Account, publish_rows: Publish, now: datetime
) -> None:
    for week, moment in ((LAST_MONDAY, now - WEEK), (MONDAY, now)):
        publish_rows([book_row(ALICE, 1)], as_of=week, at=moment)
    omar = new_agency_staff(alice, {owner(alice): EVERYTHING}, now=now, name="omar")
    client = signed_in(omar)
    for week in (MONDAY, LAST_MONDAY):
        assert client.get(BOOK, {"agent": ALICE, "week": week.isoformat()}).status_code == 200
    assert acting(omar).kind == "agency_staff"
