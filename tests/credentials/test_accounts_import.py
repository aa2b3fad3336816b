"""Accounts of an earlier system (J15): never a hash, all or nothing, the same file again changes nothing."""

from collections import Counter
from datetime import date, datetime, timedelta
from io import BytesIO

import pytest

from extranet.credentials.accounts_import import Imported, ImportRefused, import_accounts, spread_expiry
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account
from tests.credentials.people import DESK, NEW, days, events, fresh, new_account, new_agent

pytestmark = pytest.mark.django_db
HEADER = "license,email,password_date"


def take(*rows: str, now: datetime, header: str = HEADER) -> Imported:
    return import_accounts(BytesIO("\n".join([header, *rows]).encode()), by=DESK, now=now)


def refusal(*rows: str, now: datetime, header: str = HEADER) -> list[tuple[int, str, str]]:
    with pytest.raises(ImportRefused) as refused:
        take(*rows, now=now, header=header)
    assert Account.objects.count() == 0
    return [(fault.line, fault.column, fault.reason) for fault in refused.value.faults]


def test_known_and_unknown_password_dates(now: datetime) -> None:
    new_agent("4000001"), new_agent("4000002"), new_agent("4000003")
    result = take("4000001,4000001@agents.test,2026-11-01", "4000002,4000002@agents.test,", now=now)
    assert (result.added, result.reset_needed, result.unknown, result.other_address) == (2, 1, [], [])
    known, unknown = Account.objects.order_by("username")
    assert known.imported
    assert unknown.imported
    assert known.expires_on is not None
    assert date(2026, 12, 31) <= known.expires_on < date(2027, 1, 30)
    assert (unknown.expires_on, unknown.password_set_at, unknown.password_serial) == (None, None, 0)
    assert {event.subject for event in events("account:imported:done")} == {known.username, unknown.username}


def test_without_a_hash_only_the_reset_link_leads_in(now: datetime) -> None:
    new_agent("4000001")
    take("4000001,4000001@agents.test,2026-11-01", now=now)
    account = Account.objects.select_related("agent").get()
    assert may_enter(account, channel=Channel.PORTAL, now=now).reason is Reason.NO_PASSWORD
    assert may_enter(account, channel=Channel.RESET, now=now).allowed


def test_the_same_file_again_changes_nothing_and_a_corrected_one_does(now: datetime) -> None:
    new_agent("4000001")
    take("4000001,4000001@agents.test,2026-11-01", now=now)
    before = Account.objects.values().get()
    again = take("4000001,4000001@agents.test,2026-11-01", now=now + days(1))
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)
    assert Account.objects.values().get() == before
    assert take("4000001,4000001@agents.test,2026-11-02", now=now).changed == 1


def test_a_password_that_was_chosen_here_is_never_touched(now: datetime) -> None:
    account = new_account("4000001", now=now)
    before = fresh(account).expires_on
    assert take("4000001,4000001@agents.test,2026-01-01", now=now).unchanged == 1
    assert fresh(account).expires_on == before
    imported = new_agent("4000002")
    take("4000002,4000002@agents.test,2026-11-01", now=now)
    mine = Account.objects.get(agent=imported)
    put_in_force(account=mine, encoded=hash_password(NEW), generated=False, now=now)
    take("4000002,4000002@agents.test,2026-11-09", now=now)
    assert fresh(mine).expires_on == date(2027, 1, 15)


def test_expiry_days_are_spread_over_thirty_days_and_always_the_same(now: datetime) -> None:
    today = date(2026, 11, 16)
    ends = Counter(
        spread_expiry(license_number=f"{n:07d}", password_on=date(2026, 11, 1), today=today) for n in range(3000)
    )
    first = date(2026, 12, 31)
    assert set(ends) == {first + timedelta(days=n) for n in range(30)}
    assert max(ends.values()) < 2 * 3000 / 30
    one = spread_expiry(license_number="0000001", password_on=date(2026, 11, 1), today=today)
    assert one == spread_expiry(license_number="0000001", password_on=date(2026, 11, 1), today=today + timedelta(7))


def test_what_ended_before_the_import_stays_ended(now: datetime) -> None:
    ended = spread_expiry(license_number="0000001", password_on=date(2026, 9, 1), today=date(2026, 11, 16))
    assert ended == date(2026, 10, 31)


def test_licenses_that_the_roster_does_not_know_are_left_out_and_named(now: datetime) -> None:
    new_agent("4000001")
    result = take("4000001,other@agents.test,2026-11-01", "4000009,4000009@agents.test,2026-11-01", now=now)
    assert (result.added, result.unknown, result.other_address) == (1, ["4000009"], ["4000001"])


def test_headers_in_any_order_and_spelling(now: datetime) -> None:
    new_agent("4000001")
    result = take("2026-11-01,4000001,4000001@agents.test", now=now, header="Password Date,License Number,E-Mail")
    assert result.added == 1


def test_every_fault_is_named_with_its_place_and_nothing_is_written(now: datetime) -> None:
    new_agent("4000001")
    faults = refusal(
        "4000001,4000001@agents.test,2026-11-01",
        "nonsense,4000002@agents.test,2026-11-01",
        "4000003,nonsense,2026-11-01",
        "4000004,4000004@agents.test,01.11.2026",
        "4000005,4000005@agents.test,2026-11-17",
        "4000006,4000006@agents.test,2026-02-30",
        "4000007,4000007@agents.test",
        now=now,
    )
    assert [(line, column) for line, column, _ in faults] == [
        (3, "License Number"),
        (4, "E-mail Address"),
        (5, "password_date"),
        (6, "password_date"),
        (7, "password_date"),
        (8, ""),
    ]
    assert "has not come yet" in faults[3][2]


def test_a_license_twice_is_a_fault_on_both_lines(now: datetime) -> None:
    faults = refusal("4000001,a@agents.test,", "4000001,b@agents.test,", now=now)
    assert [line for line, _, _ in faults] == [2, 3]


@pytest.mark.parametrize(
    ("header", "named"),
    [("license,email", "is missing"), (HEADER + ",hash", "is not a column"), (HEADER + ",license", "stands twice")],
)
def test_a_wrong_header_is_refused(now: datetime, header: str, named: str) -> None:
    assert named in refusal("x", now=now, header=header)[0][2]


def test_what_is_no_table_is_refused(now: datetime) -> None:
    for content in (b"", b"\x00\x01", b"%PDF-1.7", HEADER.encode()):
        with pytest.raises(ImportRefused):
            import_accounts(BytesIO(content), by=DESK, now=now)
