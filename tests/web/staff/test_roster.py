"""A roster is looked at before it counts; exactly the file that was shown becomes the list of agents."""

from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from extranet.agents.models import Agent, RosterImport
from extranet.audit.actions import Action
from extranet.credentials.models import Account, LiveSession
from extranet.reports.models import StagedUpload
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, Row, as_csv
from tests.credentials.people import events, new_account
from tests.web.people import Answer, signed_in, text_of

PAGE = "/staff/roster/"
NEWCOMERS: tuple[Row, ...] = tuple({**CHARLIE, "license": f"40{number:05d}"} for number in range(60))


def send(client: Client, *rows: Row, data: bytes = b"", name: str = "roster.csv") -> Answer:
    return client.post(PAGE, {"file": SimpleUploadedFile(name, data or as_csv(rows))})


def shown(client: Client, *rows: Row) -> Answer:
    """The preview of a file with these rows."""
    return client.get(send(client, *rows)["Location"])


def confirm(client: Client, page: Answer, **fields: str) -> Answer:
    """Press the button of that preview."""
    hidden = {"sha256": page.context["upload"].sha256, "after": page.context["after"]}
    return client.post(page.request["PATH_INFO"], {**hidden, **fields})


def take_in(client: Client, *rows: Row, **fields: str) -> Answer:
    return confirm(client, shown(client, *rows), **fields)


def counts(page: Answer) -> dict[str, int]:
    return {section["slug"]: section["count"] for section in page.context["sections"]}


def licenses() -> set[str]:
    return set(Agent.objects.filter(status="certified").values_list("license", flat=True))


def test_a_preview_changes_nothing_and_says_what_would(publisher: Client) -> None:
    take_in(publisher, *EVERYBODY)
    page = shown(
        publisher,
        {**ALICE, "last_name": "Ortega", "email": "new@example.org"},
        {**BOB, "status": "suspended"},
        CHARLIE,
        NEWCOMERS[0],
    )
    assert counts(page) == {"added": 1, "changed": 1, "suspended": 1, "emails": 1}
    assert "last name: Nuñez-Ortega → Ortega" in text_of(page)
    assert "new@example.org" in text_of(page)
    assert Agent.objects.get(license=ALICE["license"]).last_name == "Nuñez-Ortega"
    assert RosterImport.objects.count() == 1


def test_a_confirmation_takes_in_exactly_that_file(publisher: Client, data_folder: Path) -> None:
    done = take_in(publisher, *EVERYBODY)
    assert licenses() == {row["license"] for row in EVERYBODY}
    taken = RosterImport.objects.get()
    assert (taken.imported_by, taken.sha256) == ("staff\\ada", StagedUpload.objects.get().sha256)
    assert "3 added" in text_of(publisher.get(done["Location"]))
    assert list((data_folder / "staging").iterdir()) == []


def test_a_second_click_is_harmless(publisher: Client) -> None:
    page = shown(publisher, *EVERYBODY)
    assert [confirm(publisher, page).status_code for _ in range(2)] == [302, 200]
    assert RosterImport.objects.count() == 1
    assert len(events(Action.ROSTER_IMPORTED)) == 1


def test_another_file_is_not_taken_in_under_this_preview(publisher: Client) -> None:
    page = shown(publisher, *EVERYBODY)
    assert confirm(publisher, page, sha256="0" * 64).status_code == 409
    assert publisher.post(page.request["PATH_INFO"]).status_code == 409
    assert not Agent.objects.exists()


def test_a_preview_that_is_no_longer_true_is_shown_again(publisher: Client, second_publisher: Client) -> None:
    page = shown(publisher, *EVERYBODY)
    take_in(second_publisher, ALICE, BOB)
    again = confirm(publisher, page)
    assert again.status_code == 409
    assert 'role="alert"' in text_of(again)
    assert counts(again) == {"added": 1}
    assert licenses() == {ALICE["license"], BOB["license"]}
    assert confirm(publisher, again).status_code == 302
    assert CHARLIE["license"] in licenses()


def test_who_is_no_longer_certified_is_out_at_once(publisher: Client, now: datetime) -> None:
    bob = new_account(BOB["license"], now=now)
    bobs = signed_in(bob)
    take_in(publisher, {**BOB, "status": "suspended"}, ALICE, CHARLIE)
    assert not LiveSession.objects.filter(account=bob, ended_at=None).exists()
    assert bobs.get("/account/").status_code == 302


def test_every_list_shows_fifty_and_counts_all(publisher: Client) -> None:
    (section,) = shown(publisher, *NEWCOMERS).context["sections"]
    assert (section["count"], len(section["rows"])) == (60, 50)
    assert section["caption"] == "New agents: 60, the first 50"


def test_faults_are_listed_with_line_and_column_and_nothing_waits(publisher: Client) -> None:
    refused = send(publisher, ALICE, {**BOB, "email": "bob@"}, {**CHARLIE, "license": "4"})
    assert refused.status_code == 422
    assert 'role="alert"' in text_of(refused)
    assert [row[:2] for row in refused.context["faults"]] == [("3", "E-mail Address"), ("4", "License Number")]
    assert refused.context["waiting"] == []
    assert StagedUpload.objects.get().outcome == "refused"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("roster.pdf", b"%PDF", "must end in .csv or .xlsx"), ("roster.csv", b"", "The file is empty")],
)
def test_a_wrong_file_is_refused(name: str, data: bytes, said: str, publisher: Client) -> None:
    refused = publisher.post(PAGE, {"file": SimpleUploadedFile(name, data)})
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert not StagedUpload.objects.exists()
    assert "Choose a file." in text_of(publisher.post(PAGE, {}))


def test_a_file_that_drops_many_needs_an_administrator(publisher: Client, administrator: Client) -> None:
    take_in(publisher, *EVERYBODY)
    page = shown(publisher, ALICE)
    assert "2 of 3 certified agents" in text_of(page)
    assert "an administrator has to allow it" in text_of(page)
    assert "Take this roster in" not in text_of(page)
    refused = confirm(publisher, page, allow_drop="yes")
    assert refused.status_code == 422
    assert "a person has to allow it by name" in text_of(refused)
    assert confirm(administrator, page).status_code == 422
    assert len(licenses()) == 3
    seen = administrator.get(page.request["PATH_INFO"])
    assert 'name="allow_drop"' in text_of(seen)
    assert confirm(administrator, seen, allow_drop="yes").status_code == 302
    assert licenses() == {ALICE["license"]}
    assert events(Action.ROSTER_IMPORTED)[-1].detail["allowed_drop"] is True


def test_a_likely_new_license_number_is_pointed_out(administrator: Client) -> None:
    take_in(administrator, *EVERYBODY)
    page = shown(administrator, {**ALICE, "license": "4999999"}, BOB, CHARLIE)
    assert "extranet agent rename 1H12345 4999999" in text_of(page)


def test_a_roster_that_cannot_be_opened_again_changes_nothing(publisher: Client, data_folder: Path) -> None:
    page = shown(publisher, *EVERYBODY)
    for chunk in (data_folder / "staging").glob("*/*"):
        chunk.unlink()
    assert publisher.get(page.request["PATH_INFO"]).status_code == 422
    assert "send the file once more" in text_of(publisher.get(confirm(publisher, page)["Location"]))
    assert not Agent.objects.exists()


def test_the_roster_lies_nowhere_in_clear(publisher: Client, data_folder: Path) -> None:
    send(publisher, *EVERYBODY)
    files = [file for file in data_folder.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"bob@example.org" in file.read_bytes()]


@pytest.mark.parametrize("other", ["desk", "auditor", "alices"])
def test_nobody_else_sends_sees_or_confirms(other: str, publisher: Client, request: pytest.FixtureRequest) -> None:
    page = shown(publisher, *EVERYBODY)
    stranger: Client = request.getfixturevalue(other)
    before = Agent.objects.count()
    answers = [stranger.get(PAGE), stranger.get(page.request["PATH_INFO"]), confirm(stranger, page)]
    assert [*(answer.status_code for answer in answers), send(stranger, ALICE).status_code] == [403] * 4
    assert Agent.objects.count() == before


def test_a_report_is_no_roster(publisher: Client, ada: Account) -> None:
    send(publisher, *EVERYBODY)
    StagedUpload.objects.update(kind="book-of-business")
    assert publisher.get(f"{PAGE}{StagedUpload.objects.get().id}/").status_code == 404
