"""A profile loads whole or not at all, and a refusal says where and what to do."""

from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.profile.exchange import Profile
from extranet.profile.loader import current, load
from extranet.profile.reading import ProfileRefused
from extranet.profile.wording import WORDS
from tests.profile.conftest import EVERGREEN, SHIPPED, Change, use


def test_the_shipped_profile_says_what_the_job_aid_says(shipped: Profile) -> None:
    assert shipped.portal_path == "/sites/ccAgentPortal"
    assert shipped.account_domain + "\\" + shipped.username_example == "ecoveredca\\CC_1H12345"
    assert shipped.service_center.sender.email == "agents@covered.ca.gov"
    assert shipped.service_center.phone == "877-453-9198"
    assert shipped.service_center.phone_link == "tel:+18774539198"
    assert (shipped.system_sender.name, shipped.system_sender.email) == (
        "Covered CA Extranet",
        "ESharePoint-Admin@covered.ca.gov",
    )
    assert shipped.reset_site_name == "Credential Management"
    assert shipped.request_title == "* Accessing Your Agent Extranet *"
    assert shipped.secured_mark == "[secure]"


def test_the_labels_are_the_job_aids_to_the_letter(shipped: Profile) -> None:
    labels = ("log_in", "reset_password", "reset_my_password", "how_to_reset", "via_email", "next")
    assert [shipped.words[key] for key in labels] == [
        "Log In",
        "Reset Password",
        "Reset My Password",
        "How to reset your password?",
        "Via E-mail Address",
        "Next",
    ]


def test_the_profile_is_loaded_once(profile: Profile) -> None:
    assert current() is profile


def test_another_setting_gives_another_profile(settings: Settings) -> None:
    use(settings, SHIPPED)
    assert current().username_prefix == "CC_"
    use(settings, EVERGREEN)
    assert current().username_prefix == "EV_"


def test_a_name_means_the_folder_that_ships() -> None:
    assert load("covered_california") is load(str(SHIPPED))


def test_nothing_in_a_profile_can_be_changed(profile: Profile) -> None:
    with pytest.raises(FrozenInstanceError):
        profile.portal_path = "/elsewhere"  # type: ignore[misc]
    with pytest.raises(TypeError):
        profile.words["log_in"] = "Enter"  # type: ignore[index]


def test_both_profiles_word_the_same_things() -> None:
    shipped, evergreen = load(str(SHIPPED)), load(str(EVERGREEN))
    assert shipped.words.keys() == evergreen.words.keys() == set(WORDS)
    assert shipped.mails.keys() == evergreen.mails.keys()


def test_reports_are_expected_on_mondays_unless_the_calendar_moves_them(evergreen: Profile) -> None:
    assert evergreen.expected_on(date(2026, 12, 21)) == date(2026, 12, 21)
    assert evergreen.expected_on(date(2026, 12, 28)) == date(2026, 12, 29)


FAULTS = [
    ("profile.toml", 'zone = "America/New_York"', 'zone = "America/Evergreen"', "zone", "no time zone"),
    ("profile.toml", 'zone = "America/New_York"', "", "zone", "is missing"),
    ("profile.toml", 'zone = "America/New_York"', "zone = 5", "zone", "must be str"),
    ("profile.toml", 'zone = "America/New_York"', 'zome = "America/New_York"', "zome", "unknown key"),
    ("profile.toml", 'languages = ["en"]', 'languages = ["English"]', "languages", "no language code"),
    ("profile.toml", 'languages = ["en"]', "languages = []", "languages", "language codes"),
    ("profile.toml", 'languages = ["en"]', 'languages = ["en", "en"]', "languages", "each once"),
    ("profile.toml", 'languages = ["en"]', "languages = [1]", "languages", "list of texts"),
    ("profile.toml", 'path = "/sites/agents"', 'path = "sites/agents/"', "portal.path", "begin with /"),
    ("profile.toml", 'domain = "evergreen"', 'domain = "ever green"', "accounts.domain", "letters"),
    ("profile.toml", '"7K00042"', '"K700042"', "accounts.license_example", "does not fit"),
    ("profile.toml", '"^[0-9][0-9A-Z][0-9]{5}$"', '"^[0-9"', "accounts.license_pattern", "regular expression"),
    ("profile.toml", '"agents@evergreen.example"', '"agents"', "service_center.email", "no e-mail address"),
    ("profile.toml", '"802-555-0142"', '"555-0142"', "service_center.phone", "ten digits"),
    ("profile.toml", '"Evergreen Robot"', '" "', "system_sender.name", "must not be blank"),
    ("profile.toml", '"#1e5631"', '"green"', "brand.primary", "#rrggbb"),
    ("profile.toml", '"tree.svg"', '"bush.svg"', "brand.logo", "does not exist"),
    ("profile.toml", 'next = "Continue"', "", "words.next", "is missing"),
    ("profile.toml", "monday = 2026-12-28", "monday = 2026-12-27", "calendar[1].monday", "no Monday"),
    ("profile.toml", "expected = 2026-12-29", 'expected = "2026-12-29"', "calendar[1].expected", "must be date"),
    ("profile.toml", "[brand]", "[brand", "(file)", "not valid TOML"),
    ("profile.toml", "", "", "(file)", "does not exist"),
    ("roster.toml", "", "", "(file)", "does not exist"),
    ("roster.toml", 'key = "npn"', 'key = "number"', "columns", "every roster needs"),
    ("roster.toml", '"agency_manager"', '"boss"', "columns.role.allowed", "may hold only"),
    ("roster.toml", "'^[0-9][0-9A-Z][0-9]{5}$'", "'^[0-9]{7}$'", "columns.license.pattern", "make the patterns agree"),
    ("pages/notice.txt", "", "", "(file)", "does not exist"),
    ("pages/agreement.html", "", "", "(file)", "does not exist"),
    ("emails/en/password/body.html", "", "", "(file)", "does not exist"),
    ("emails/en/_footer.txt", "", "", "(file)", "does not exist"),
    ("emails/_base.html", "", "", "(file)", "does not exist"),
    ("emails/mails.toml", 'sender = "service_center"', 'sender = "boss"', "introduction.sender", "write one of"),
    ("emails/mails.toml", "secured = true", 'secured = "yes"', "username.secured", "must be bool"),
    ("emails/mails.toml", "[book_ready]", "[book_rready]", "book_rready", "unknown key"),
    ("reports/book-of-business.toml", "", "", "(file)", "does not exist"),
    (
        "reports/book-of-business.toml",
        "'^[0-9][0-9A-Z][0-9]{5}$'",
        "'^[0-9]{7}$'",
        "columns.agent_license.pattern",
        "make the patterns agree",
    ),
    ("reports/book-of-business.toml", "version = 3", "version = 0", "version", "from 1 up"),
    (
        "reports/book-of-business.toml",
        'agent_column = "agent_license"',
        'agent_column = "agent"',
        "agent_column",
        "no col",
    ),
    ("reports/book-of-business.toml", '"-coverage_start"', '"-start"', "default_sort", "no column"),
    ("reports/book-of-business.toml", '"policy_id|hios_plan_id"', '"policy_id|plan"', "identity", "no column"),
    ("reports/book-of-business.toml", '"policy_id|hios_plan_id"', '"policy_id"', "identity", "may be blank"),
    ("reports/book-of-business.toml", "constant = true", "", "as_of_column", "constant"),
    ("reports/book-of-business.toml", 'header = "Case Number"', 'header = "Extract date"', "columns", "stands twice"),
    ("reports/book-of-business.toml", 'key = "case_number"', 'key = "extract_date"', "columns", "stands twice"),
    ("reports/book-of-business.toml", 'key = "res_zip"', 'key = "res zip"', "columns[9].key", "small letters"),
    ("reports/book-of-business.toml", 'type = "money"', 'type = "dollars"', "columns[11].type", "write one of"),
    ("reports/book-of-business.toml", 'type = "enum"', 'type = "text"', "columns[4].allowed", "no other type"),
    ("reports/book-of-business.toml", "'^[0-9]{5}$'", "'^[0-9'", "columns[9].pattern", "regular expression"),
    ("reports/book-of-business.toml", "'^[0-9]{5}$'", "'^[0-9]{5}$'\nminimum = 1", "columns[9].type", "have limits"),
    (
        "reports/book-of-business.toml",
        'at_most = "max_aptc"',
        'at_most = "max"',
        "columns.applied_aptc.at_most",
        "no col",
    ),
    ("reports/book-of-business.toml", "minimum = 0", 'minimum = "0"', "columns[11].minimum", "must be a number"),
    (
        "reports/book-of-business.toml",
        "personal = true",
        "personal = true\nfacet = true",
        "columns[2].facet",
        "addresses",
    ),
    ("reports/book-of-business.toml", "personal = true", "personnal = true", "columns[2].personnal", "unknown key"),
    ("reports/book-of-business.toml", 'description = "Member\'s first name."', "", "columns[6].description", "missing"),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "remedy"), FAULTS, ids=[f"{f[0]}:{f[3]}:{f[4]}" for f in FAULTS])
def test_a_fault_is_refused_by_file_and_key(
    spoiled: Change, file: str, old: str, new: str, key: str, remedy: str
) -> None:
    folder = spoiled(file, old, new)
    with pytest.raises(ProfileRefused) as refused:
        load(str(folder))
    assert refused.value.file == folder / file
    assert refused.value.key == key
    assert remedy in refused.value.remedy


def test_a_folder_that_is_no_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileRefused, match=r"profile\.toml"):
        load(str(tmp_path))
