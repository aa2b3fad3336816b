"""What counts as secured in a mail that came back, and where it may come back."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.audit.record import Actor
from extranet.mail.models import Canary, OutboxMail
from extranet.mail.outbox import message_of
from extranet.mail.secured import canary
from extranet.mail.secured.mailbox import LARGEST, MailboxAway, newest
from tests.credentials.people import events

pytestmark = pytest.mark.django_db
EXPECT = "Content-Type: application/pkcs7-mime"
DESK = Actor("staff", "staff\\dora")


@pytest.fixture
def back(tmp_path: Path, settings: Settings) -> Path:
    """The folder into which the canary comes back."""
    folder = tmp_path / "back"
    folder.mkdir()
    env = {"canary_to": "canary@exchange.test", "canary_mailbox": folder, "canary_expect": EXPECT}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    return folder


def sent(now: datetime, *, for_run: bool = False) -> Canary:
    return canary.ask(for_run=for_run, by=DESK, now=now)


def message(one: Canary) -> bytes:
    return message_of(OutboxMail.objects.get(key=f"canary:{one.number}:1"))


def secured(one: Canary, *, subject: str = "", inner: bytes = b"\x30\x82opaque") -> bytes:
    """As an encrypting gateway passes it on."""
    mail = EmailMessage()
    mail["Subject"] = subject or f"Test {one.number}"
    mail["Message-ID"] = OutboxMail.objects.get(key=f"canary:{one.number}:1").message_id
    mail.set_content(inner, maintype="application", subtype="pkcs7-mime", cte="base64")
    return mail.as_bytes()


def states(now: datetime) -> list[str]:
    return [str(one.state) for one in canary.look(now=now)]


def test_it_is_a_secured_mail_without_any_person(back: Path, now: datetime) -> None:
    one = sent(now)
    row = OutboxMail.objects.get()
    assert (row.to_address, row.secured_by, row.about) == ("canary@exchange.test", "gateway", "canary")
    assert one.number in row.subject
    assert one.phrase not in row.subject
    assert one.phrase.encode() in message(one)


def test_one_that_comes_back_encrypted_is_well(back: Path, now: datetime) -> None:
    one = sent(now)
    assert states(now) == []
    (back / "1.eml").write_bytes(secured(one))
    assert states(now) == ["secured"]
    assert states(now) == [], "decided once"
    assert len(events("mail:canary:secured")) == 1


def test_it_is_known_by_its_message_id_where_the_gateway_wrote_another_subject(back: Path, now: datetime) -> None:
    one = sent(now)
    (back / "1.eml").write_bytes(secured(one, subject="Secure message"))
    assert states(now) == ["secured"]


def test_one_that_comes_back_as_it_left_is_in_clear(back: Path, now: datetime) -> None:
    one = sent(now)
    (back / "1.eml").write_bytes(message(one))
    assert states(now) == ["clear"]
    (event,) = events("mail:canary:failed")
    assert event.detail["verdict"] == "clear"
    assert one.phrase not in str(event.detail)


@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_the_phrase_is_found_in_every_part_and_encoding(back: Path, now: datetime, encoding: str) -> None:
    """Dressed up as secured, and readable all the same."""
    one = sent(now)
    (back / "1.eml").write_bytes(secured(one, inner=f"x {one.phrase.upper()} y".encode(encoding)))
    assert states(now) == ["clear"]


def test_one_copy_in_clear_is_enough(back: Path, now: datetime) -> None:
    one = sent(now)
    (back / "1.eml").write_bytes(message(one))
    (back / "2.eml").write_bytes(secured(one))
    (back / "3.eml").write_bytes(message(one))
    assert states(now) == ["clear"]


def test_without_the_sign_of_a_secured_mail_it_is_not_secured(back: Path, now: datetime) -> None:
    one = sent(now)
    (back / "1.eml").write_bytes(f"Subject: {one.number}\r\n\r\nempty\r\n".encode())
    assert states(now) == ["clear"]


def test_a_portal_message_may_be_known_by_a_phrase_of_the_gateway(
    back: Path, now: datetime, settings: Settings
) -> None:
    env = {"canary_expect": "body: Click to read your secure message"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    one = sent(now)
    mail = EmailMessage()
    mail["Subject"] = one.number
    mail.set_content("Click to read your secure message: https://gateway.test/x", cte="base64")
    (back / "1.eml").write_bytes(mail.as_bytes())
    assert states(now) == ["secured"]


def test_a_canary_of_another_day_or_of_charlie_decides_nothing(back: Path, now: datetime) -> None:
    old = sent(now - timedelta(days=7))
    (back / "1.eml").write_bytes(secured(old))
    assert states(now) == ["secured"]
    sent(now)
    (back / "2.eml").write_bytes(b"Subject: canary-000000000000000000000000\r\n\r\nhello\r\n")
    assert states(now) == []


def test_one_that_does_not_come_back_is_late(back: Path, now: datetime) -> None:
    sent(now)
    assert states(now + timedelta(minutes=29)) == []
    assert states(now + timedelta(minutes=30)) == ["late"]


def test_one_becomes_late_also_where_its_mailbox_is_away(back: Path, now: datetime) -> None:
    sent(now)
    back.rmdir()
    with pytest.raises(MailboxAway):
        states(now + timedelta(minutes=29))
    assert states(now + timedelta(minutes=30)) == ["late"]
    assert len(events("mail:canary:failed")) == 1
    assert states(now + timedelta(minutes=31)) == []


@pytest.mark.parametrize("act", ["lstat", "read_bytes"])
def test_a_message_that_is_moved_away_meanwhile_is_passed_over(
    back: Path, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.eml", "2.eml"):
        (back / name).write_bytes(name.encode())
    really = getattr(Path, act)

    def moved(path: Path) -> object:
        if path.name == "1.eml":
            path.unlink(missing_ok=True)
        return really(path)

    monkeypatch.setattr(Path, act, moved)
    assert list(newest(back)) == [b"2.eml"]


def test_a_maildir_a_folder_and_an_mbox_are_read(tmp_path: Path) -> None:
    maildir = tmp_path / "Maildir"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / "new" / "1.host").write_bytes(b"Subject: a\n\na\n")
    (maildir / "cur" / "2.host:2,S").write_bytes(b"Subject: b\n\nb\n")
    (maildir / "tmp" / "3.host").write_bytes(b"half")
    assert sorted(newest(maildir)) == [b"Subject: a\n\na\n", b"Subject: b\n\nb\n"]
    box = tmp_path / "mbox"
    box.write_bytes(b"From a Mon\nSubject: a\n\n>From x\n\nFrom b Mon\nSubject: b\n\nb\n")
    assert list(newest(box)) == [b"Subject: b\n\nb\n", b"Subject: a\n\n>From x\n\n"]
    box.write_bytes(b"")
    assert list(newest(box)) == []


def test_links_and_huge_messages_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "back"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"Subject: secret\n\n")
    (folder / "1.eml").symlink_to(tmp_path / "secret")
    (folder / "2.eml").write_bytes(b"x" * (LARGEST + 1))
    assert list(newest(folder)) == []


def test_a_mailbox_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MailboxAway, match="gone"):
        list(newest(tmp_path / "gone"))
