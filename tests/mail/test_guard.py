from datetime import date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.mail.catalogue import RequestAnsweredMail
from extranet.mail.guard import MailBlocked, check, search
from extranet.profile.loader import current

TODAY = date(2026, 11, 16)
NUMBER = "a Social Security or taxpayer number"
BIRTH = "a birth date"
CASE = "a case number"
BESIDE = st.text(alphabet=" ,.:;()abcxyz\n", max_size=12)


def found(text: str, *phones: str) -> list[str]:
    return search(text, today=TODAY, phones=phones)


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
