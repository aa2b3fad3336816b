"""``keys`` as an operator types it, and servers that do not start with the wrong master key."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.keyring.ring import agent_key, agent_key_version
from tests.cli.conftest import Call
from tests.credentials.people import events, new_account
from tests.keyring.conftest import make_all, make_master_file, open_all

OTHER = "A" * 43 + "="


@pytest.fixture
def master_file(settings: Settings, data_folder: Path) -> Path:
    return make_master_file(settings, data_folder)


def test_a_rotation_says_what_it_did_and_what_to_do_now(call: Call, master_file: Path, now: datetime) -> None:
    before = make_all(now)
    ended = call("keys", "rotate")
    assert ended.code == 0
    assert "3 keys of agents and 2 of the system" in ended.out
    assert f"COPY {master_file} AWAY NOW" in ended.out
    assert open_all() == before
    assert len(events("keys:master:rotated")) == 2
    masters = {row["master_id"] for row in call("keys", "status", "--json").facts["keys"]}
    assert masters == {call("keys", "status", "--json").facts["master"]}


def test_no_key_is_told(call: Call, master_file: Path, now: datetime) -> None:
    make_all(now)
    told = "".join(call("keys", command).out for command in ("rotate", "status"))
    told += str([event.detail for event in events("keys:master:rotated")])
    for file in master_file.parent.iterdir():
        assert file.read_text().strip() not in told


def test_where_the_key_is_in_the_environment_it_says_how(call: Call, now: datetime) -> None:
    make_all(now)
    ended = call("keys", "rotate")
    assert ended.code == 0
    assert "EXTRANET_OTHER_MASTER_KEYS" in ended.out
    assert events("keys:master:rotated") == []


def test_an_earlier_key_is_retired_when_its_backups_are_gone(call: Call, master_file: Path, now: datetime) -> None:
    make_all(now)
    old = call("keys", "status", "--json").facts["master"]
    assert call("keys", "retire", old).code == 6
    call("keys", "rotate")
    refused = call("keys", "retire", old)
    assert (refused.code, "backups of keys need" in refused.err) == (6, True)
    for file in (master_file.parents[1] / "key-backups").iterdir():
        file.unlink()
    assert call("keys", "retire", old).code == 0
    assert len(events("keys:master:retired")) == 1
    assert call("keys", "retire", old).code == 2


def test_doctor_tells_of_keys_that_hang_on_an_earlier_master(call: Call, master_file: Path, now: datetime) -> None:
    make_all(now)
    master_file.rename(master_file.with_name("master." + call("keys", "status", "--json").facts["master"]))
    master_file.write_text(OTHER)
    ended = call("doctor", "--json")
    texts = [finding["text"] for finding in ended.facts["findings"] if finding["level"] == "warning"]
    assert any("5 keys are wrapped by the earlier master key" in text for text in texts)
    call("keys", "rotate")
    texts = [finding["text"] for finding in call("doctor", "--json").facts["findings"]]
    assert not any("earlier master key" in text for text in texts)


def test_after_shredding_no_backup_brings_the_book_back(call: Call, now: datetime) -> None:
    alice = new_account("4000001", now=now).agent
    bob = new_account("4000002", now=now, first_name="Bob").agent
    assert isinstance(alice, Agent)
    assert isinstance(bob, Agent)
    agent_key(alice.id, now=now)
    bobs = agent_key(bob.id, now=now)
    file = call("keys", "backup", "--json").facts["file"]
    assert call("keys", "shred", "4000001", "--json").facts["destroyed"] == 1
    restored = call("keys", "restore", file, "--json")
    assert (restored.code, restored.facts["agents"]) == (0, 0)
    assert agent_key_version(bob.id, 1) == bobs
    assert agent_key(alice.id, now=now).version == 2
    assert len(events("keys:backup:restored")) == 1


def test_shredding_names_a_backup_that_it_cannot_read(call: Call, now: datetime) -> None:
    alice = new_account("4000001", now=now).agent
    assert alice is not None
    agent_key(alice.id, now=now)
    Path(call("keys", "backup", "--json").facts["file"]).write_text("cut")
    ended = call("keys", "shred", "4000001", "--json")
    assert (ended.code, ended.facts["destroyed"]) == (4, 1)
    assert "remove it" in ended.err


def test_a_file_that_is_no_backup_is_an_integrity_failure(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file.jsonl").write_text("hello\n")
    assert call("keys", "restore", tmp_path / "file.jsonl").code == 4
    assert call("keys", "restore", tmp_path / "gone.jsonl").code == 2


@pytest.fixture
def site(tmp_path: Path) -> "Site":
    return Site(tmp_path / "site")


class Site:
    """A real installation in a folder, called as a process of its own."""

    def __init__(self, folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXTRANET_", "DJANGO_"))}
        self.folder = folder
        self.env = kept | {
            "EXTRANET_DATA_DIR": str(folder),
            "EXTRANET_BASE_URL": "http://portal.test",
            "EXTRANET_EMAIL_URL": "folder:",
        }

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "extranet.cli.main", *arguments]
        return subprocess.run(command, env=self.env | variables, capture_output=True, text=True, timeout=120)

    def python(self, code: str) -> None:
        setup = "import django; from django.conf import settings; django.setup(); from django.utils import timezone\n"
        env = self.env | {"DJANGO_SETTINGS_MODULE": "extranet.settings"}
        subprocess.run([sys.executable, "-c", setup + code], env=env, check=True, timeout=120)


MAKE_A_KEY = "from extranet.keyring.ring import system_key; system_key('outbox', now=timezone.now())"


def test_neither_server_nor_doctor_goes_on_with_the_wrong_master_key(site: Site) -> None:
    assert site.run("init").returncode == 0
    site.python(MAKE_A_KEY)
    for command in (["run", "--port", "1"], ["doctor"]):
        ended = site.run(*command, EXTRANET_MASTER_KEY=OTHER)
        assert ended.returncode == 2
        assert "wrong master key" in ended.stderr + ended.stdout
