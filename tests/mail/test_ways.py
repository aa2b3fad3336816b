import logging
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from extranet.mail.secured.gateway import mail_options
from extranet.mail.ways import NotNow, Parcel, Refused, WayDown, WayRefused, open_way
from tests.mail.conftest import Receiver

PARCEL = Parcel(
    name="00000000-0000-0000-0000-000000000001",
    sender="desk@exchange.test",
    recipient="alice@agents.test",
    content=b"Subject: x\r\n\r\nmfkt-29rw\r\n",
)
SECURED = replace(PARCEL, secured=True)


def test_a_message_delivered_again_replaces_itself_in_the_folder(data_folder: Path) -> None:
    way = open_way("folder:")
    way.deliver(PARCEL)
    way.deliver(PARCEL)
    assert [file.name for file in (data_folder / "mailbox").iterdir()] == [f"{PARCEL.name}.eml"]


def test_a_folder_may_be_named(tmp_path: Path) -> None:
    open_way(f"folder:{tmp_path}/drop").deliver(PARCEL)
    assert (tmp_path / "drop" / f"{PARCEL.name}.eml").read_bytes() == PARCEL.content


def test_a_folder_that_cannot_be_written_is_a_way_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WayDown, match="folder: "):
        open_way(f"folder:{tmp_path}/file").deliver(PARCEL)


def test_a_secured_message_travels_under_verified_tls(
    tls_server: str, trusting: ssl.SSLContext, receiver: Receiver
) -> None:
    way = open_way(tls_server, ssl_context=trusting)
    way.deliver(SECURED)
    way.close()
    assert receiver.taken == [SECURED.content]


def test_a_secured_message_does_not_leave_over_a_plain_connection(plain_server: str, receiver: Receiver) -> None:
    way = open_way(plain_server)
    with pytest.raises(NotNow, match="verified TLS"):
        way.deliver(SECURED)
    way.close()
    assert receiver.taken == []


@pytest.mark.parametrize("parcel", [PARCEL, SECURED])
def test_a_server_with_a_strangers_certificate_gets_nothing(
    tls_server: str, receiver: Receiver, parcel: Parcel
) -> None:
    way = open_way(tls_server)  # knows the authorities of this machine, not ours
    with pytest.raises(WayDown, match="certificate"):
        way.deliver(parcel)
    assert receiver.taken == []


def test_a_certificate_for_another_host_is_not_accepted(
    tls_server: str, trusting: ssl.SSLContext, receiver: Receiver
) -> None:
    way = open_way(tls_server.replace("127.0.0.1", "localhost"), ssl_context=trusting)
    with pytest.raises(WayDown, match="certificate"):
        way.deliver(SECURED)
    assert receiver.taken == []


def test_a_context_that_does_not_verify_is_refused() -> None:
    blind = ssl.create_default_context()
    blind.check_hostname = False
    with pytest.raises(WayRefused, match="verify"):
        open_way("smtp://127.0.0.1:25", ssl_context=blind)


def test_a_server_that_can_is_asked_to_pass_secured_mail_on_under_tls_only() -> None:
    assert mail_options(secured=True, offered={"size", "requiretls"}) == ["REQUIRETLS"]
    assert mail_options(secured=True, offered={"size"}) == []
    assert mail_options(secured=False, offered={"requiretls"}) == []


def test_a_delivery_report_shall_not_send_the_words_of_a_mail_back(plain_server: str, receiver: Receiver) -> None:
    """A bounced password would lie in another mailbox, in clear."""
    receiver.offers_reports = True
    way = open_way(plain_server)
    way.deliver(PARCEL)
    way.close()
    assert receiver.taken == [PARCEL.content]
    wanted = {
        "RET": "HDRS",
        "ENVID": PARCEL.name,
        "NOTIFY": "FAILURE,DELAY",
        "ORCPT": "RFC822;ALICE@AGENTS.TEST",
    }  # the server writes it in capitals
    assert receiver.asked == wanted
    receiver.reset()
    way = open_way(plain_server)  # does not offer it now, and would refuse what it does not know
    way.deliver(PARCEL)
    way.close()
    assert (receiver.taken, receiver.asked) == ([PARCEL.content], {})


def test_a_server_that_offers_it_inside_tls_is_asked_for_secured_mails_only(
    tls_server: str, trusting: ssl.SSLContext, receiver: Receiver
) -> None:
    receiver.offers_require_tls = True
    way = open_way(tls_server, ssl_context=trusting)
    way.deliver(SECURED)
    way.deliver(PARCEL)
    way.close()
    assert ["REQUIRETLS" in options for options in receiver.options] == [True, False]
    assert receiver.taken == [SECURED.content, PARCEL.content]


def test_a_server_that_does_not_offer_it_is_not_asked(
    tls_server: str, trusting: ssl.SSLContext, receiver: Receiver
) -> None:
    way = open_way(tls_server, ssl_context=trusting)
    way.deliver(SECURED)
    way.close()
    assert "REQUIRETLS" not in receiver.options[0]


def test_one_connection_serves_many_messages(plain_server: str, receiver: Receiver) -> None:
    way = open_way(plain_server)
    for _ in range(5):
        way.deliver(PARCEL)
    way.close()
    assert (len(receiver.taken), receiver.connections) == (5, 1)


def test_a_server_that_says_goodbye_between_two_messages_is_greeted_again(
    plain_server: str, receiver: Receiver
) -> None:
    """Many let so many messages through a connection and end it."""
    way = open_way(plain_server)
    way.deliver(PARCEL)
    receiver.goodbyes = 1
    way.deliver(PARCEL)
    assert (len(receiver.taken), receiver.connections) == (2, 2)
    receiver.goodbyes = 2
    with pytest.raises(WayDown):
        way.deliver(PARCEL)  # whoever says it at the first word is away
    way.deliver(PARCEL)
    way.close()
    assert len(receiver.taken) == 3


def test_a_refused_message_does_not_disturb_the_next(plain_server: str, receiver: Receiver) -> None:
    way = open_way(plain_server)
    receiver.at_rcpt = "550 5.1.1 no such user"
    with pytest.raises(Refused):
        way.deliver(PARCEL)
    receiver.at_rcpt = "250 OK"
    way.deliver(PARCEL)
    way.close()
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("stage", "reply", "error", "told"),
    [
        ("at_rcpt", "550 5.1.1 <alice@agents.test> unknown", Refused, "SMTP 550 5.1.1"),
        ("at_rcpt", "550 gone", Refused, "SMTP 550"),
        ("at_rcpt", "450 4.2.0 greylisted", NotNow, "SMTP 450 4.2.0"),
        ("at_rcpt", "554 5.7.1 relaying denied", NotNow, "SMTP 554 5.7.1"),
        (
            "at_rcpt",
            "504 5.5.2 <localhost>: Helo command rejected",
            NotNow,
            "SMTP 504 5.5.2",
        ),
        (
            "at_rcpt",
            "550 5.1.8 <desk@x.test>: Sender address rejected",
            NotNow,
            "SMTP 550 5.1.8",
        ),
        ("at_rcpt", "501 5.1.7 <desk>: Sender address rejected: malformed address", NotNow, "SMTP 501 5.1.7"),
        ("at_rcpt", "550 relay not permitted", NotNow, "SMTP 550"),
        ("at_rcpt", "554 5.3.2 system not accepting messages", NotNow, "SMTP 554 5.3.2"),
        ("at_rcpt", "555 5.5.4 Unsupported option: NOTIFY", NotNow, "SMTP 555 5.5.4"),
        ("at_rcpt", "554 transaction failed", NotNow, "SMTP 554"),
        ("at_rcpt", "552 5.2.2 mailbox full", Refused, "SMTP 552 5.2.2"),
        ("at_rcpt", "550 5.1.10 no such domain takes mail", Refused, "SMTP 550 5.1.10"),
        ("at_data", "552 5.3.4 too big", Refused, "SMTP 552 5.3.4"),
        ("at_data", "451 4.3.0 mfkt-29rw", NotNow, "SMTP 451 4.3.0"),
        ("at_mail", "550 5.1.8 sender unknown", NotNow, "SMTP 550 5.1.8"),
        ("at_mail", "421 4.3.2 closing", WayDown, "SMTP 421 4.3.2"),
    ],
)
def test_only_what_is_about_the_mailbox_is_final(
    plain_server: str, receiver: Receiver, stage: str, reply: str, error: type[Exception], told: str
) -> None:
    setattr(receiver, stage, reply)
    way = open_way(plain_server)
    with pytest.raises(error) as raised:
        way.deliver(PARCEL)
    way.close()
    assert type(raised.value) is error
    assert str(raised.value) == told, "codes, never the server's words"


def test_a_server_that_is_not_there_is_a_way_that_is_down() -> None:
    with pytest.raises(WayDown, match="connection: ConnectionRefusedError"):
        open_way("smtp://127.0.0.1:1").deliver(PARCEL)


def test_credentials_are_used_over_tls_and_never_told(
    tls_server: str, trusting: ssl.SSLContext, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    way = open_way(tls_server.replace("//", "//desk:s3cret%2Fword@"), ssl_context=trusting)
    way.deliver(SECURED)
    way.close()
    assert len(receiver.taken) == 1
    wrong = open_way(tls_server.replace("//", "//desk:wr0ng@"), ssl_context=trusting)
    with pytest.raises(WayDown, match="SMTP 535") as refused:
        wrong.deliver(SECURED)
    assert "wr0ng" not in f"{refused.value}{caplog.text}"
    assert "s3cret" not in caplog.text


def test_credentials_are_not_sent_in_clear(plain_server: str, receiver: Receiver) -> None:
    way = open_way(plain_server.replace("//", "//desk:s3cret@"))
    with pytest.raises(WayDown):
        way.deliver(PARCEL)
    assert receiver.taken == []


@pytest.mark.parametrize("url", ["", "smtp:", "http://desk:s3cret@mail.test", "mailbox"])
def test_an_unknown_way_is_refused_without_repeating_credentials(url: str) -> None:
    with pytest.raises(WayRefused) as refused:
        open_way(url)
    assert "s3cret" not in str(refused.value)


def test_smtps_is_encrypted_from_the_first_byte(
    smtps_server: str, trusting: ssl.SSLContext, receiver: Receiver
) -> None:
    way = open_way(smtps_server, ssl_context=trusting)
    way.deliver(SECURED)
    way.close()
    assert receiver.taken == [SECURED.content]
