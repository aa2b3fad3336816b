"""One place knows how long the link of each mail lives: a held mail whose link is over must not leave."""

from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from extranet.mail.catalogue import KINDS, CatalogueMail, ResetLinkMail
from extranet.mail.link_lives import LIVES, lapsed, life_of, minutes_of
from extranet.mail.models import OutboxMail
from tests.mail.conftest import Post, introduction, password
from tests.policies import put_in_force

MINUTE = timedelta(minutes=1)


def holds_what_ends(mail: type[CatalogueMail]) -> bool:
    """A link or a code, or something else that opens an account."""
    return mail.secret or bool({"link", "code"} & {field.name for field in fields(mail)})


def test_every_mail_that_holds_what_ends_says_how_long_it_lives() -> None:
    """Who adds such a mail to the catalogue decides it in link_lives.py."""
    assert {kind for kind, mail in KINDS.items() if holds_what_ends(mail)} == set(LIVES)


@pytest.mark.parametrize("kind", sorted(LIVES))
def test_every_life_is_some_whole_minutes(kind: str) -> None:
    life = life_of(KINDS[kind])
    assert life > timedelta(0)
    assert timedelta(minutes=minutes_of(KINDS[kind])) == life


def test_policy_sets_the_life(monkeypatch: pytest.MonkeyPatch) -> None:
    before = life_of(ResetLinkMail)
    put_in_force(monkeypatch, reset_link_minutes=30)
    assert (before, life_of(ResetLinkMail)) == (60 * MINUTE, 30 * MINUTE)


@pytest.mark.django_db
def test_a_mail_has_lapsed_from_the_end_of_its_link_on(post_mail: Post, now: datetime) -> None:
    posted = post_mail(ResetLinkMail(link="http://reset.test/r/abc", minutes=60), key="reset_link:AB_1H12345:1")
    post_mail(password(), key="password:AB_1H12345:1")
    post_mail(introduction())
    assert not OutboxMail.objects.filter(lapsed(now=now + 59 * MINUTE))
    assert list(OutboxMail.objects.filter(lapsed(now=now + 60 * MINUTE))) == [posted]
