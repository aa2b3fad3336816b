"""A misconfigured secured way stops the start, and says which variable to set."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError
from pytest_django import Settings

from extranet.cli.ready import require_ready
from extranet.env import Env
from extranet.mail.models import HeldMessage, OutboxMail
from extranet.mail.outbox import body_of, message_of
from extranet.mail.secured import configured
from extranet.mail.secured.configured import SecuredMailRefused
from extranet.profile.loader import current
from extranet.profile.reading import ProfileRefused
from tests.mail.certificates import NOW, Holder, holder
from tests.mail.conftest import Post, introduction, password, username


def use(settings: Settings, **env: Any) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)


def faults(now: datetime) -> str:
    return "\n".join(configured.faults(now=now))


def portal(settings: Settings, folder: Path, old: str, new: str) -> None:
    """Another profile, with that line of its portal changed."""
    copied = shutil.copytree(current().folder, folder / "profile")
    text = (copied / "profile.toml").read_text()
    assert old in text
    (copied / "profile.toml").write_text(text.replace(old, new))
    use(settings, profile=str(copied))


MARK = 'secured_mark = "[secure]"'


def test_the_defaults_can_start(now: datetime) -> None:
    assert faults(now) == ""


def test_an_unknown_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRANET_SECURED_MAIL", "pigeon")
    with pytest.raises(ValidationError, match="secured_mail"):
        Env()


def test_a_gateway_needs_a_word_or_a_header(settings: Settings, tmp_path: Path, now: datetime) -> None:
    portal(settings, tmp_path, MARK, 'secured_mark = ""')
    assert "neither secured_mark nor secured_header" in faults(now)
    use(settings, secured_mail="pickup")
    assert faults(now) == ""


@pytest.mark.django_db
def test_what_the_gateway_could_not_know_is_picked_up(
    settings: Settings, tmp_path: Path, post_mail: Post, now: datetime
) -> None:
    """Acts by command line do not ask first whether the server could start."""
    portal(settings, tmp_path, MARK, 'secured_mark = ""')
    row = post_mail(password(), key="a")
    assert row.secured_by == "pickup"
    assert password().password not in body_of(row).text
    assert HeldMessage.objects.get().mail == row


@pytest.mark.django_db
def test_a_header_does_instead_of_the_word(settings: Settings, tmp_path: Path, post_mail: Post, now: datetime) -> None:
    portal(settings, tmp_path, MARK, 'secured_header = "X-Secure-Mail: yes"')
    assert faults(now) == ""
    row = post_mail(username(), key="a")
    assert b"\r\nX-Secure-Mail: yes\r\n" in message_of(row)
    assert not row.subject.startswith("[secure]")
    assert b"X-Secure-Mail" not in message_of(post_mail(introduction(), key="b"))


@pytest.mark.parametrize(
    "line",
    [
        'secured_header = "X-Secure-Mail"',
        'secured_header = "X Secure: yes"',
        'secured_header = "X-Secure: yes\\r\\nBcc: charlie@stranger.test"',
        'secured_header = "X-Secure: yes\\n"',
        'secured_header = "Bcc: charlie@stranger.test"',
        'secured_header = "subject: x"',
        'secured_header = "Content-Type: text/plain"',
        'secured_header = "X-Secure: süß"',
        'secured_mark = "[secure]\\nBcc: charlie@stranger.test"',
        'secured_mark = "[sëcure]"',
    ],
)
def test_a_header_or_word_that_could_do_harm_is_refused(settings: Settings, tmp_path: Path, line: str) -> None:
    portal(settings, tmp_path, MARK, line)
    with pytest.raises(ProfileRefused, match=r"portal\.secured_"):
        current()


@pytest.fixture
def exchange(tmp_path: Path, settings: Settings) -> Holder:
    ours = holder("exchange", current().service_center.email)
    certificate, key = ours.files(tmp_path, "exchange")
    use(settings, secured_mail="smime", smime_certificate_file=certificate, smime_key_file=key)
    return ours


def test_smime_with_key_and_certificate_can_start(exchange: Holder, now: datetime) -> None:
    assert faults(now) == ""
    assert configured.senders_without_certificate() == [current().system_sender.email]


def test_smime_needs_both(exchange: Holder, settings: Settings, now: datetime) -> None:
    for name in ("smime_certificate_file", "smime_key_file"):
        before = getattr(settings.EXTRANET, name)
        use(settings, **{name: None})
        assert f"EXTRANET_{name.upper()} is not set" in faults(now)
        use(settings, **{name: Path("/nowhere")})
        assert "/nowhere cannot be read" in faults(now)
        use(settings, **{name: before})


def test_smime_with_another_s_key_a_wrong_file_or_an_ended_certificate_does_not_start(
    exchange: Holder, settings: Settings, tmp_path: Path, now: datetime
) -> None:
    _, other = holder("charlie", "charlie@stranger.test").files(tmp_path, "charlie")
    use(settings, smime_key_file=other)
    assert "does not belong to the certificate" in faults(now)
    use(settings, smime_key_file=settings.EXTRANET.smime_certificate_file)
    assert "no private key" in faults(now)
    edwards = tmp_path / "ed25519.key"
    private = ed25519.Ed25519PrivateKey.generate()
    edwards.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    use(settings, smime_key_file=edwards)
    assert "neither an RSA nor an elliptic-curve key" in faults(now)
    certificate, key = holder("exchange", "a@b.test", ends=NOW).files(tmp_path, "ended")
    use(settings, smime_certificate_file=certificate, smime_key_file=key)
    assert "is not valid now" in faults(now)
    certificate.write_text("nothing")
    assert "no certificate in PEM" in faults(now)


def test_an_ending_certificate_is_told_before(exchange: Holder, now: datetime) -> None:
    assert configured.lasts(now=now)
    assert not configured.lasts(now=now + timedelta(days=340))


CANARY = {
    "canary_to": "canary@exchange.test",
    "canary_mailbox": Path(__file__).parent,
    "canary_expect": "X-Secured: yes",
}


@pytest.mark.parametrize("lacking", sorted(CANARY))
def test_a_canary_is_configured_whole_or_not_at_all(settings: Settings, now: datetime, lacking: str) -> None:
    use(settings, **CANARY)
    assert faults(now) == ""
    use(settings, **{lacking: None if lacking == "canary_mailbox" else ""})
    assert f"EXTRANET_{lacking.upper()} is not set" in faults(now)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"canary_to": "nowhere"}, "no e-mail address"),
        ({"canary_mailbox": Path("/nowhere/at/all")}, "does not exist"),
        ({"canary_expect": "encrypted"}, "EXTRANET_CANARY_EXPECT must be"),
        ({"canary_expect": "X-Secured:"}, "EXTRANET_CANARY_EXPECT must be"),
        ({"canary_expect": ": yes"}, "EXTRANET_CANARY_EXPECT must be"),
        ({"secured_mail": "pickup"}, "must be gateway"),
    ],
)
def test_a_canary_that_could_never_come_back_well_is_refused(
    settings: Settings, now: datetime, wrong: dict[str, Any], told: str
) -> None:
    use(settings, **CANARY)
    use(settings, **wrong)
    assert told in faults(now)


@pytest.mark.django_db
def test_nothing_starts_and_nothing_was_posted(settings: Settings, data_folder: Path) -> None:
    use(settings, secured_mail="smime", demo=False)
    with pytest.raises(SecuredMailRefused, match="EXTRANET_SMIME_CERTIFICATE_FILE"):
        require_ready()
    assert not OutboxMail.objects.exists()
