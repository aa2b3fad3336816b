"""Which error ends a command with which code (docs/reference/command-line.md), and what the person is told to do."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, OperationalError

from extranet.agents.refusal import RosterRefused
from extranet.agents.rename import RenameRefused
from extranet.audit.checkpoints import IntegrityFailure
from extranet.credentials.accounts_import import ImportRefused
from extranet.credentials.api_tokens import TokenNotMade
from extranet.credentials.hashing import HashingBusy
from extranet.credentials.monday_run import RunStopped, RunWaits
from extranet.credentials.staff import StaffRefused
from extranet.demo.seed import DemoRefused
from extranet.demo.synth import SynthRefused
from extranet.env import EnvironmentRefused
from extranet.jobs.leases import Busy
from extranet.keyring.backup import NoBackupFolder, RestoreRefused
from extranet.keyring.backup_file import BackupDamaged
from extranet.keyring.ring import KeyMissing
from extranet.keyring.rotate import RetireRefused
from extranet.mail.secured.configured import SecuredMailRefused
from extranet.mail.secured.mailbox import MailboxAway
from extranet.mail.secured.signer import SignerRefused
from extranet.mail.ways import WayDown, WayRefused
from extranet.policy import PolicyRefused
from extranet.profile.reading import ProfileRefused
from extranet.reports.refusals import PublicationHeld, ReportsRefused
from extranet.reports.room import NoRoom
from extranet.service_center.acts import ActRefused
from extranet.vault.durable import FolderBusy
from extranet.vault.keys import KeyRefused
from extranet.vault.packs import PackDamaged
from extranet.vault.pkcs11 import TokenAway
from extranet.vault.sealing import Unopenable
from extranet.vault.stores import NameTaken, ObjectMissing, StoreRefused

UNEXPECTED, WRONG_USE, INPUT_REFUSED, INTEGRITY, DOWN, CONFLICT, HELD = 1, 2, 3, 4, 5, 6, 7

CODES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((TokenAway,), DOWN),  # a KeyRefused as well, and the first that fits counts
    ((EnvironmentRefused, KeyRefused, PolicyRefused, ProfileRefused, WayRefused, DemoRefused, SynthRefused), WRONG_USE),
    ((SecuredMailRefused, SignerRefused), WRONG_USE),
    (
        (RosterRefused, ImportRefused, RenameRefused, StaffRefused, TokenNotMade, RestoreRefused, ActRefused),
        INPUT_REFUSED,
    ),
    ((IntegrityFailure, Unopenable, PackDamaged, KeyMissing, ObjectMissing, BackupDamaged), INTEGRITY),
    ((Busy, NameTaken, FolderBusy, RetireRefused), CONFLICT),
    ((RunStopped,), HELD),
    ((RunWaits, MailboxAway), DOWN),
    ((HashingBusy, NoRoom, NoBackupFolder, WayDown, StoreRefused, InterfaceError, OperationalError), DOWN),
)
DISK_FULL = ("disk is full", "No space left on device")  # as SQLite and PostgreSQL say it
NOT_SET_UP = ("no such table", "does not exist", "unable to open database file")


class AgentUnknown(Exception):
    """No agent, or no account, of that license: nothing was done."""


@dataclass(frozen=True)
class Failure:
    """How a command ended that did not do what it was asked for."""

    name: str
    exit_code: int
    lines: list[str]
    facts: Mapping[str, object] = field(default_factory=dict)


def failure_of(error: Exception) -> Failure:
    """The code and the sentences of an error. Of an unexpected one only its name is told: messages repeat data."""
    name = type(error).__name__
    if isinstance(error, ReportsRefused):
        held = {"publication": str(error.publication_id)} if isinstance(error, PublicationHeld) else {}
        return Failure(name, error.exit_code, error.lines, held)
    if isinstance(error, AgentUnknown):
        return Failure(name, INPUT_REFUSED, [str(error)])
    if _is_disk_full(error):
        return Failure("OutOfSpace", DOWN, ["the disk is full: make room, then give the same command again"])
    if isinstance(error, DatabaseError) and any(sign in str(error) for sign in NOT_SET_UP):
        return Failure(name, WRONG_USE, ["the database is not set up: run `extranet init`"])
    if isinstance(error, OperationalError | InterfaceError):
        return Failure(name, DOWN, ["the database does not answer: see `extranet doctor`, then try again"])
    for kinds, code in CODES:
        if isinstance(error, kinds):
            return Failure(name, code, str(error).splitlines() or [name])
    return Failure(name, UNEXPECTED, [f"unexpected: {name}; the log line above names the place in the code"])


def _is_disk_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, DatabaseError) and any(sign in str(error) for sign in DISK_FULL)
