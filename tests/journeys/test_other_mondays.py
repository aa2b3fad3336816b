"""J4, J15: Mondays that are not like others: too early, missed, with people who wait, or who had an account before."""

import io

from extranet.credentials.accounts_import import import_accounts
from extranet.credentials.models import Account
from tests.journeys.exchange import ALICE, BOB, CHARLIE, GENERATED, MONDAY, OPERATOR, Exchange, username

BEGINS = "installed"


def test_a_minute_before_monday_s_hour_nobody_has_a_mail(exchange: Exchange) -> None:
    exchange.at("2026-11-12 15:00").roster(ALICE, BOB)
    exchange.at("2026-11-16 05:59").tick()
    assert exchange.mails(ALICE["email"]) == []
    exchange.at("2026-11-16 06:00").tick()
    assert len(exchange.mails(ALICE["email"])) == 3


def test_after_two_missed_mondays_everybody_gets_the_three(exchange: Exchange) -> None:
    exchange.at("2026-11-12 15:00").roster(ALICE)
    late = {**BOB, "certified_on": "2026-11-19", "status_on": "2026-11-19"}
    exchange.at("2026-11-20 15:00").roster(ALICE, late)
    exchange.at("2026-11-25 11:00").tick()  # Wednesday: the machine is back
    assert len(exchange.mails(ALICE["email"])) == 3
    assert len(exchange.mails(BOB["email"])) == 3


def test_who_is_certified_on_monday_itself_waits_for_the_next(exchange: Exchange) -> None:
    today = {**BOB, "certified_on": str(MONDAY), "status_on": str(MONDAY)}
    exchange.at("2026-11-16 05:00").roster(ALICE, today)
    exchange.at("2026-11-16 06:00").tick()
    assert (len(exchange.mails(ALICE["email"])), len(exchange.mails(BOB["email"]))) == (3, 0)
    exchange.at("2026-11-23 06:00").tick()
    assert (len(exchange.mails(ALICE["email"])), len(exchange.mails(BOB["email"]))) == (3, 3)


def test_who_is_not_certified_gets_nothing(exchange: Exchange) -> None:
    suspended, pending = {**ALICE, "status": "suspended"}, {**BOB, "status": "pending"}
    exchange.at("2026-11-12 15:00").roster(suspended, pending, CHARLIE)
    exchange.at("2026-11-16 06:00").tick()
    assert exchange.mails(ALICE["email"]) + exchange.mails(BOB["email"]) == []


def test_a_living_account_is_kept_with_its_password_and_told_so(exchange: Exchange) -> None:
    exchange.at("2026-11-12 15:00").roster(ALICE, BOB)
    earlier = f"License,E-mail,Password date\n{ALICE['license']},{ALICE['email']},2026-11-01\n"
    import_accounts(io.BytesIO(earlier.encode()), by=OPERATOR, now=exchange.now)
    before = Account.objects.get(agent__license=ALICE["license"])
    exchange.at("2026-11-16 06:00").tick()
    mails = exchange.mails(ALICE["email"])
    assert len(mails) == 2
    assert username(ALICE) in mails[1].text
    assert not [mail for mail in mails if GENERATED.search(mail.text)]
    after = Account.objects.get(agent__license=ALICE["license"])
    assert (after.pk, after.password_serial) == (before.pk, before.password_serial)
    assert len(exchange.mails(BOB["email"])) == 3
