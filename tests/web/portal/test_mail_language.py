"""Alice reads her e-mails in Spanish because she chose so; Bob's stay as they are, and the roster has no say in it."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from extranet.agents.mail_language import LanguageRefused, choose_language
from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.credentials.expiry import expire
from extranet.credentials.models import Account, StaffRole
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center.intake import receive
from tests.credentials.people import CHOSEN, events
from tests.profile.conftest import EVERGREEN
from tests.web.people import Answer, browser, text_of
from tests.web.staff.people import at_work, staff_account

pytestmark = pytest.mark.django_db
PAGE, FORM = "/account/", "/account/language/"
LABEL = "Language of my e-mails"


def choose(client: Client, language: str) -> Answer:
    return client.post(FORM, {"language": language}, follow=True)


def language_of(account: Account) -> str:
    return Agent.objects.get(account=account).language


def last_mail(kind: str, account: Account) -> str:
    row = OutboxMail.objects.filter(kind=kind, to_address=account.address).latest("posted_at")
    return f"{row.subject}\n{body_of(row).text}"


def test_alice_chooses_spanish_on_her_account_page(alices: Client, alice: Account, bob: Account) -> None:
    page = text_of(alices.get(PAGE))
    assert LABEL in page
    assert '<option value="en" selected>English</option>' in page
    assert "Our e-mails to you are in this language from now on: español." in text_of(choose(alices, "es"))
    assert '<option value="es" selected>español</option>' in text_of(alices.get(PAGE))
    assert (language_of(alice), language_of(bob)) == ("es", "")


def test_the_choice_stands_in_the_trail_once(alices: Client, alice: Account) -> None:
    choose(alices, "es")
    assert "is in this language already" not in text_of(choose(alices, "es"))
    found = events("agent:language:chosen")
    assert [(event.subject, event.detail) for event in found] == [(alice.username, {"language": "es"})]


@pytest.mark.parametrize("language", ["fr", "", "EN", "es\x00", "../es"])
def test_a_language_without_words_is_refused_and_nothing_changes(alices: Client, alice: Account, language: str) -> None:
    choose(alices, "es")
    assert "Choose one of these languages: English, español" in text_of(choose(alices, language))
    assert language_of(alice) == "es"
    assert len(events("agent:language:chosen")) == 1


def test_the_act_itself_refuses_what_is_not_offered(alice: Account, now: datetime) -> None:
    agent = Agent.objects.get(account=alice)
    with pytest.raises(LanguageRefused, match="choose one of en, es"):
        choose_language(agent=agent, language="fr", by=Actor.system("test"), now=now)


def test_staff_and_strangers_have_nothing_to_choose(now: datetime) -> None:
    desk = at_work(staff_account("dora", StaffRole.SERVICE_DESK, now=now))
    assert LABEL not in text_of(desk.get(PAGE))
    assert desk.post(FORM, {"language": "es"}).status_code == 403
    assert browser().post(FORM, {"language": "es"}).status_code == 302


def test_the_form_needs_our_own_page_and_a_get_changes_nothing(alices: Client, alice: Account) -> None:
    alices.handler.enforce_csrf_checks = True
    assert alices.post(FORM, {"language": "es"}).status_code == 403
    assert alices.get(FORM, {"language": "es"}).status_code == 405
    assert language_of(alice) == ""


def test_where_one_language_is_offered_there_is_no_form(alices: Client, settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(EVERGREEN)})
    assert LABEL not in text_of(alices.get(PAGE))


def test_a_language_that_is_no_longer_offered_is_the_first_one(
    alices: Client, alice: Account, settings: Settings
) -> None:
    choose(alices, "es")
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(EVERGREEN)})
    assert Account.objects.get(pk=alice.pk).language == "en"


def test_the_warning_comes_in_the_language_of_its_reader(
    alices: Client, alice: Account, bob: Account, now: datetime
) -> None:
    choose(alices, "es")
    day = alice.expires_on
    assert day is not None
    expire(now=now.replace(year=day.year, month=day.month, day=day.day, hour=20))
    spanish, english = last_mail("expiry_warning", alice), last_mail("expiry_warning", bob)
    assert "Su contraseña vence hoy" in spanish
    assert f"{day.day} de " in spanish
    assert "Your password" not in spanish
    assert "Your password expires today" in english
    assert "contraseña" not in english


def test_an_agents_request_is_confirmed_in_the_own_language_at_the_own_address_only(
    alices: Client, alice: Account, now: datetime
) -> None:
    choose(alices, "es")
    given: dict[str, Any] = {
        "name": "Alice",
        "license": alice.username.removeprefix("CC_"),
        "telephone": "916-555-0100",
    }
    receive(**given, email=alice.address.upper(), text="Help me.", network="192.0.2.0/24", now=now)
    receive(**given, email="stranger@else.example", text="Help me, too.", network="192.0.2.0/24", now=now)
    subjects = dict(OutboxMail.objects.filter(kind="request_received").values_list("to_address", "subject"))
    assert subjects[alice.address.upper()].startswith("Recibimos su solicitud")
    assert subjects["stranger@else.example"].startswith("We received your request")


def test_both_addresses_of_a_change_are_told_in_the_agents_language(alices: Client, alice: Account) -> None:
    choose(alices, "es")
    old = alice.address
    alices.post("/account/email/", {"new_email": "new@example.org", "password": CHOSEN})
    told = dict(OutboxMail.objects.filter(kind__startswith="email_change").values_list("to_address", "subject"))
    assert told.keys() == {old, "new@example.org"}
    assert all("dirección de correo" in subject for subject in told.values())
