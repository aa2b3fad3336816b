from datetime import date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.mail.catalogue import RequestAnsweredMail
from extranet.mail.guard import MailBlocked, check, check_text, search, shapes_of
from extranet.profile.loader import current

TODAY = date(2026, 11, 16)
NUMBER = "a Social Security or taxpayer number"
BIRTH = "a birth date"
CASE = "a case number"
BESIDE = st.text(alphabet=" ,.:;()abcxyz\n", max_size=12)


MEMBER, POLICY, ISSUERS = (
    "a number like Member ID",
    "a number like Exchange Policy ID",
    "a number like Issuer Member ID",
)


def found(text: str, *phones: str) -> list[str]:
    return search(text, today=TODAY, phones=phones)


def found_here(text: str) -> list[str]:
    """As an answer is searched: with the phone and the numbers of the profile in force."""
    profile = current()
    return search(text, today=TODAY, phones=(profile.service_center.phone,), shapes=shapes_of(profile))


@given(
    st.integers(1, 899), st.integers(1, 99), st.integers(1, 9999), st.sampled_from(["", "-", " ", "–"]), BESIDE, BESIDE
)
def test_every_social_security_number_is_found(
    area: int, group: int, serial: int, gap: str, before: str, after: str
) -> None:
    assume(area != 666)
    assert NUMBER in found(f"{before}{area:03}{gap}{group:02}{gap}{serial:04}{after}")


@given(st.integers(900, 999), st.sampled_from([*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)]))
def test_every_taxpayer_number_is_found(area: int, group: int) -> None:
    assert found(f"his ITIN is {area}-{group}-1234") == [NUMBER]


@pytest.mark.parametrize(
    "text", ["000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000", "912-49-1234", "12-345-6789", "1234-56-789"]
)
def test_numbers_that_nobody_is_given_are_not_taken_for_one(text: str) -> None:
    assert NUMBER not in found(text)


@pytest.mark.parametrize(
    "text", ["１２３-45-６７８９", "123\u200b-45-6789", "123‑45‑6789", "SSN:123.45.6789", "x123-45-6789y"]
)
def test_a_number_in_disguise_is_found(text: str) -> None:
    assert NUMBER in found(text)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("123,45,6789", [NUMBER]),
        ("it is 123,45,6789, he says", [NUMBER]),
        ("1,123,45,6789", []),
        ("123,45,6789,10", []),
        ("pages 120, 12, 2025", []),
        ("$123,456,789", []),
        ("Mar-02-1962", [BIRTH]),
        ("march/2/1962", [BIRTH]),
        ("Ene-02-1962", [BIRTH]),
        ("marzo-02-1962", [BIRTH]),
        ("Mar-02-2026", []),
        ("Decision-12-1999", []),
        ("Marketplace-10-1999", []),
        ("Mar-42-1962", []),
    ],
)
def test_commas_and_hyphens_are_found_in_numbers_and_dates_alone(text: str, kinds: list[str]) -> None:
    assert found(text) == kinds


@given(
    st.dates(date(1910, 1, 1), date(2024, 12, 31)),
    st.sampled_from(["%m/%d/%Y", "%m-%d-%Y", "%Y-%m-%d", "%B %d, %Y", "%d %b %Y"]),
)
def test_every_old_date_is_taken_for_a_birth_date(day: date, form: str) -> None:
    assert found(f"born? {day.strftime(form)}.") == [BIRTH]
    assert found(f"see {day.strftime(form)}.") == [BIRTH]


@pytest.mark.parametrize(
    "text", ["DOB 3/4/26", "the baby was born on 2026-10-01", "date of birth: 1/2/2025", "d.o.b. 04/05/80"]
)
def test_any_date_after_a_word_of_birth_is_found(text: str) -> None:
    assert found(text) == [BIRTH]


@given(
    st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.sampled_from(["%m/%d/%Y", "%Y-%m-%d", "%B %d, %Y", "%m/%d/%y"])
)
def test_dates_of_our_own_business_pass(day: date, form: str) -> None:
    assert found(f"your book as of {day.strftime(form)} is there") == []


@given(st.integers(10, 19).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), BESIDE, BESIDE)
def test_every_case_number_is_found(number: str, before: str, after: str) -> None:
    assert CASE in found(f"{before}{number}{after}")


@pytest.mark.parametrize("text", ["case 5000 1234 5678", "5000-1234-5678-9012", "case#5000123456", "ID_5000123456"])
def test_a_case_number_in_groups_or_glued_to_a_word_is_found(text: str) -> None:
    assert CASE in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Your request R-2026-000123 is answered.",
        "Call 916-555-0100 or 1 916 555 0100.",
        "Suite 1200, Sacramento, CA 95814-1234",
        "User name AB_1H12345, license 0E12345",
        "You have 1,410 rows in 963 cases.",
        "Open 8:00 - 17:00, 24/7 online",
        "It expires in 60 days, on 12/03/2026 at 08:00.",
    ],
)
def test_what_an_answer_needs_to_say_passes(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("123 - 45 - 6789", NUMBER),
        ("123  45  6789", NUMBER),
        ("123 . 45 . 6789", NUMBER),
        ("123/45/6789", NUMBER),
        ("123_45_6789", NUMBER),
        ("123 dash 45 dash 6789", NUMBER),
        ("123, then 45, then 6789", NUMBER),
        ("su número es 123 guion 45 guión 6789", NUMBER),
        ("123 y 45 y 6789", NUMBER),
        ("SSN １２３ ４５ ６７８９", NUMBER),
        ("SSN ١٢٣-٤٥-٦٧٨٩", NUMBER),
        ("ITIN 912 - 70 - 1234", NUMBER),
        ("DOB 03 04 1980", BIRTH),
        ("DOB: 19800304", BIRTH),
        ("her birthday is 03041980", BIRTH),
        ("03 / 04 / 1980", BIRTH),
        ("4-Mar-1980", BIRTH),
        ("the 4th of March, 1980", BIRTH),
        ("11/02/2026 is her date of birth", BIRTH),
        ("11/02/2026 (DOB)", BIRTH),
        ("nació el 2/11/2026", BIRTH),
        ("nacida el 2 de noviembre de 2026", BIRTH),
        ("fecha de nacimiento: 2/11/26", BIRTH),
        ("F. NAC. 2/11/2026", BIRTH),
        ("2/11/2026 es su fecha de nacimiento", BIRTH),
        ("el 5 de enero de 1980", BIRTH),
        ("5 de agosto del 1980", BIRTH),
        ("diciembre 5, 1980", BIRTH),
        ("abril 5 de 1980", BIRTH),
        ("case 5000.1234.5678", CASE),
        ("caso 5000 punto 1234 punto 5678", CASE),
        ("member 1003900001", MEMBER),
        ("member 1 003 900 001", MEMBER),
        ("member 10-0390-0001", MEMBER),
        ("policy 70000001234", POLICY),
        ("policy 7 0000 001 234", POLICY),
        ("issuer id X0012345678", ISSUERS),
        ("issuer id x 0012 345678", ISSUERS),
    ],
)
def test_what_must_not_leave_is_found(text: str, kind: str) -> None:
    assert kind in found_here(text)


@pytest.mark.parametrize(
    "text",
    [
        "Call 877-453-9198 (Mon - Fri 8:00 - 17:00), or 1 877 453 9198.",
        "Llame al 916.555.0100 o al (916) 555-0143.",
        "The book of November 16, 2026 was released at 9:00 AM on 11/16/2026.",
        "El informe del 16 de noviembre de 2026 llegó el 17/11/2026.",
        "It was published on 12-03-2026 08:00 and again on 10-11-2026 at 9.",
        "Your certification of 3/4/2026 stands on the roster; it expires on 12/31/2027.",
        "Request R-CDFH-47, license 1H12345, NPN 10000001, user name CC_1H12345.",
        "You have 1,410 rows, 963 cases, 45 new ones and 12 changes.",
        "The password lapses in 14 days; use it before 11/30/2026, then choose your own within 60.",
        "Rule 10 CCR 6650 and form 1095, lines 3, 45 and 6789.",
        "Suite 1200, 1601 Exposition Blvd., Sacramento, CA 95815-2200",
        "Plan 40513CA0380004 is a Silver 70 plan for 2026.",
        "Su usuario es CC_1H12345. Entre, y luego cambie la contraseña; nunca la mande por correo.",
        "The columns Date of Birth and Member ID are empty this week.",
        "Version 2.10.3 of 2026-11-16",
    ],
)
def test_what_the_business_says_passes(text: str) -> None:
    assert found_here(text) == []


def test_the_shapes_are_the_profiles_own() -> None:
    assert set(shapes_of(current())) == {"Member ID", "Exchange Policy ID", "Issuer Member ID"}
    assert search("ticket AB-1234", today=TODAY, shapes={"Ticket": "AB-?[0-9]{4}"}) == ["a number like Ticket"]
    assert search("ticket AB-12345", today=TODAY, shapes={"Ticket": "AB-?[0-9]{4}"}) == []


@pytest.mark.django_db
def test_a_note_is_blocked_and_recorded_like_a_mail(now: datetime) -> None:
    by = Actor("staff", "staff\\bob")
    with pytest.raises(MailBlocked):
        check_text("born 3/4/1980", what="note", about="R-CDFH-47", by=by, now=now)
    check_text("called, all is well", what="note", about="R-CDFH-47", by=by, now=now)
    (event,) = Event.objects.filter(action=Action.MAIL_BLOCKED)
    assert (event.subject, event.detail) == ("R-CDFH-47", {"kind": "note", "found": [BIRTH]})


@pytest.mark.parametrize("form", ["8005550100", "(800) 555-0100", "+1 800 555 0100", "800.555.0100"])
def test_the_exchanges_own_phone_passes_however_it_is_written(form: str) -> None:
    assert found(f"call {form} now", "800-555-0100") == []
    assert found("call 8005550199 now", "800-555-0100") == [CASE]


def test_the_phone_exempts_nothing_around_it() -> None:
    assert found("800555010012", "800-555-0100") == [CASE]


@pytest.mark.django_db
def test_a_blocked_answer_is_recorded_without_what_it_said(now: datetime) -> None:
    mail = RequestAnsweredMail(number="R-2026-000001", answer="Her number is 123-45-6789.")
    with pytest.raises(MailBlocked) as blocked:
        check(mail, about="R-2026-000001", by=Actor("staff", "staff\\bob"), now=now)
    event = Event.objects.get(action=Action.MAIL_BLOCKED)
    assert (event.subject, event.actor, event.detail["found"]) == ("R-2026-000001", "staff\\bob", [NUMBER])
    assert "6789" not in f"{event.detail}{blocked.value}"


@pytest.mark.django_db
def test_a_clean_answer_with_the_phone_of_the_profile_passes_without_a_trace(now: datetime) -> None:
    phone = current().service_center.phone.replace("-", "")
    mail = RequestAnsweredMail(number="R-2026-000001", answer=f"Call {phone}.")
    check(mail, about="R-2026-000001", by=Actor("staff", "staff\\bob"), now=now)
    assert not Event.objects.exists()
