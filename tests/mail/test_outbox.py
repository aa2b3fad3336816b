import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import OutsideTransaction
from extranet.mail import message
from extranet.mail.catalogue import RequestAnsweredMail
from extranet.mail.guard import MailBlocked
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import AddressRefused, body_of, cancel, post
from extranet.profile.loader import current
from extranet.vault.sealing import Unopenable
from tests.mail.conftest import SECRET, Post, introduction, password, username

pytestmark = pytest.mark.django_db


def test_a_posted_mail_is_sealed_and_says_what_it_is(post_mail: Post, now: datetime) -> None:
    row = post_mail(password(), key="password:AB_1H12345:1")
    assert (row.kind, row.about, row.state, row.secret, row.secured) == ("password", "AB_1H12345", "queued", True, True)
    assert row.give_up_at == now + timedelta(days=7)
    assert SECRET not in str(list(OutboxMail.objects.values_list()))
    assert SECRET.encode() not in bytes(row.sealed_body or b"")
    assert SECRET in body_of(OutboxMail.objects.get()).text


def test_the_mark_stands_first_in_the_subject_of_secured_mails_only(post_mail: Post) -> None:
    mark = current().secured_mark
    assert post_mail(username(), key="a").subject.startswith(f"{mark} ")
    assert post_mail(password(), key="b").subject.startswith(f"{mark} ")
    assert mark not in post_mail(introduction(), key="c").subject


def test_who_had_a_mail_before_costs_no_less_work_than_a_stranger(
    post_mail: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name could be told by the time of its answer, if the line with its address were kept."""
    made, anew = [], message._head_anew

    def noting(name: str, value: str) -> bytes:
        made.append(name)
        return anew(name, value)

    monkeypatch.setattr(message, "_head_anew", noting)
    for key in ("a", "b"):
        post_mail(introduction(), key=key)
    assert made.count("To") == 2


def test_the_same_key_again_is_the_same_mail(post_mail: Post) -> None:
    first = post_mail(introduction(), key="a")
    again = post_mail(password(), key="a", to="charlie@stranger.test")
    assert again == first
    assert OutboxMail.objects.get().to_address == "alice@agents.test"


@pytest.mark.django_db(transaction=True)
def test_one_key_posted_by_many_at_once_is_one_mail(post_mail: Post) -> None:
    start, ids = threading.Barrier(3), []

    def posting() -> None:
        start.wait(10)
        ids.append(post_mail(introduction(), key="a").id)
        connection.close()

    threads = [threading.Thread(target=posting) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids == [OutboxMail.objects.get().id] * 3


def test_a_mail_goes_when_its_act_rolls_back(now: datetime) -> None:
    def act() -> None:
        post(introduction(), to="alice@agents.test", about="AB_1H12345", key="a", language="en", now=now)
        raise KeyError

    with pytest.raises(KeyError), transaction.atomic():
        act()
    assert not OutboxMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_mail_outside_the_transaction_of_its_act_is_refused(now: datetime) -> None:
    with pytest.raises(OutsideTransaction):
        post(introduction(), to="alice@agents.test", about="AB_1H12345", key="a", language="en", now=now)


@pytest.mark.parametrize("to", ["", "alice", "alice@agents.test\nBcc: charlie@stranger.test", "a b@agents.test"])
def test_what_is_no_address_is_refused_without_repeating_it(post_mail: Post, to: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        post_mail(to=to)
    assert not to or to not in str(refused.value)


def test_an_answer_with_consumer_data_is_never_posted(post_mail: Post) -> None:
    with pytest.raises(MailBlocked):
        post_mail(RequestAnsweredMail(number="R-2026-000001", answer="SSN 123-45-6789"))
    assert not OutboxMail.objects.exists()


def test_each_mail_has_a_message_id_of_its_own(post_mail: Post) -> None:
    ids = {post_mail(username(), key=key).message_id for key in "abc"}
    assert len(ids) == 3


def test_a_body_belongs_to_its_row_only(post_mail: Post) -> None:
    first, second = post_mail(password(), key="a"), post_mail(introduction(), key="b")
    second.sealed_body = first.sealed_body
    with pytest.raises(Unopenable):
        body_of(second)


def test_cancelled_mails_are_wiped_and_recorded_and_others_stay(post_mail: Post, now: datetime) -> None:
    post_mail(password(), key="password:AB_1H12345:1")
    post_mail(username(), key="username:AB_1H12345:1")
    post_mail(password(), key="password:AB_0E54321:1", about="AB_0E54321")
    with transaction.atomic():
        assert cancel(key_prefix="password:", about="AB_1H12345", now=now) == 1
        assert cancel(key_prefix="password:", about="AB_1H12345", now=now) == 0
    row = OutboxMail.objects.get(key="password:AB_1H12345:1")
    assert (row.state, row.sealed_body, row.wiped_at) == (MailState.CANCELLED, None, now)
    assert Event.objects.get(action=Action.MAIL_CANCELLED).subject == "AB_1H12345"
    assert OutboxMail.objects.filter(state=MailState.QUEUED).count() == 2


def test_cancelling_everything_by_mistake_is_refused(now: datetime) -> None:
    with pytest.raises(ValueError, match="needs"):
        cancel(now=now)


@pytest.mark.parametrize("state", ["accepted", "gave_up", "bounced", "cancelled"])
def test_the_database_refuses_a_settled_secret_that_was_not_wiped(post_mail: Post, state: str) -> None:
    row = post_mail(password(), key="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        OutboxMail.objects.filter(id=row.id).update(state=state)
