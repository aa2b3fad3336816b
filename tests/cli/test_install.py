"""``init`` and ``doctor``: keys for their owner only and never replaced, and every fault found by name."""

import stat
from datetime import timedelta
from pathlib import Path

import dj_database_url
import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from extranet.audit.models import Event
from extranet.cli.doctor import travels_unverified
from extranet.cli.ready import require_ready
from extranet.credentials.models import Account
from extranet.demo.seed import DemoRefused, make_seed, password_of
from extranet.env import EnvironmentRefused
from extranet.keyring.masters import WrongMaster
from extranet.keyring.ring import system_key
from extranet.policy import POLICIES
from extranet.profile.loader import current
from tests.cli.conftest import Call
from tests.mail.certificates import holder


@pytest.fixture
def keys_in_files(settings: Settings, data_folder: Path) -> Path:
    """An installation that was told nothing: keys come from files in a folder that is not there yet."""
    folder = data_folder / "var"
    bare = {"data_dir": folder, "master_key": "", "signing_key": "", "secret_key": ""}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=bare)
    settings.SECRET_KEY = "before-init"
    return folder


def texts(ended_facts: dict[str, list[dict[str, str]]], level: str) -> str:
    return " ".join(finding["text"] for finding in ended_facts["findings"] if finding["level"] == level)


def test_init_makes_folder_and_keys_for_their_owner_only(call: Call, keys_in_files: Path) -> None:
    assert call("init").code == 0
    assert stat.S_IMODE(keys_in_files.stat().st_mode) == 0o700
    files = sorted((keys_in_files / "keys").iterdir())
    assert [file.name for file in files] == ["master", "secret", "signing"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_what_the_installing_process_signs_is_signed_with_the_new_key(call: Call, keys_in_files: Path) -> None:
    call("init")
    assert (keys_in_files / "keys" / "secret").read_text().strip() == django_settings.SECRET_KEY


def test_init_again_replaces_no_key(call: Call, keys_in_files: Path) -> None:
    call("init")
    before = {file.name: file.read_bytes() for file in (keys_in_files / "keys").iterdir()}
    assert call("init", "--json").facts["made"] == []
    assert {file.name: file.read_bytes() for file in (keys_in_files / "keys").iterdir()} == before


def test_init_makes_no_second_master_key_where_the_first_was_lost(call: Call, keys_in_files: Path) -> None:
    call("init")
    system_key("outbox", now=timezone.now())
    (keys_in_files / "keys" / "master").unlink()
    ended = call("init")
    assert ended.code == 2
    assert "backup" in ended.err
    assert not (keys_in_files / "keys" / "master").exists()


def test_a_server_with_another_master_key_does_not_start(call: Call, keys_in_files: Path) -> None:
    call("init")
    system_key("outbox", now=timezone.now())
    (keys_in_files / "keys" / "master").write_text("A" * 43 + "=\n")
    with pytest.raises(WrongMaster):
        require_ready()
    assert call("doctor").code == 2


def test_doctor_finds_nothing_wrong_on_a_fresh_installation(call: Call, keys_in_files: Path) -> None:
    call("init")
    ended = call("doctor", "--json")
    assert (ended.code, ended.facts["healthy"]) == (0, True)
    assert "folder" in texts(ended.facts, "warning"), "secrets stay readable in a mail folder"


def test_a_fresh_installation_has_no_account_and_no_password_of_its_own(call: Call, keys_in_files: Path) -> None:
    call("init")
    assert Account.objects.count() == 0


@pytest.mark.parametrize(("site", "told"), [("http://portal.test", True), ("https://portal.test", False)])
def test_doctor_tells_where_pages_travel_in_clear(call: Call, settings: Settings, site: str, *, told: bool) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"base_url": site, "reset_url": site})
    assert ("travel in clear" in texts(call("doctor", "--json").facts, "warning")) is told


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgres://extranet@db.internal/extranet", True),
        ("postgres://extranet@db.internal/extranet?sslmode=require", True),
        ("postgres://extranet@db.internal/extranet?sslmode=verify-full", False),
        ("postgres://extranet@127.0.0.1/extranet", False),
        ("postgres://extranet@%2Frun%2Fpostgresql/extranet", False),
        ("sqlite:///extranet.sqlite3", False),
    ],
)
def test_doctor_tells_where_the_way_to_the_database_is_not_verified(address: str, *, told: bool) -> None:
    assert travels_unverified(dj_database_url.parse(address)) is told


@pytest.mark.parametrize(
    ("setting", "variable"),
    [({"base_url": ""}, "EXTRANET_BASE_URL"), ({"email_url": ""}, "EXTRANET_EMAIL_URL")],
)
def test_what_is_not_set_is_named(
    call: Call, settings: Settings, keys_in_files: Path, setting: dict[str, str], variable: str
) -> None:
    call("init")
    settings.EXTRANET = settings.EXTRANET.model_copy(update=setting)
    with pytest.raises(EnvironmentRefused, match=variable):
        require_ready()
    ended = call("doctor", "--json")
    assert ended.code == 2
    assert variable in texts(ended.facts, "wrong")


def test_missing_keys_are_named(keys_in_files: Path, db: None) -> None:
    with pytest.raises(EnvironmentRefused, match="EXTRANET_MASTER_KEY"):
        require_ready()


def test_a_typing_error_in_a_name_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRANET_POLCY", "jobaid")
    with pytest.raises(EnvironmentRefused, match="EXTRANET_POLCY"):
        require_ready()


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_starts(policy: str, call: Call, settings: Settings, keys_in_files: Path) -> None:
    call("init")
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": policy})
    require_ready()


def test_a_clock_that_went_back_is_wrong(call: Call, keys_in_files: Path) -> None:
    call("init")
    Event.objects.create(at=timezone.now() + timedelta(hours=1), action="mail:delivery:accepted", actor_kind="system")
    ended = call("doctor", "--json")
    assert ended.code == 6
    assert "clock" in texts(ended.facts, "wrong")


def test_an_open_key_file_is_worth_a_warning(call: Call, keys_in_files: Path) -> None:
    call("init")
    (keys_in_files / "keys" / "master").chmod(0o644)
    assert "read by others" in texts(call("doctor", "--json").facts, "warning")


def test_a_demonstration_never_serves_as_a_real_exchange(settings: Settings, data_folder: Path, db: None) -> None:
    make_seed(data_folder)
    with pytest.raises(DemoRefused, match="demonstration"):
        require_ready()
    with pytest.raises(DemoRefused):
        password_of("CC_4000001", settings.EXTRANET)


def test_a_demonstration_password_is_its_folders_own(settings: Settings, data_folder: Path, tmp_path: Path) -> None:
    env = settings.EXTRANET.model_copy(update={"demo": True})
    with pytest.raises(DemoRefused):
        password_of("CC_4000001", env)
    make_seed(data_folder)
    first = password_of("CC_4000001", env)
    assert first == password_of("CC_4000001", env)
    assert first != password_of("CC_4000002", env)
    other = env.model_copy(update={"data_dir": tmp_path / "other"})
    make_seed(other.folder)
    assert password_of("CC_4000001", other) != first


def test_doctor_tells_of_a_signing_key_that_others_may_read(call: Call, settings: Settings, tmp_path: Path) -> None:
    certificate, key = holder("exchange", current().service_center.email).files(tmp_path, "exchange")
    env = {"secured_mail": "smime", "smime_certificate_file": certificate, "smime_key_file": key}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=env)
    key.chmod(0o644)
    warned = texts(call("doctor", "--json").facts, "warning")
    assert f"{key} may be read by others" in warned
    assert "does not name" in warned
    key.chmod(0o600)
    assert "exchange.key" not in texts(call("doctor", "--json").facts, "warning")
