"""A site whose mails would mislead their readers does not start, and says which file to mend."""

import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.cli.ready import require_ready
from extranet.profile.loader import PROFILES
from extranet.profile.reading import ProfileRefused
from tests.cli.conftest import Call

MAIL = Path("emails", "es", "expiry_warning", "body.txt")


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """A copy of the profile that ships, in force, for somebody to edit."""
    copy = tmp_path / "copy"
    shutil.copytree(PROFILES / "covered_california", copy)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(copy)})
    return copy


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.django_db
def test_an_edited_copy_starts(folder: Path) -> None:
    edit(folder / "emails" / "en" / "expiry_warning" / "body.txt", "After that day", "From the next day on")
    require_ready()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{{ login_url }}", "https://login.example/", "names the foreign address https://login.example/"),
        ('{{ expires_on|date:"l j \\d\\e F \\d\\e Y" }}', "pronto", "body.txt never says {{ expires_on }}"),
        ("{{ login_url }}", "{{ log_in_url }}", "log_in_url: is no field here"),
    ],
)
def test_a_broken_mail_of_any_language_stops_the_start_with_its_file(
    folder: Path, old: str, new: str, words: str
) -> None:
    edit(folder / MAIL, old, new)
    with pytest.raises(ProfileRefused) as refused:
        require_ready()
    assert words in str(refused.value)
    assert str(folder / "emails" / "es" / "expiry_warning") in str(refused.value)


@pytest.mark.django_db
def test_a_language_without_all_of_its_mails_stops_the_start(folder: Path) -> None:
    shutil.rmtree(folder / "emails" / "es" / "book_ready")
    with pytest.raises(ProfileRefused, match=r"emails/es/book_ready/subject\.txt.*does not exist"):
        require_ready()


@pytest.mark.django_db
def test_a_language_that_is_not_listed_may_be_half_done(folder: Path) -> None:
    shutil.rmtree(folder / "emails" / "es" / "book_ready")
    edit(folder / "profile.toml", 'languages = ["en", "es"]', 'languages = ["en"]')
    edit(folder / "emails" / "en" / "introduction" / "body.html", "From today", "From now on")
    require_ready()


def test_the_doctor_says_the_same(call: Call, folder: Path) -> None:
    edit(folder / MAIL, "{{ login_url }}", "https://login.example/")
    ended = call("doctor", "--json")
    told = " ".join(finding["text"] for finding in ended.facts["findings"] if finding["level"] == "wrong")
    assert ended.code == 2
    assert "foreign address https://login.example/" in told
    assert "use {{ portal_url }}" in told


def test_no_server_starts_with_it(call: Call, folder: Path) -> None:
    edit(folder / MAIL, "{{ login_url }}", "https://login.example/")
    for command in ("web", "worker", "run"):
        ended = call(command)
        assert ended.code == 2
        assert "foreign address" in ended.err
