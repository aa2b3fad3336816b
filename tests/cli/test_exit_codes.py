"""What a script may rely on: codes, one JSON object, reasons on stderr, nothing changed by a refusal."""

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, transaction
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.audit.chain import seal
from extranet.audit.models import Event
from extranet.cli.exit_codes import failure_of
from extranet.credentials.models import Account
from extranet.mail.catalogue import UsernameReminderMail
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import message_of, post
from extranet.vault import object_store
from extranet.vault.sealing import Unopenable
from tests.agents.conftest import ALICE, CHARLIE, EVERYBODY
from tests.cli.conftest import Call, RosterFile
from tests.conftest import audit_unprotected
from tests.credentials.people import events, new_account
from tests.s3 import environment, free_port


def test_a_roster_is_taken_in_and_counted(call: Call, roster_file: RosterFile) -> None:
    ended = call("roster", "import", roster_file(*EVERYBODY), "--json")
    assert ended.code == 0
    assert ended.facts["status"] == "taken in"
    assert ended.facts["counts"]["added"] == 3


def test_the_same_roster_again_is_done_already(call: Call, roster_file: RosterFile) -> None:
    file = roster_file(*EVERYBODY)
    call("roster", "import", file)
    assert call("--json", "roster", "import", file).facts["status"] == "taken in already"


def test_a_trial_changes_nothing(call: Call, roster_file: RosterFile) -> None:
    ended = call("roster", "import", roster_file(*EVERYBODY), "--dry-run", "--json")
    assert (ended.code, ended.facts["counts"]["added"], Agent.objects.count()) == (0, 3, 0)


def test_a_refused_roster_names_line_and_column_and_changes_nothing(call: Call, roster_file: RosterFile) -> None:
    ended = call("roster", "import", roster_file(ALICE, {**CHARLIE, "status": "sleeping"}), "--json")
    assert ended.code == 3
    assert ended.facts["exit_code"] == 3
    assert "line 3" in ended.err
    assert Agent.objects.count() == 0


def test_a_roster_that_drops_most_needs_the_word_of_a_person(call: Call, roster_file: RosterFile) -> None:
    call("roster", "import", roster_file(*EVERYBODY))
    small = roster_file(ALICE, name="small.csv")
    assert call("roster", "import", small).code == 3
    assert "--allow-drop" in call("roster", "import", small, "--dry-run").out
    assert call("roster", "import", small, "--allow-drop").code == 0


def test_who_was_certified_before_the_cutover_is_mailed_nothing(call: Call, roster_file: RosterFile) -> None:
    call("roster", "import", roster_file(*EVERYBODY), "--cutover", "2026-11-10")
    assert call("onboard", "--json").facts["silent"] == 3
    assert not OutboxMail.objects.exists()


def test_a_file_that_is_not_there_is_wrong_use(call: Call) -> None:
    assert call("roster", "import", "no-such-file.csv").code == 2


def test_an_unknown_command_is_wrong_use(call: Call) -> None:
    assert call("backup").code == 2


def test_an_unknown_kind_of_report_is_wrong_use(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("a\n")
    ended = call("publish", "book-of-buisness", file, "--as-of", "2026-11-16", "--json")
    assert ended.code == 2
    assert "book-of-business" in ended.err


def test_a_book_without_the_right_columns_is_refused_and_nothing_is_published(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("Name,Colour\nAlice,green\n")
    assert call("publish", "book-of-business", file, "--as-of", "2026-11-16").code == 3
    assert {row["state"] for row in call("publications", "--json").facts["publications"]} <= {"refused"}


def test_another_moment_exists_in_the_demonstration_only(call: Call) -> None:
    ended = call("onboard", "--now", "2026-11-16T06:00:00-08:00")
    assert ended.code == 2
    assert "demonstration" in ended.err


def test_onboarding_twice_mails_three_times_in_all(call: Call, roster_file: RosterFile) -> None:
    call("roster", "import", roster_file(ALICE))
    assert call("onboard", "--json").facts["created"] == 1
    assert call("onboard", "--json").facts["created"] == 0
    assert OutboxMail.objects.count() == 3


def test_mails_are_listed_without_their_bodies_and_sent(call: Call, data_folder: Path, roster_file: RosterFile) -> None:
    call("roster", "import", roster_file(ALICE))
    call("onboard")
    listed = call("mail", "list", "--json")
    assert len(listed.facts["mails"]) == 3
    assert {"sealed_body", "body", "text"} & set(listed.facts["mails"][0]) == set()
    assert call("mail", "send", "--json").facts["accepted"] == 3
    assert len(list((data_folder / "mailbox").glob("*.eml"))) == 3


def test_a_mail_way_that_is_down_asks_to_try_again(call: Call, settings: Settings, now: datetime) -> None:
    with transaction.atomic():
        mail = UsernameReminderMail(first_name="Alice", last_name="Example", username="CC_4000001")
        post(
            mail,
            to="alice@example.org",
            about="CC_4000001",
            key="k",
            language="en",
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
        OutboxMail.objects.update(give_up_at=datetime(2099, 1, 1, tzinfo=UTC))
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"email_url": "smtp://127.0.0.1:9"})
    ended = call("mail", "send")
    assert ended.code == 5
    assert OutboxMail.objects.get().state == "deferred"


def test_an_unknown_license_is_refused(call: Call) -> None:
    for command in ("show", "unlock", "disable"):
        assert call("agent", command, "4999999").code == 3
    assert call("keys", "shred", "4999999").code == 3


def test_disabling_reaches_the_one_and_not_the_neighbour(call: Call, db: None, now: datetime) -> None:
    alice, bob = new_account("4000001", now=now), new_account("4000002", now=now, first_name="Bob")
    assert call("agent", "disable", "4000001", "--reason", "left", "--json").facts["status"] == "disabled"
    assert call("agent", "disable", "4000001", "--json").facts["status"] == "was disabled already"
    assert Account.objects.get(pk=alice.pk).disabled_at is not None
    assert Account.objects.get(pk=bob.pk).disabled_at is None


def test_the_desk_sees_why_somebody_cannot_get_in_and_the_look_is_recorded(call: Call, now: datetime) -> None:
    new_account("4000001", now=now)
    call("agent", "disable", "4000001", "--reason", "left")
    ended = call("agent", "show", "cc_4000001".removeprefix("cc_"), "--json")
    assert [stuck["code"] for stuck in ended.facts["stuck"]][:1] == ["disabled"]
    assert len(events("agent:record:viewed")) == 1


def test_a_first_member_of_staff_gets_a_link_once(call: Call) -> None:
    ended = call("staff", "add", "ada", "--role", "administrator", "--json")
    assert ended.facts["link"].startswith("http://portal.test/login/enrol/")
    assert call("staff", "add", "ada", "--role", "auditor").code == 3
    assert call("staff", "add", "bob", "--role", "king").code == 2


def test_shredded_keys_are_counted_and_recorded(call: Call, now: datetime) -> None:
    new_account("4000001", now=now)
    assert call("keys", "shred", "4000001", "--json").facts["destroyed"] == 0
    assert len(events("keys:agent:shredded")) == 1
    assert call("keys", "status", "--json").code == 0


def test_a_sound_trail_verifies_and_is_exported(call: Call, tmp_path: Path, roster_file: RosterFile) -> None:
    call("roster", "import", roster_file(ALICE))
    verified = call("audit", "verify", "--json")
    assert (verified.code, verified.facts["ok"], verified.facts["unsealed"]) == (0, True, 2)
    exported = call("audit", "export", "--to", tmp_path / "trail.jsonl", "--json")
    assert exported.facts["events"] == 0, "nothing is sealed yet, so nothing is proven and nothing exported"


@pytest.mark.django_db(transaction=True)
def test_a_changed_event_is_found(call: Call, roster_file: RosterFile, now: datetime) -> None:
    call("roster", "import", roster_file(ALICE))
    seal(now=now)
    with audit_unprotected():
        Event.objects.filter(action="agent:roster:added").update(actor="somebody else")
    ended = call("audit", "verify", "--json")
    assert ended.code == 4
    assert "was changed" in ended.err


def test_files_verify_on_an_empty_store(call: Call) -> None:
    assert call("files", "verify", "--json").facts["packs"] == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("no such table: agents"), 2),
        (OperationalError("connection refused"), 5),
        (Unopenable("damaged"), 4),
        (ValueError("Alice Nuñez, born 1970"), 1),
    ],
)
def test_each_error_has_its_code(error: Exception, code: int) -> None:
    assert failure_of(error).exit_code == code


def test_an_unexpected_error_repeats_no_data() -> None:
    assert "Alice" not in " ".join(failure_of(ValueError("Alice Nuñez, born 1970")).lines)


def test_a_store_that_is_away_is_tried_again_later(
    call: Call, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(f"http://127.0.0.1:{free_port()}").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(object_store, "_PATIENT", {"max_retries": 0})
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"store_url": "s3://packs/prefix"})
    ended = call("files", "verify")
    assert ended.code == 5
    assert "s3://packs/prefix/ does not answer: try again" in ended.err
    findings = {each["about"]: each for each in call("doctor", "--json").facts["findings"]}
    assert (findings["store"]["level"], findings["store"]["code"]) == ("wrong", 5)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/srv/extranet/packs"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OperationalError("database or disk is full"),
        OperationalError('could not extend file "base/16384/2619": No space left on device'),
    ],
)
def test_a_full_disk_is_called_one_whoever_met_it(error: Exception) -> None:
    failure = failure_of(error)
    assert failure.exit_code == 5
    assert failure.lines == ["the disk is full: make room, then give the same command again"]


def test_a_monday_run_ends_with_5_while_its_canary_is_away_and_with_7_where_it_came_back_in_clear(
    call: Call, roster_file: RosterFile, tmp_path: Path, settings: Settings
) -> None:
    call("roster", "import", roster_file(ALICE))
    assert call("mail", "canary").code == 2
    back = tmp_path / "back"
    back.mkdir()
    env = {"canary_to": "canary@exchange.test", "canary_mailbox": back, "canary_expect": "X-Secured: yes"}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    first = call("onboard")
    assert (first.code, "before it came back secured" in first.err) == (5, True)
    (back / "1.eml").write_bytes(message_of(OutboxMail.objects.get(kind="canary")))
    stopped = call("onboard", "--json")
    assert (stopped.code, "in clear" in stopped.err) == (7, True)
    assert not Account.objects.exists()
    assert call("mail", "canary", "--json").facts["for_run"] is True
    newest = OutboxMail.objects.filter(kind="canary").latest("posted_at")
    (back / "2.eml").write_bytes(f"X-Secured: yes\r\nMessage-ID: {newest.message_id}\r\n\r\nsealed".encode())
    assert call("onboard", "--json").facts["created"] == 1
