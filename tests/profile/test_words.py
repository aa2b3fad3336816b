"""Every mail can be said in both exchanges, ends in the footer, and never holds a hole."""

import re
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from extranet.profile.exchange import Profile
from extranet.profile.reading import ProfileRefused
from extranet.profile.wording import MAIL_FIELDS, SECRET_MAILS
from extranet.profile.words import Rendered, page, render
from tests.profile.conftest import Change, use


def say(name: str, **fields: object) -> Rendered:
    return render(name, {**MAIL_FIELDS[name], **fields}, language="en")


def test_the_three_monday_subjects_are_the_job_aids_to_the_letter(shipped: Profile) -> None:
    def final(name: str) -> str:
        mark = f"{shipped.secured_mark} " if shipped.mails[name].secured else ""
        return mark + say(name).subject

    assert [final(name) for name in ("introduction", "username", "password")] == [
        "Your Covered California Individual Book of Business – Informational",
        "[secure] Your Covered California Individual Book of Business – Username",
        "[secure] Your Covered California Individual Book of Business – Password",
    ]


def test_people_and_machine_each_send_what_is_theirs(profile: Profile) -> None:
    by_system = {name for name, mail in profile.mails.items() if mail.sender == profile.system_sender}
    assert {"reset_link", "reset_started_by_staff", "expiry_warning"} <= by_system
    assert not {"introduction", "username", "password", "username_reminder", "request_answered"} & by_system
    assert profile.mails["introduction"].sender == profile.service_center.sender


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_every_mail_ends_in_the_footer_in_both_forms(profile: Profile, name: str) -> None:
    mail = say(name)
    assert mail.text.rstrip().endswith("delete it.")
    for form in (mail.text, mail.html):
        assert "confidential" in form
        assert re.search(r"print", form)
        assert profile.service_center.email in form
        assert profile.service_center.phone in form


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_text_and_html_of_a_mail_say_the_same_fields(profile: Profile, name: str) -> None:
    mail = say(name)
    for value in MAIL_FIELDS[name].values():
        if isinstance(value, str) and value.isascii() and "\n" not in value:
            assert value in mail.text
            assert value.replace("&", "&amp;").replace("'", "&#x27;") in mail.html


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_no_mail_holds_both_user_name_and_password(profile: Profile, name: str) -> None:
    assert not {"username", "password"} <= MAIL_FIELDS[name].keys()
    opens = name in SECRET_MAILS
    assert opens == (name in ("pickup", "secured_notice") or bool({"password", "minutes"} & MAIL_FIELDS[name].keys()))
    assert not (opens and profile.username_prefix + "1H12345" in say(name).text)


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_html_fetches_and_runs_nothing(profile: Profile, name: str) -> None:
    html = say(name).html
    assert not re.search(r"<(script|img|link|iframe|style|form)|url\(|\bon\w+=", html)
    assert html.startswith("<!doctype html>")


def test_the_introduction_tells_a_new_agent_everything(shipped: Profile) -> None:
    text = say("introduction", kept_account=False, username="").text
    facts = ["From today", "every case that is delegated to you", "Two secured e-mails", "[secure]", "60 days"]
    facts += ["conversation", "junk folder", "still the same", "agents@covered.ca.gov", "/sites/ccAgentPortal"]
    assert [fact for fact in facts if fact not in text] == []
    assert "CC_" not in text


def test_the_introduction_tells_the_owner_of_a_living_account_to_keep_it(shipped: Profile) -> None:
    text = say("introduction", kept_account=True, username="CC_1H12345").text
    assert "ecoveredca\\CC_1H12345" in text
    assert "immigration or lawful presence" in text
    assert "may still be active" in text
    assert "We do not send you a new one" in text
    assert "Two secured e-mails" not in text


def test_the_user_name_mail_shows_the_name_and_the_example(shipped: Profile) -> None:
    mail = say("username", username="CC_4000042")
    for form in (mail.text, mail.html):
        assert "ecoveredca\\CC_4000042" in form
        assert "For license 1H12345 it would be CC_1H12345" in form
        assert "junk folder" in form
        assert "http://portal.test/sites/ccAgentPortal" in form
        assert "personal information" in form


def test_the_user_name_mail_promises_a_password_only_where_one_follows(shipped: Profile) -> None:
    new, kept = say("username", kept_account=False), say("username", kept_account=True)
    for form in (new.text, new.html):
        assert "Your password comes in a second e-mail" in form
    for form in (kept.text, kept.html):
        assert "second e-mail" not in form
        assert "no e-mail with a password follows" in form


def test_the_password_mail_shows_the_password_and_its_last_day(shipped: Profile) -> None:
    mail = say("password", password="mfkt-29rw-hxpe-7ncd")
    for form in (mail.text, mail.html):
        assert "mfkt-29rw-hxpe-7ncd" in form
        assert "Monday, December 7, 2026" in form
        assert "personal information" in form
        assert "CC_" not in form


def test_the_reset_mail_names_the_site_and_its_link(shipped: Profile) -> None:
    mail = say("reset_link", link="http://reset.test/go/abc", minutes=60)
    assert "Credential Management" in mail.text
    assert "only once" in mail.text
    assert mail.text.count("http://reset.test/go/abc") == 1


def test_a_moment_appears_in_the_zone_of_the_exchange(settings: Settings, profile: Profile) -> None:
    text = say("password_changed", when=datetime(2026, 11, 24, 2, 30, tzinfo=UTC)).text
    assert {"America/Los_Angeles": "6:30 PM PST", "America/New_York": "21:30 EST"}[profile.zone.key] in text


def test_a_policy_without_expiry_says_nothing_of_days(settings: Settings, shipped: Profile) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "nist_63b4"})
    assert "expire every" not in say("introduction").text
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    assert "expire every 180 days" in say("introduction").text


def test_links_carry_the_configured_addresses_only(settings: Settings, shipped: Profile) -> None:
    changed = {"base_url": "https://agents.example.gov/", "reset_url": "https://reset.example.gov"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=changed)
    assert "https://agents.example.gov/login/" in say("expiry_warning").text
    assert "https://agents.example.gov/sites/ccAgentPortal" in say("introduction").text
    assert "https://agents.example.gov/support/" in say("request_answered").text


def test_a_name_is_escaped_in_html_and_left_alone_in_text(profile: Profile) -> None:
    mail = say("username", first_name="<b>Alice", last_name="O'Hara & Sons")
    assert "<b>Alice O'Hara & Sons" in mail.text
    assert "&lt;b&gt;Alice O&#x27;Hara &amp; Sons" in mail.html


@pytest.mark.parametrize(
    ("given", "key"),
    [({}, "days"), ({"days": 10, "expires_on": None, "case_number": "5004311207"}, "case_number")],
    ids=["too few", "too many"],
)
def test_a_mail_takes_exactly_its_own_fields(profile: Profile, given: dict[str, object], key: str) -> None:
    with pytest.raises(ProfileRefused) as refused:
        render("expiry_warning", given, language="en")
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("emails/en/expiry_warning/body.txt", "{{ login_url }}", "{{ loggin_url }}", "loggin_url"),
        ("emails/en/expiry_warning/body.html", "{{ login_url }}", "{{ exchange.phone }}", "exchange.phone"),
        ("emails/en/expiry_warning/body.txt", "It works", "{% if late %}Late!{% endif %}It works", "late"),
        ("emails/en/expiry_warning/body.txt", "It works", "{% if days %}It works", "(file)"),
        ("emails/en/expiry_warning/body.txt", "It works", '{% include "_gone.txt" %}', "_gone.txt"),
        ("emails/en/expiry_warning/subject.txt", "Your pass", "Your\npass", "(file)"),
    ],
    ids=["field", "attribute", "condition", "syntax", "include", "two lines"],
)
def test_a_hole_in_a_mail_is_refused_by_file_and_key(
    settings: Settings, spoiled: Change, file: str, old: str, new: str, key: str
) -> None:
    folder = spoiled(file, old, new)
    use(settings, folder)
    with pytest.raises(ProfileRefused) as refused:
        say("expiry_warning")
    assert (refused.value.file, refused.value.key) == (folder / file, key)


def test_a_page_speaks_for_its_exchange(profile: Profile) -> None:
    agreement = page("agreement")
    assert profile.exchange.name in agreement
    assert "{{" not in agreement
    assert hasattr(agreement, "__html__")
    assert page("notice") == profile.notice


def test_an_unwritten_page_is_refused(profile: Profile) -> None:
    with pytest.raises(ProfileRefused, match=r"pages/nothing\.txt"):
        page("nothing")
