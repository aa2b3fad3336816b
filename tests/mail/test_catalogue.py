from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from extranet.mail.catalogue import (
    KINDS,
    BookReadyMail,
    CatalogueMail,
    EmailChangeNewMail,
    IntroductionMail,
    PasswordMail,
    ResetLinkMail,
)
from extranet.mail.catalogue import FieldRefused as Refused
from extranet.mail.catalogue_mail import ALLOWED_TYPES
from extranet.profile.loader import current
from extranet.profile.wording import MAIL_FIELDS, SECRET_MAILS
from extranet.profile.words import render
from tests.mail.conftest import ALICE

BOOK: dict[str, Any] = {"report_title": "Book", "as_of": date(2026, 11, 16), "rows": 3, "cases": 2}


def test_catalogue_and_words_know_the_same_mails() -> None:
    assert set(KINDS) == set(MAIL_FIELDS) == set(current().mails)


@pytest.mark.parametrize("kind", sorted(MAIL_FIELDS))
def test_each_class_has_exactly_the_fields_of_its_words(kind: str) -> None:
    declared = {field.name: field.type for field in fields(KINDS[kind])}
    assert declared == {name: type(sample) for name, sample in MAIL_FIELDS[kind].items()}


@pytest.mark.parametrize("kind", sorted(MAIL_FIELDS))
def test_each_mail_of_the_catalogue_can_be_said(kind: str) -> None:
    sample = dict(MAIL_FIELDS[kind])
    if "link" in sample:
        sample["link"] = "http://reset.test/r/abc"
    mail = KINDS[kind](**sample)
    words = render(mail.kind, mail.context(), language="en")
    assert words.subject
    assert words.text
    assert words.html


def test_every_mail_is_documented_with_its_secrecy() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "mail.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
    assert [kind for kind in SECRET_MAILS if f"| `{kind}` | yes |" not in text] == []


def test_secret_is_what_opens_an_account() -> None:
    assert {kind for kind, mail in KINDS.items() if mail.secret} == SECRET_MAILS


def test_only_an_answer_has_words_that_a_person_wrote() -> None:
    free = {(kind, name) for kind, mail in KINDS.items() for name in mail.free_text}
    assert free == {("request_answered", "answer")}


def test_all_declared_types_are_of_the_allowed_ones() -> None:
    assert {field.type for mail in KINDS.values() for field in fields(mail)} <= set(ALLOWED_TYPES)


def test_senders_are_those_of_the_job_aid() -> None:
    mail = IntroductionMail(**ALICE, kept_account=False)
    assert (mail.sender, mail.secured) == ("service_center", False)
    secret = PasswordMail(**ALICE, password="x", valid_until=date(2026, 11, 30))
    assert (secret.sender, secret.secured) == ("service_center", True)
    assert ResetLinkMail(link="http://reset.test/r/abc", minutes=60).sender == "system"


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("rows must be int, not bool", {"rows": True}),
        ("rows must be int, not str", {"rows": "3"}),
        ("as_of must be date, not datetime", {"as_of": datetime(2026, 11, 16, tzinfo=UTC)}),
        ("report_title must be str, not list", {"report_title": ["row"]}),
        ("report_title must be one printable line", {"report_title": "Book\r\nBcc: charlie@stranger.test"}),
        ("report_title must be one printable line", {"report_title": "x" * 501}),
    ],
)
def test_a_field_of_another_type_or_form_is_refused(fault: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=fault):
        BookReadyMail(**{**BOOK, **wrong})


def test_a_moment_without_its_zone_is_refused() -> None:
    with pytest.raises(Refused, match="aware"):
        EmailChangeNewMail(active_on=datetime(2026, 11, 16))  # noqa: DTZ001 -- this is the fault


@pytest.mark.parametrize(
    "link",
    [
        "https://stranger.test/r/abc",
        "http://portal.test.stranger.test/r",
        "http://portal.test@stranger.test/",
        "/r/abc",
    ],
)
def test_a_link_to_anywhere_but_the_configured_addresses_is_refused(link: str) -> None:
    with pytest.raises(Refused, match="configured"):
        ResetLinkMail(link=link, minutes=60)


def test_a_class_with_a_field_for_a_row_of_data_cannot_say_it() -> None:
    @dataclass(frozen=True, kw_only=True)
    class LeakMail(CatalogueMail, kind="leak"):
        row: dict[str, str]

    del KINDS["leak"]
    with pytest.raises(Refused, match="row is declared as"):
        LeakMail(row={"ssn": "x"})
