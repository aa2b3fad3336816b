"""A mail is accepted once, in its order, and whoever is killed in between loses only time."""

import email.policy
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.jobs import logs
from extranet.mail.catalogue import ResetLinkMail
from extranet.mail.claims import LEASE
from extranet.mail.delivery import Delivered, deliver_due
from extranet.mail.message import compose, words_in
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import body_of, cancel, message_of
from extranet.mail.settling import wait_after
from extranet.mail.ways import FolderWay, NotNow, Parcel, Way, WayDown, open_way
from extranet.profile.loader import current
from extranet.profile.words import Rendered
from tests.mail.conftest import SECRET, Post, Receiver, introduction, password, username

pytestmark = pytest.mark.django_db
Mailbox = Callable[[], list[EmailMessage]]
Onboard = Callable[..., list[OutboxMail]]


class Killed(BaseException):
    """The sender is killed: none of its code runs any more."""


class KilledAfterwards(FolderWay):
    """The receiver has the message, the sender does not live to note it."""

    def deliver(self, parcel: Parcel) -> None:
        super().deliver(parcel)
        raise Killed


class Away:
    """A receiver that is not there."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.tries = 0

    def deliver(self, parcel: Parcel) -> None:
        self.tries += 1
        raise self.error

    def close(self) -> None:
        pass


def states() -> list[str]:
    return list(OutboxMail.objects.order_by("place").values_list("state", flat=True))


def test_a_mail_posted_twice_is_sent_once(post_mail: Post, mailbox: Mailbox, now: datetime) -> None:
    post_mail()
    post_mail()
    assert deliver_due(now=now) == Delivered(accepted=1)
    assert deliver_due(now=now) == Delivered()
    assert len(mailbox()) == 1


def test_acceptance_wipes_the_secret_and_is_recorded(post_mail: Post, now: datetime) -> None:
    post_mail(password(), key="password:AB_1H12345:1")
    deliver_due(now=now)
    row = OutboxMail.objects.get()
    assert (row.state, row.sealed_body, row.accepted_at, row.wiped_at) == ("accepted", None, now, now)
    event = Event.objects.get(action=Action.MAIL_ACCEPTED)
    assert (event.subject, event.detail["kind"], event.detail["attempts"]) == ("AB_1H12345", "password", 1)
    assert SECRET not in str(event.detail)


def test_the_message_is_what_the_job_aid_asks_for(post_mail: Post, mailbox: Mailbox, now: datetime) -> None:
    row = post_mail(password(), key="a")
    deliver_due(now=now)
    (message,) = mailbox()
    profile = current()
    assert message["Subject"] == row.subject
    assert message["Subject"].startswith(profile.secured_mark)
    assert message["From"].addresses[0].addr_spec == profile.service_center.email
    assert message["To"] == "alice@agents.test"
    assert message["Message-ID"] == row.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == now
    assert not message["References"]
    assert not message["In-Reply-To"]
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        assert SECRET in part.get_content()


def test_the_mark_is_readable_in_the_raw_subject(post_mail: Post, data_folder: Path, now: datetime) -> None:
    """Gateways look for it before they decode anything."""
    post_mail(username(), key="a")
    deliver_due(now=now)
    (file,) = (data_folder / "mailbox").glob("*.eml")
    assert f"\r\nSubject: {current().secured_mark} ".encode() in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("subject", ["Your Book – Password", "é ü – 漢字 x", "Caf\u00e9 " * 30 + "end", "a =?x?= b"])
def test_subjects_arrive_to_the_letter(post_mail: Post, subject: str) -> None:
    row = post_mail(key="a")
    row.subject = subject
    content = compose(row, body_of(row), current().service_center.sender)
    assert message_from_bytes(content, policy=email.policy.default)["Subject"] == subject


def test_a_sender_killed_after_handing_over_sends_the_same_bytes_again(
    post_mail: Post, data_folder: Path, now: datetime
) -> None:
    post_mail(password(), key="a")
    folder = data_folder / "mailbox"
    with pytest.raises(Killed):
        deliver_due(now=now, way=KilledAfterwards(folder))
    assert states() == ["sending"]
    (first,) = (file.read_bytes() for file in folder.glob("*.eml"))
    assert deliver_due(now=now + LEASE - timedelta(seconds=1)) == Delivered(), "its sender may still be alive"
    assert deliver_due(now=now + LEASE) == Delivered(accepted=1)
    (again,) = (file.read_bytes() for file in folder.glob("*.eml"))
    assert again == first
    assert Event.objects.filter(action=Action.MAIL_ACCEPTED).count() == 1


def test_every_attempt_has_the_bytes_of_the_posting_whatever_was_edited_since(
    post_mail: Post, data_folder: Path, tmp_path: Path, settings: Settings, now: datetime
) -> None:
    row = post_mail(password(), key="a")
    posted = message_of(row)
    with pytest.raises(Killed):
        deliver_due(now=now, way=KilledAfterwards(data_folder / "mailbox"))
    edited = shutil.copytree(current().folder, tmp_path / "edited")
    for file, old, new in (
        ("profile.toml", "agents@", "desk@"),
        ("emails/en/password/body.txt", "password", "PASSWORD"),
    ):
        text = (edited / file).read_text()
        (edited / file).write_text(text.replace(old, new))
    env = {"profile": str(edited), "base_url": "http://moved.test"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    sent: list[Parcel] = []

    class Noting(FolderWay):
        def deliver(self, parcel: Parcel) -> None:
            sent.append(parcel)

    assert deliver_due(now=now + LEASE, way=Noting(data_folder)).accepted == 1
    assert (sent[0].content, sent[0].sender) == (posted, row.from_address)
    assert (data_folder / "mailbox" / f"{row.id}.eml").read_bytes() == posted


def test_who_lost_the_lease_accepts_nothing(post_mail: Post, data_folder: Path, now: datetime) -> None:
    post_mail()

    class Slow(FolderWay):
        """While it hands over, its lease runs out and another sender takes the mail."""

        def deliver(self, parcel: Parcel) -> None:
            super().deliver(parcel)
            assert deliver_due(now=now + LEASE) == Delivered(accepted=1)

    assert deliver_due(now=now, way=Slow(data_folder / "mailbox")) == Delivered()
    assert Event.objects.filter(action=Action.MAIL_ACCEPTED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_accept_each_mail_once(post_mail: Post, data_folder: Path, now: datetime) -> None:
    for number in range(10):
        post_mail(username(), key=f"username:{number}:1")
    handed_over: Counter[str] = Counter()

    class Counting(FolderWay):
        def deliver(self, parcel: Parcel) -> None:
            handed_over[parcel.name] += 1
            super().deliver(parcel)

    accepted: list[int] = []

    def send() -> None:
        accepted.append(deliver_due(now=now, way=Counting(data_folder / "mailbox")).accepted)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == 10
    assert set(handed_over.values()) == {1}
    assert Event.objects.filter(action=Action.MAIL_ACCEPTED).count() == 10


def test_the_three_mails_leave_in_their_order(onboard: Onboard, now: datetime) -> None:
    onboard()
    order: list[str] = []

    class Noting(Away):
        def deliver(self, parcel: Parcel) -> None:
            order.append(OutboxMail.objects.get(id=parcel.name).kind)

    assert deliver_due(now=now, way=Noting(NotNow())).accepted == 3
    assert order == ["introduction", "username", "password"]


def test_the_password_waits_for_the_two_before_it_but_not_beyond_a_day(onboard: Onboard, now: datetime) -> None:
    first, second, _ = onboard()
    OutboxMail.objects.filter(id=first.id).update(next_attempt_at=now + timedelta(days=3))
    assert deliver_due(now=now) == Delivered()
    OutboxMail.objects.filter(id=second.id).update(state=MailState.BOUNCED)
    assert deliver_due(now=now + timedelta(hours=23, minutes=59)) == Delivered()
    assert deliver_due(now=now + timedelta(hours=24)) == Delivered(accepted=1)
    assert states() == ["queued", "bounced", "accepted"]


def test_one_thread_does_not_hold_up_another(onboard: Onboard, now: datetime) -> None:
    held, *_ = onboard()
    onboard("AB_0E54321", number=2)
    OutboxMail.objects.filter(id=held.id).update(next_attempt_at=now + timedelta(days=3))
    assert deliver_due(now=now) == Delivered(accepted=3)


def test_more_mails_than_a_run_takes_are_left_for_the_next(post_mail: Post, now: datetime) -> None:
    for number in range(5):
        post_mail(key=f"introduction:{number}:1")
    assert deliver_due(now=now, limit=3).accepted == 3
    assert deliver_due(now=now, limit=3).accepted == 2


def test_waits_grow_up_to_an_hour(post_mail: Post) -> None:
    longest = [max(wait_after(attempt) for _ in range(20)) for attempt in range(1, 12)]
    assert longest[0] <= timedelta(minutes=1)
    assert longest[2] > longest[0]
    assert timedelta(minutes=45) <= longest[-1] <= timedelta(hours=1)


def test_a_deferred_mail_waits_and_goes_later(post_mail: Post, now: datetime) -> None:
    post_mail()
    assert deliver_due(now=now, way=Away(NotNow("SMTP 451 4.7.1"))) == Delivered(deferred=1)
    row = OutboxMail.objects.get()
    assert (row.state, row.last_error, row.attempts) == ("deferred", "SMTP 451 4.7.1", 1)
    assert deliver_due(now=now) == Delivered()
    assert deliver_due(now=now + timedelta(minutes=1)) == Delivered(accepted=1)


def test_a_way_that_is_down_ends_the_run_and_says_so(post_mail: Post, now: datetime) -> None:
    for number in range(3):
        post_mail(key=f"introduction:{number}:1")
    away = Away(WayDown("connection: TimeoutError"))
    assert deliver_due(now=now, way=away) == Delivered(deferred=1, down="connection: TimeoutError")
    assert away.tries == 1
    assert deliver_due(now=now + timedelta(minutes=2)).accepted == 3


def test_a_way_that_goes_down_in_the_middle_leaves_the_rest_as_if_untried(
    post_mail: Post, data_folder: Path, now: datetime
) -> None:
    for number in range(4):
        post_mail(key=f"introduction:{number}:1")

    class Dying(FolderWay):
        left = 2

        def deliver(self, parcel: Parcel) -> None:
            if not self.left:
                raise WayDown("connection: ConnectionResetError")
            self.left -= 1
            super().deliver(parcel)

    dying = Dying(data_folder / "mailbox")
    assert deliver_due(now=now, way=dying) == Delivered(accepted=2, deferred=1, down="connection: ConnectionResetError")
    found = OutboxMail.objects.exclude(state="accepted").values_list("state", "attempts", "lease_by")
    assert set(found) == {("deferred", 1, ""), ("queued", 0, "")}
    assert deliver_due(now=now) == Delivered(accepted=1)


def test_a_fault_of_ours_repeats_nothing_that_was_handed_over(
    post_mail: Post, data_folder: Path, now: datetime
) -> None:
    for number in range(3):
        post_mail(key=f"introduction:{number}:1")

    class Faulty(FolderWay):
        tries = 0

        def deliver(self, parcel: Parcel) -> None:
            self.tries += 1
            if self.tries == 2:
                raise LookupError("nobody thought of this")
            super().deliver(parcel)

    assert deliver_due(now=now, way=Faulty(data_folder / "mailbox")) == Delivered(accepted=2, deferred=1)
    assert OutboxMail.objects.get(state="deferred").last_error == "fault: LookupError"


def test_a_mail_taken_back_while_it_was_leaving_is_not_tried_again(
    post_mail: Post, data_folder: Path, now: datetime
) -> None:
    post_mail(password(), key="password:AB_1H12345:1")

    class Overtaken(FolderWay):
        """While it hands over, the mail is taken back; then the server puts it off."""

        def deliver(self, parcel: Parcel) -> None:
            with transaction.atomic():
                assert cancel(key_prefix="password:", now=now) == 0
            raise NotNow("SMTP 451")

    assert deliver_due(now=now, way=Overtaken(data_folder)) == Delivered(deferred=1)
    assert deliver_due(now=now + timedelta(hours=2)) == Delivered()
    row = OutboxMail.objects.get()
    assert (row.state, row.sealed_body) == ("cancelled", None)
    assert Event.objects.filter(action=Action.MAIL_CANCELLED).count() == 1


def test_what_a_killed_sender_had_in_hand_when_it_was_taken_back_ends_with_its_lease(
    post_mail: Post, data_folder: Path, now: datetime
) -> None:
    post_mail(password(), key="password:AB_1H12345:1")
    with pytest.raises(Killed):
        deliver_due(now=now, way=KilledAfterwards(data_folder / "mailbox"))
    with transaction.atomic():
        cancel(key_prefix="password:", now=now)
    assert deliver_due(now=now + LEASE - timedelta(seconds=1)) == Delivered()
    assert states() == ["sending"]
    assert deliver_due(now=now + LEASE) == Delivered()
    assert states() == ["cancelled"]


def test_a_server_that_is_away_for_longer_than_a_day_changes_no_order(
    onboard: Onboard, data_folder: Path, now: datetime
) -> None:
    onboard()
    for minute in range(0, 25 * 60, 10):
        deliver_due(now=now + timedelta(minutes=minute), way=Away(WayDown("connection: TimeoutError")))
    order: list[str] = []

    class Noting(FolderWay):
        def deliver(self, parcel: Parcel) -> None:
            order.append(OutboxMail.objects.get(id=parcel.name).kind)
            super().deliver(parcel)

    for minute in range(0, 120, 5):
        deliver_due(now=now + timedelta(hours=25, minutes=minute), way=Noting(data_folder / "mailbox"))
    assert order == ["introduction", "username", "password"]


def test_a_mail_given_back_untried_still_holds_its_place_while_the_server_is_away(
    onboard: Onboard, data_folder: Path, now: datetime
) -> None:
    """Another mail found the server away, so this one was not tried again; it had found it away before."""
    first, second, _ = onboard()
    late = now + timedelta(hours=25)
    OutboxMail.objects.filter(id=first.id).update(
        state=MailState.QUEUED, way_down=True, attempts=3, next_attempt_at=late + timedelta(minutes=30)
    )
    OutboxMail.objects.filter(id=second.id).update(next_attempt_at=late + timedelta(minutes=30))
    assert deliver_due(now=late) == Delivered()
    assert deliver_due(now=late + timedelta(minutes=30)).accepted == 3


def test_mails_that_are_put_off_count_for_the_share(post_mail: Post, settings: Settings, now: datetime) -> None:
    """A domain that puts off a herd must not meet the whole herd."""
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"mail_pace": 2})
    for number in range(6):
        post_mail(key=f"introduction:{number}:1")
    assert deliver_due(now=now, way=Away(NotNow("SMTP 450 4.2.0"))) == Delivered(deferred=2)
    assert sorted(states()) == ["deferred"] * 2 + ["queued"] * 4


def test_who_is_told_to_stop_notes_what_left_and_gives_the_rest_back(
    post_mail: Post, mailbox: Mailbox, now: datetime
) -> None:
    for number in range(4):
        post_mail(key=f"introduction:{number}:1")
    assert deliver_due(now=now, stop=lambda: bool(mailbox())).accepted == 1
    assert sorted(states()) == ["accepted", "queued", "queued", "queued"]
    assert deliver_due(now=now, stop=lambda: True) == Delivered()
    assert deliver_due(now=now).accepted == 3


def test_a_sender_that_is_slow_gives_back_what_its_lease_would_not_cover(
    post_mail: Post, data_folder: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else may take a mail that is still being handed over."""
    for number in range(3):
        post_mail(key=f"introduction:{number}:1")
    passed = [timedelta(0)]
    monkeypatch.setattr("extranet.mail.delivery.elapsed", lambda began: passed[0])

    class Slow(FolderWay):
        def deliver(self, parcel: Parcel) -> None:
            super().deliver(parcel)
            passed[0] += LEASE / 2 + timedelta(seconds=1)

    assert deliver_due(now=now, way=Slow(data_folder / "mailbox")).accepted == 1
    assert sorted(states()) == ["accepted", "queued", "queued"]


def test_a_domain_gets_its_share_a_minute_and_holds_up_no_other(
    post_mail: Post, settings: Settings, now: datetime
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"mail_pace": 2})
    for number in range(5):
        post_mail(key=f"introduction:{number}:1", to=f"alice{number}@Crowded.test")
    post_mail(key="introduction:other:1", to="bob@quiet.test")
    assert deliver_due(now=now).accepted == 3
    assert OutboxMail.objects.get(domain="quiet.test").state == "accepted"
    assert deliver_due(now=now + timedelta(seconds=59)) == Delivered()
    assert deliver_due(now=now + timedelta(seconds=60)).accepted == 2
    assert deliver_due(now=now + timedelta(seconds=120)).accepted == 1


def test_what_another_sender_has_in_hand_counts_for_the_share(
    post_mail: Post, settings: Settings, now: datetime
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"mail_pace": 1})
    first, _ = post_mail(key="a"), post_mail(key="b")
    OutboxMail.objects.filter(id=first.id).update(
        state="sending", lease_by="other", lease_until=now + LEASE, tried_at=now
    )
    assert deliver_due(now=now) == Delivered()


def test_no_share_means_no_limit(post_mail: Post, settings: Settings, now: datetime) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"mail_pace": 0})
    for number in range(5):
        post_mail(key=f"introduction:{number}:1")
    assert deliver_due(now=now).accepted == 5


@pytest.mark.parametrize(
    "words",
    [
        "a line of blanks at the end   \n\ttab\n",
        ".\n..dots\nFrom here\n--boundary--\n",
        "=3D = signs, ü, 漢字, \U0001f600, " + "a long word".replace(" ", "-") * 60 + "\n",
        "\n\nblank lines\n\n\n",
    ],
)
def test_words_arrive_to_the_letter(post_mail: Post, words: str) -> None:
    row = post_mail(key="a")
    content = compose(row, Rendered(subject="s", text=words, html=f"<p>{words}</p>\n"), current().service_center.sender)
    said = words_in(content)
    assert (said.text, said.html) == (words, f"<p>{words}</p>\n")
    assert max(map(len, content.split(b"\r\n"))) <= 900
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert content.isascii()


def test_a_secret_that_could_not_leave_for_a_week_is_given_up_and_wiped(post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="a")
    deliver_due(now=now, way=Away(WayDown("x")))
    week = now + timedelta(days=7)
    assert deliver_due(now=week) == Delivered(gave_up=1)
    row.refresh_from_db()
    assert (row.state, row.sealed_body, row.wiped_at) == ("gave_up", None, week)
    assert Event.objects.filter(action=Action.MAIL_GAVE_UP).count() == 1
    assert deliver_due(now=week) == Delivered()


def test_a_secret_stands_in_no_row_and_no_line_of_the_log(
    post_mail: Post, plain_server: str, receiver: Receiver, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    receiver.at_data = f"451 4.3.0 I do not like {SECRET}"
    post_mail(ResetLinkMail(link=f"http://reset.test/r/{SECRET}", minutes=60), key="a")
    assert deliver_due(now=now, way=open_way(plain_server)).deferred == 1
    rows = [*OutboxMail.objects.values_list(), *Event.objects.values_list()]
    lines = capsys.readouterr().err
    assert "mail deferred" in lines
    assert SECRET not in f"{rows}{lines}"


def test_a_mail_whose_body_was_damaged_does_not_hold_up_the_others(post_mail: Post, now: datetime) -> None:
    row = post_mail(key="a")
    post_mail(key="b")
    OutboxMail.objects.filter(id=row.id).update(sealed_body=b"\0\0\0\1junk")
    assert deliver_due(now=now) == Delivered(accepted=1, deferred=1)


def test_a_permanent_refusal_bounces_and_wipes(
    post_mail: Post, plain_server: str, receiver: Receiver, now: datetime
) -> None:
    post_mail(key="a")
    receiver.at_rcpt = "550 5.1.1 <alice@agents.test> unknown"
    assert deliver_due(now=now, way=open_way(plain_server)) == Delivered(bounced=1)
    row = OutboxMail.objects.get()
    assert (row.state, row.last_error) == ("bounced", "SMTP 550 5.1.1")
    assert Event.objects.get(action=Action.MAIL_BOUNCED).detail["reason"] == "SMTP 550 5.1.1"
    assert deliver_due(now=now + timedelta(hours=2)) == Delivered()


def test_a_secured_mail_never_leaves_without_tls_and_a_plain_one_does(
    post_mail: Post, plain_server: str, receiver: Receiver, now: datetime
) -> None:
    post_mail(password(), key="a")
    post_mail(introduction(), key="b")
    way: Way = open_way(plain_server)
    assert deliver_due(now=now, way=way) == Delivered(accepted=1, deferred=1)
    assert len(receiver.taken) == 1
    assert SECRET.encode() not in receiver.taken[0]
    secret = OutboxMail.objects.get(key="a")
    assert (secret.state, "TLS" in secret.last_error) == ("deferred", True)
