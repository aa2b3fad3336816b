"""What comes back: a mail that failed, an address in doubt, and reports that nobody should believe."""

import mailbox
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.mail.catalogue import BookReadyMail, ExpiryWarningMail, ResetLinkMail
from extranet.mail.delivery import deliver_due
from extranet.mail.message import recipient_of
from extranet.mail.models import DoubtfulAddress, MailState, OutboxMail, ReturnedReport
from extranet.mail.moved import stop_trying
from extranet.mail.returned import doubt
from extranet.mail.returned.held import held
from extranet.mail.returned.reading import PlaceRefused, open_place
from extranet.mail.returned.report import LARGEST, NoReport, read
from extranet.mail.returned.take_in import TakenIn, read_place, read_returned, take_in
from tests.mail.conftest import Post, introduction, password, username
from tests.mail.reports import HALF, NESTED, NO_MAIL_AT_ALL, OUT_OF_OFFICE, SPAM, complaint, delivery_report

pytestmark = pytest.mark.django_db
DORA = Actor("staff", "staff\\dora")


@pytest.fixture
def sent(post_mail: Post, now: datetime) -> Callable[..., OutboxMail]:
    """A mail that the server has accepted."""

    def sending(key: str = "password:AB_1H12345:1", **more: object) -> OutboxMail:
        mail = {"password": password, "username": username, "introduction": introduction}[key.partition(":")[0]]()
        row = post_mail(mail, key=key, **more)
        deliver_due(now=now)
        row.refresh_from_db()
        assert row.state == MailState.ACCEPTED
        return row

    return sending


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "returned"
    folder.mkdir()
    return folder


def test_a_password_that_came_back_is_bounced_and_its_address_in_doubt(
    sent: Callable[..., OutboxMail], now: datetime
) -> None:
    row = sent()
    assert take_in(delivery_report(row), now=now) == "failed"
    row.refresh_from_db()
    assert (row.state, row.last_error, row.sealed_body) == (MailState.BOUNCED, "came back: 5.1.1", None)
    found = DoubtfulAddress.objects.get()
    assert (found.address, found.reason, found.status, found.mail) == ("alice@agents.test", "failed", "5.1.1", row)
    told = list(Event.objects.filter(subject=row.about).order_by("id").values_list("action", flat=True))
    assert told[-3:] == [Action.MAIL_REPORTED, Action.MAIL_BOUNCED, Action.ADDRESS_DOUBTED]


@pytest.mark.parametrize("whole", [True, False])
def test_the_mail_is_found_in_headers_and_in_a_whole_mail(
    sent: Callable[..., OutboxMail], now: datetime, whole: bool
) -> None:
    row = sent("introduction:AB_1H12345:1")
    assert take_in(delivery_report(row, whole=whole), now=now) == "failed"


def test_an_address_that_was_passed_on_is_found_by_the_original_one(
    sent: Callable[..., OutboxMail], now: datetime
) -> None:
    row = sent()
    raw = delivery_report(row, to="alice@elsewhere.test", original="Alice@AGENTS.test")
    assert take_in(raw, now=now) == "failed"
    assert DoubtfulAddress.objects.get().address == "alice@agents.test"


@pytest.mark.parametrize(
    ("action", "status", "outcome", "state", "doubtful"),
    [
        ("failed", "5.1.1", "failed", MailState.BOUNCED, True),
        ("failed", "5.2.1", "failed", MailState.BOUNCED, True),
        ("Failed", "5.0.0", "failed", MailState.BOUNCED, True),
        ("failed", "5.7.1", "failed", MailState.BOUNCED, False),
        ("failed", "5.3.4", "failed", MailState.BOUNCED, False),
        ("failed", "5.1.7", "failed", MailState.BOUNCED, False),
        ("failed", "5.1.8", "failed", MailState.BOUNCED, False),
        ("failed", "5.3.0", "failed", MailState.BOUNCED, False),
        ("failed", "5.6.0", "failed", MailState.BOUNCED, False),
        ("failed", "4.4.7", "failed", MailState.BOUNCED, False),
        ("delayed", "4.4.1", "delayed", MailState.ACCEPTED, False),
        ("delayed", "5.1.1", "delayed", MailState.ACCEPTED, False),
        ("relayed", "2.0.0", "relayed", MailState.ACCEPTED, False),
    ],
)
def test_what_each_code_does(
    sent: Callable[..., OutboxMail], now: datetime, action: str, status: str, outcome: str, state: str, doubtful: bool
) -> None:
    row = sent()
    assert take_in(delivery_report(row, action=action, status=status), now=now) == outcome
    row.refresh_from_db()
    assert (row.state, DoubtfulAddress.objects.exists()) == (state, doubtful)
    assert ReturnedReport.objects.get().status == status


@pytest.mark.parametrize("action", ["delivered", "expanded", ""])
def test_good_news_is_no_report(sent: Callable[..., OutboxMail], now: datetime, action: str) -> None:
    assert take_in(delivery_report(sent(), action=action, status="2.0.0"), now=now) == "other"


def test_a_report_that_somebody_made_up_changes_nothing(sent: Callable[..., OutboxMail], now: datetime) -> None:
    """Charlie knows the address of Alice, and that a mail was sent; not the number in it."""
    row = sent()
    guess = "<00000000-0000-4000-8000-000000000000@exchange.test>"
    before = Event.objects.count()
    assert take_in(delivery_report(row, message_id=guess), now=now) == "unknown"
    assert take_in(delivery_report(row, message_id="<>"), now=now) == "other"
    row.refresh_from_db()
    assert row.state == MailState.ACCEPTED
    assert Event.objects.count() == before
    assert not DoubtfulAddress.objects.exists()
    assert not ReturnedReport.objects.exists()


def test_who_knows_the_own_mails_number_cannot_doubt_another_address(
    sent: Callable[..., OutboxMail], now: datetime
) -> None:
    row = sent()
    assert take_in(delivery_report(row, to="bob@agents.test"), now=now) == "foreign"
    assert take_in(complaint(row, to="bob@agents.test"), now=now) == "foreign"
    assert not DoubtfulAddress.objects.exists()


def test_a_mail_that_never_left_cannot_have_come_back(post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    assert take_in(delivery_report(row), now=now) == "unknown"


def test_the_same_report_twice_is_taken_in_once(sent: Callable[..., OutboxMail], now: datetime) -> None:
    raw = delivery_report(sent())
    assert [take_in(raw, now=now), take_in(raw, now=now)] == ["failed", "again"]
    assert Event.objects.filter(action=Action.MAIL_REPORTED).count() == 1


def test_reports_of_one_mail_have_an_end(sent: Callable[..., OutboxMail], now: datetime) -> None:
    row = sent()
    outcomes = [take_in(delivery_report(row, action="delayed", status=f"4.4.{n}"), now=now) for n in range(25)]
    assert (outcomes.count("delayed"), outcomes.count("too_many")) == (20, 5)


def test_a_mail_on_its_way_or_given_up_keeps_no_secret(sent: Callable[..., OutboxMail], now: datetime) -> None:
    """Killed between the server's answer and our note of it: the report is there before the note."""
    row = sent()
    OutboxMail.objects.filter(pk=row.pk).update(
        state=MailState.SENDING, sealed_body=b"x", wiped_at=None, lease_by="dead"
    )
    take_in(delivery_report(row), now=now)
    row.refresh_from_db()
    assert (row.state, row.sealed_body, row.lease_by) == (MailState.BOUNCED, None, "")
    OutboxMail.objects.filter(pk=row.pk).update(state=MailState.GAVE_UP)
    take_in(delivery_report(row, status="5.1.2"), now=now)
    row.refresh_from_db()
    assert row.state == MailState.GAVE_UP


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (OUT_OF_OFFICE, "other"), (SPAM, "other"), (NO_MAIL_AT_ALL, "other"), (HALF, "other"), (b"", "other"),
        (b"x" * (LARGEST + 1), "too_large"),
        (b"Content-Type: multipart/report\n\nno boundary", "other"),
        (b"Content-Type: multipart/report; boundary=B\n\n--B\nContent-Type: message/delivery-status\n\nAction: failed\n"
         b"Status: nonsense\n\n--B--", "other"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_passed_over(raw: bytes, why: str) -> None:
    with pytest.raises(NoReport, match=why):
        read(raw)


def test_deep_nesting_does_not_crash_the_reader() -> None:
    with pytest.raises(NoReport):
        read(NESTED)


def test_a_folder_is_read_once_and_nothing_is_lost_of_what_a_person_wrote(
    sent: Callable[..., OutboxMail], reports: Path, now: datetime
) -> None:
    (reports / "1.eml").write_bytes(delivery_report(sent()))
    (reports / "2.eml").write_bytes(OUT_OF_OFFICE)
    (reports / "3.eml").write_bytes(NO_MAIL_AT_ALL)
    (reports / ".4.eml").write_bytes(b"not whole yet")
    (reports / "5.eml").symlink_to("/etc/passwd")
    assert read_place(reports, now=now) == TakenIn(failed=1, passed_over=2)
    assert sorted(file.name for file in reports.iterdir()) == [".4.eml", "5.eml", "put-aside"]
    assert sorted(file.name for file in (reports / "put-aside").iterdir()) == ["2.eml", "3.eml"]
    assert read_place(reports, now=now) == TakenIn()


def test_what_is_put_aside_takes_nothing_s_place(reports: Path, now: datetime) -> None:
    for raw in (OUT_OF_OFFICE, SPAM, SPAM):
        (reports / "1.eml").write_bytes(raw)
        assert read_place(reports, now=now) == TakenIn(passed_over=1)
    aside = {file.name: file.read_bytes() for file in (reports / "put-aside").iterdir()}
    assert aside == {"1.eml": OUT_OF_OFFICE, "2-1.eml": SPAM, "3-1.eml": SPAM}


def test_killed_before_the_file_is_removed_it_is_read_again_and_changes_nothing(
    sent: Callable[..., OutboxMail], reports: Path, now: datetime
) -> None:
    raw = delivery_report(sent())
    take_in(raw, now=now)  # and then the process was killed
    (reports / "1.eml").write_bytes(raw)
    assert read_place(reports, now=now) == TakenIn(again=1)
    assert not list(reports.iterdir())


def test_an_error_of_the_database_leaves_the_file(
    sent: Callable[..., OutboxMail], reports: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent()
    (reports / "1.eml").write_bytes(delivery_report(row))

    def fails(**_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("extranet.mail.returned.doubt.record", fails)
        with pytest.raises(OSError, match="disk full"):
            read_place(reports, now=now)
    row.refresh_from_db()
    assert (row.state, ReturnedReport.objects.exists()) == (MailState.ACCEPTED, False)
    assert read_place(reports, now=now) == TakenIn(failed=1)


def test_a_maildir_is_read_and_marked(sent: Callable[..., OutboxMail], tmp_path: Path, now: datetime) -> None:
    box = mailbox.Maildir(tmp_path / "Maildir", create=True)
    box.add(delivery_report(sent()))
    box.add(OUT_OF_OFFICE)
    assert read_place(tmp_path / "Maildir", now=now) == TakenIn(failed=1, passed_over=1)
    left = list(mailbox.Maildir(tmp_path / "Maildir", create=False))
    assert [(message["Subject"], message.get_flags()) for message in left] == [("Out of office", "S")]
    assert read_place(tmp_path / "Maildir", now=now) == TakenIn()


def test_an_mbox_is_read_and_marked(sent: Callable[..., OutboxMail], tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "mbox"
    box = mailbox.mbox(path)
    for raw in (delivery_report(sent()), OUT_OF_OFFICE, SPAM):
        box.add(raw)
    box.close()
    assert read_place(path, now=now) == TakenIn(failed=1, passed_over=2)
    again = mailbox.mbox(path)
    assert sorted((message["Subject"], message.get_flags()) for message in again) == [
        ("Cheap", "RO"),
        ("Out of office", "RO"),
    ]
    again.close()
    assert read_place(path, now=now) == TakenIn()
    assert path.read_bytes().count(b"Back soon.") == 1


def test_an_mbox_that_another_program_writes_is_left_alone(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(b"")
    (tmp_path / "mbox.lock").touch()
    with pytest.raises(PlaceRefused, match="locked by another program"):
        read_place(path, now=now)


def test_a_place_that_is_none_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PlaceRefused, match="make it, or name another"):
        open_place(tmp_path / "nowhere")
    with pytest.raises(PlaceRefused, match="must be a Maildir"):
        open_place(Path("/dev/null"))


# Held


def in_doubt(
    sent: Callable[..., OutboxMail], now: datetime, raw: Callable[[OutboxMail], bytes] = delivery_report
) -> None:
    take_in(raw(sent("introduction:AB_1H12345:9")), now=now)


def book_ready(now: datetime) -> BookReadyMail:
    return BookReadyMail(report_title="Book", as_of=now.date(), rows=3, cases=2)


def test_credential_mails_are_held_and_others_still_tried(
    sent: Callable[..., OutboxMail], post_mail: Post, now: datetime
) -> None:
    in_doubt(sent, now)
    secret = post_mail(password(), key="password:AB_1H12345:2", to="Alice@Agents.test")
    name = post_mail(username(), key="username:AB_1H12345:2")
    link = post_mail(ResetLinkMail(link=f"{settings.EXTRANET.reset}/x/", minutes=60), key="reset_link:AB_1H12345:1")
    warning = post_mail(ExpiryWarningMail(expires_on=now.date(), days=9), key="expiry_warning:AB_1H12345:1")
    bob = post_mail(password(), key="password:AB_0E12345:1", to="bob@agents.test", about="AB_0E12345")
    deliver_due(now=now)
    states = dict(OutboxMail.objects.values_list("key", "state"))
    assert {states[row.key] for row in (secret, name, link)} == {MailState.QUEUED}
    assert {states[row.key] for row in (warning, bob)} == {MailState.ACCEPTED}
    assert set(held()) == {secret, name, link}


def test_capitals_of_every_alphabet_are_the_same_address(
    sent: Callable[..., OutboxMail], post_mail: Post, now: datetime
) -> None:
    """A database does not know all of them."""
    first = sent("introduction:AB_1H12345:9", to="alice@ägents.test")
    take_in(delivery_report(first, to=recipient_of(first)), now=now)
    rows = [
        post_mail(password(), key=f"password:AB_1H12345:{number}", to=address)
        for number, address in enumerate(("alice@ÄGENTS.test", "Alice@Ägents.TEST"), start=2)
    ]
    bob = post_mail(password(), key="password:AB_0E12345:1", to="alice@AGENTS.test", about="AB_0E12345")
    deliver_due(now=now)
    assert set(held()) == set(rows)
    bob.refresh_from_db()
    assert (bob.state, bob.to_address) == (MailState.ACCEPTED, "alice@AGENTS.test")


def test_a_secret_does_not_follow_a_mailbox_that_moved_whatever_its_capitals(post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:2", to="alice@ÄGENTS.test")
    assert stop_trying(abouts=["AB_1H12345"], address="Alice@ägents.test", now=now) == 1
    deliver_due(now=now)
    row.refresh_from_db()
    assert row.state == MailState.GAVE_UP


def test_mails_of_before_get_their_mailbox_in_small_letters(post_mail: Post) -> None:
    row = post_mail(to="Alice@ÄGENTS.test")
    OutboxMail.objects.update(mailbox="")
    import_module("extranet.mail.migrations.0007_mailbox").fill(apps, connection.schema_editor())
    row.refresh_from_db()
    assert row.mailbox == "alice@ägents.test"


def test_held_mails_leave_when_the_doubt_is_cleared(
    sent: Callable[..., OutboxMail], post_mail: Post, now: datetime
) -> None:
    in_doubt(sent, now)
    row = post_mail(password(), key="password:AB_1H12345:2")
    deliver_due(now=now)
    with transaction.atomic():
        assert doubt.clear(address="alice@agents.test", by=DORA, now=now, subject="AB_1H12345", why="called")
        assert not doubt.clear(address="alice@agents.test", by=DORA, now=now, subject="AB_1H12345", why="called")
    deliver_due(now=now)
    row.refresh_from_db()
    assert row.state == MailState.ACCEPTED
    event = Event.objects.get(action=Action.ADDRESS_CLEARED)
    assert (event.actor, event.subject) == ("staff\\dora", "AB_1H12345")


def test_held_mails_that_get_too_old_are_given_up_and_wiped(
    sent: Callable[..., OutboxMail], post_mail: Post, now: datetime
) -> None:
    in_doubt(sent, now)
    row = post_mail(password(), key="password:AB_1H12345:2")
    deliver_due(now=now + timedelta(days=8))
    row.refresh_from_db()
    assert (row.state, row.sealed_body) == (MailState.GAVE_UP, None)


def test_a_complaint_stops_only_what_is_a_choice(
    sent: Callable[..., OutboxMail], post_mail: Post, reports: Path, now: datetime
) -> None:
    in_doubt(sent, now, complaint)
    assert DoubtfulAddress.objects.get().reason == "complaint"
    secret = post_mail(password(), key="password:AB_1H12345:2")
    choice = post_mail(book_ready(now), key="book_ready:x:AB_1H12345")
    deliver_due(now=now)
    secret.refresh_from_db()
    choice.refresh_from_db()
    assert (secret.state, choice.state) == (MailState.ACCEPTED, MailState.QUEUED)
    read_place(reports, now=now)
    choice.refresh_from_db()
    assert (choice.state, choice.sealed_body) == (MailState.CANCELLED, None)


def test_a_complaint_without_an_address_counts_and_not_spam_does_not(
    sent: Callable[..., OutboxMail], now: datetime
) -> None:
    row = sent()
    assert take_in(complaint(row, feedback="not-spam"), now=now) == "other"
    assert take_in(complaint(row, to=""), now=now) == "complaint"


def test_mails_that_come_back_weigh_more_than_a_complaint(sent: Callable[..., OutboxMail], now: datetime) -> None:
    row = sent()
    take_in(complaint(row), now=now)
    take_in(delivery_report(row), now=now)
    take_in(complaint(row, feedback="fraud"), now=now)
    assert DoubtfulAddress.objects.get().reason == "failed"


def test_a_late_report_of_an_old_mail_does_not_undo_the_clearing(
    sent: Callable[..., OutboxMail], now: datetime
) -> None:
    old, other = sent("username:AB_1H12345:1"), sent("introduction:AB_1H12345:1")
    take_in(delivery_report(old), now=now)
    with transaction.atomic():
        doubt.clear(address=old.to_address, by=DORA, now=now, subject="x", why="called")
    take_in(delivery_report(other), now=now + timedelta(hours=1))
    assert doubt.doubt_about(old.to_address) is None
    OutboxMail.objects.filter(pk=other.pk).update(accepted_at=now + timedelta(hours=2), state=MailState.ACCEPTED)
    take_in(delivery_report(other, status="5.1.2"), now=now + timedelta(hours=3))
    assert doubt.doubt_about(old.to_address) is not None


def test_without_a_place_nothing_is_read(now: datetime) -> None:
    assert read_returned(now=now) == TakenIn()
