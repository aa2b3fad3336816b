"""``extranet doctor``: what is wrong with this installation, and what to do about it."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from django.conf import settings
from django.db import connection
from django_tasks_db.models import DBTaskResult

from extranet.audit import checkpoints, reading
from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment
from extranet.cli.exit_codes import CONFLICT, DOWN, HELD, INTEGRITY, WRONG_USE, failure_of
from extranet.cli.ready import unapplied, unknown
from extranet.credentials import pepper
from extranet.env import Env, missing_to_serve
from extranet.jobs.models import TimetableRun
from extranet.keyring.masters import master
from extranet.keyring.ring import check_master, key_status, signing_key
from extranet.mail.outbox import unfinished
from extranet.mail.returned.doctor import at_fault
from extranet.mail.secured import canary, configured
from extranet.mail.secured.signer import CERTIFICATE
from extranet.mail.secured.stopped import is_readable, stopped
from extranet.mail.ways import open_way
from extranet.profile.checks import require_sound
from extranet.reports import orphans
from extranet.reports.inbox_files import lying
from extranet.reports.listing import with_packs
from extranet.vault.stores import open_store

CLOCK_MAY_DIFFER = timedelta(seconds=5)  # between this machine and its database
SEALED_WITHIN = timedelta(minutes=10)  # a worker seals every second
WORKED_WITHIN = timedelta(minutes=45)  # the timetable has entries every minute
MAIL_WAITS = timedelta(hours=2)
LIES_AT_MOST = timedelta(hours=1)  # in the inbox, in clear
THIS_MACHINE = ("", "localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``level``: fine, warning, wrong; ``code`` is the exit code that a wrong one gives."""

    about: str
    level: str
    text: str
    remedy: str = ""
    code: int = 0


@act()
@click.option("--remove-orphans", is_flag=True, help="Remove what lies in the store and belongs to nothing.")
@moment
def doctor(remove_orphans: bool, now: datetime) -> Answer:
    """Look at configuration, keys, database, store, mail and clock: what is wrong, and what to do."""
    removed = orphans.remove_orphans(by=Actor.shell(), now=now) if remove_orphans else []
    findings = [Finding("store", "removed", name) for name in removed] + examine(now)
    wrong = [finding for finding in findings if finding.level == "wrong"]
    facts = {"healthy": not wrong, "findings": [asdict(finding) for finding in findings]}
    lines = [f"{finding.level:7}  {finding.about}: {finding.text}{_then(finding.remedy)}" for finding in findings]
    return Answer(facts, lines, exit_code=wrong[0].code if wrong else 0)


def examine(now: datetime) -> list[Finding]:
    """Everything, in the order in which things depend on each other."""
    looks: list[tuple[str, Callable[[datetime], Iterator[Finding]]]] = [
        ("configuration", _configuration),
        ("data folder", _data_folder),
        ("database", _database),
        ("keys", _keys),
        ("store", _store),
        ("inbox", _inbox),
        ("mail", _mail),
        ("clock", _clock),
        ("work", _work),
    ]
    return [finding for about, look in looks for finding in _looked(about, look, now)]


def _looked(about: str, look: Callable[[datetime], Iterator[Finding]], now: datetime) -> list[Finding]:
    """The findings of one look; an error is a finding as well, and no finding at all is a good one."""
    findings: list[Finding] = []
    try:
        findings += look(now)
    except Exception as error:
        failure = failure_of(error)
        findings.append(Finding(about, "wrong", "; ".join(failure.lines), code=failure.exit_code))
    return findings or [Finding(about, "fine", "nothing to do")]


def _then(remedy: str) -> str:
    return f"; {remedy}" if remedy else ""


def _configuration(_now: datetime) -> Iterator[Finding]:
    for row in missing_to_serve(settings.EXTRANET):
        yield Finding("configuration", "wrong", f"{row.variable} is not set", row.remedy, WRONG_USE)
    for text in unknown():
        yield Finding("configuration", "wrong", text, code=WRONG_USE)
    for site in {urlsplit(address) for address in (settings.EXTRANET.portal, settings.EXTRANET.reset)}:
        if site.scheme != "https" and site.hostname not in THIS_MACHINE and not settings.DEMO:
            text = f"pages of {site.netloc} travel in clear, passwords among them"
            yield Finding("configuration", "warning", text, "put a proxy with TLS before it and say https:// (SC-8)")
    require_sound()


def _data_folder(_now: datetime) -> Iterator[Finding]:
    env: Env = settings.EXTRANET
    if not env.folder.is_dir():
        yield Finding("data folder", "wrong", f"{env.folder} does not exist", "run `extranet init`", WRONG_USE)
        return
    if not os.access(env.folder, os.W_OK | os.X_OK):
        yield Finding("data folder", "wrong", f"{env.folder} cannot be written", "check owner and mount", DOWN)
    yield from _too_open("data folder", env.folder)


def _too_open(about: str, path: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        wanted = 0o700 if path.is_dir() else 0o600
        yield Finding(about, "warning", f"{path} may be read by others ({mode:o})", f"chmod {wanted:o} {path}")


def _database(_now: datetime) -> Iterator[Finding]:
    lacking = unapplied()
    if lacking:
        text = f"{len(lacking)} migrations are missing, first {lacking[0]}"
        yield Finding("database", "wrong", text, "run `extranet init`", WRONG_USE)
    cache = settings.CACHES["default"]
    if cache["BACKEND"].endswith("DatabaseCache") and cache["LOCATION"] not in connection.introspection.table_names():
        yield Finding("database", "wrong", "the table of the cache is missing", "run `extranet init`", WRONG_USE)
    if travels_unverified(settings.DATABASES["default"]):
        text = "the way to the database is not verified: whoever stands on it can read and answer"
        yield Finding("database", "warning", text, "add ?sslmode=verify-full&sslrootcert=FILE to its address (SC-8)")


def travels_unverified(database: Mapping[str, Any]) -> bool:
    """Whether a server on another machine is asked without its certificate being checked."""
    host = str(database.get("HOST") or "")
    if not database["ENGINE"].endswith("postgresql") or host in THIS_MACHINE or host.startswith("/"):
        return False
    return bool(database.get("OPTIONS", {}).get("sslmode") != "verify-full")


def _keys(_now: datetime) -> Iterator[Finding]:
    env: Env = settings.EXTRANET
    for name in ("secret", "master", "signing"):
        file = env.key_file(name)
        if not getattr(env, f"{name}_key") and file.exists():
            yield from _too_open("keys", file)
    check_master()
    signing_key()
    yield from _peppers(env)
    yield from _earlier_masters()


def _peppers(env: Env) -> Iterator[Finding]:
    """A lost one does not keep the site from serving: the owners of these passwords get in by the reset link."""
    if env.pepper_file.exists():
        yield from _too_open("keys", env.pepper_file)
    for pepper_id in pepper.lost():
        text = f"passwords are stored under the pepper {pepper_id}, which is not here: they do not work"
        yield Finding(
            "keys", "wrong", text, f"put it back into {env.pepper_file} or EXTRANET_PASSWORD_PEPPER", WRONG_USE
        )


def _earlier_masters() -> Iterator[Finding]:
    """Keys that a rotation has left, or was killed before it reached them."""
    earlier = {count.master_id for count in key_status() if count.live} - {master().id}
    for master_id in sorted(earlier):
        hanging = sum(count.live for count in key_status() if count.master_id == master_id)
        text = f"{hanging} keys are wrapped by the earlier master key {master_id}"
        yield Finding("keys", "warning", text, "run `extranet keys rotate`: it goes on where it stopped")


def _store(_now: datetime) -> Iterator[Finding]:
    store = open_store(settings.EXTRANET.store)
    names = set(store.names())
    remedy = "the next publication sweeps it, or `extranet doctor --remove-orphans` now"
    for name in orphans.unfinished():
        yield Finding("store", "warning", f"{name} was never finished", remedy)
    for name in orphans.orphans():
        text = f"{name} belongs to no publication"
        yield Finding("store", "warning", text, "`extranet files rebuild`, or `extranet doctor --remove-orphans`")
    for row in with_packs():
        if row.pack not in names:
            text = f"the pack of {row.kind} of {row.as_of} is gone"
            yield Finding("store", "wrong", text, "restore it from your backup", INTEGRITY)


def _inbox(now: datetime) -> Iterator[Finding]:
    """What lies in clear and is not taken: no checksum file, one that is older than its file, or no worker."""
    for path in lying(before=now - LIES_AT_MOST):
        text = f"{path} lies there in clear for more than an hour"
        yield Finding(
            "inbox", "warning", text, "write its checksum file after it (docs/how-to/publish.md), or remove it"
        )


def _mail(now: datetime) -> Iterator[Finding]:
    open_way(settings.EXTRANET.email).close()
    if settings.EXTRANET.email.startswith("folder:") and not settings.DEMO:
        text = "mails go to a folder, where passwords and links stay readable"
        yield Finding("mail", "warning", text, "set EXTRANET_EMAIL_URL to an SMTP server")
    waiting = unfinished().filter(posted_at__lt=now - MAIL_WAITS).count()
    if waiting:
        yield Finding("mail", "warning", f"{waiting} mails wait for more than two hours", "see `extranet mail list`")
    for text, remedy, is_wrong in at_fault(now=now):
        yield Finding("mail", "wrong" if is_wrong else "warning", text, remedy, DOWN if is_wrong else 0)
    yield from _secured_mail(now)


def _secured_mail(now: datetime) -> Iterator[Finding]:
    wrong = list(configured.faults(now=now))
    yield from (Finding("mail", "wrong", text, code=WRONG_USE) for text in wrong)
    if wrong:
        return
    signing_file = settings.EXTRANET.smime_key_file
    if settings.EXTRANET.secured_mail == "smime" and signing_file is not None:
        yield from _too_open("mail", signing_file)
    for address in configured.senders_without_certificate():
        text = f"the signing certificate does not name {address}, so mail programs will warn of its mails"
        yield Finding("mail", "warning", text, "get a certificate with every sender of the profile in it")
    if not configured.lasts(now=now):
        text = "the signing certificate ends within 30 days; then secured mails wait to be picked up"
        yield Finding("mail", "warning", text, f"get a new one for {CERTIFICATE}")
    yield from _canary()


def _canary() -> Iterator[Finding]:
    held, on_gateway = stopped().count(), settings.EXTRANET.secured_mail == "gateway"
    if on_gateway and is_readable():
        text = f"a canary mail came back readable: secured mails are held, {held} of them now"
        yield Finding("mail", "wrong", text, "repair the gateway, then `extranet mail canary`", HELD)
    elif held:
        text = f"{held} mails were posted for a gateway that was seen not to secure them: they do not leave"
        yield Finding("mail", "warning", text, "issue anew what they carry: that leaves by the way of today")
    if canary.has_stopped_a_run():
        text = "the canary mail did not come back secured, so the Monday run was stopped"
        yield Finding("mail", "wrong", text, "repair the gateway, then `extranet onboard`", HELD)


def _clock(now: datetime) -> Iterator[Finding]:
    newest = reading.newest_moment()
    if newest is not None and newest > now + CLOCK_MAY_DIFFER:
        text = f"the newest event is of {newest.isoformat()}, in the future: the clock went back"
        yield Finding("clock", "wrong", text, "set the clock by NTP before anything else", CONFLICT)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            difference = abs(cursor.fetchone()[0] - now)
        if difference > CLOCK_MAY_DIFFER and not settings.DEMO:
            text = f"this machine and its database differ by {difference.total_seconds():.0f} s"
            yield Finding("clock", "wrong", text, "set both by NTP", CONFLICT)


def _work(now: datetime) -> Iterator[Finding]:
    """Whether a worker lives, and what it could not do."""
    checkpoints.agree_with(reading.newest_batch())
    if reading.seal_is_late(now=now, within=SEALED_WITHIN):
        yield Finding("work", "warning", "events wait for their seal", "is a worker running?")
    last = TimetableRun.objects.order_by("-started_at").first()
    if last is not None and last.started_at < now - WORKED_WITHIN:
        text = f"the timetable last ran at {last.started_at.isoformat()}"
        yield Finding("work", "warning", text, "start `extranet run` or `extranet worker`")
    for run in TimetableRun.objects.filter(finished_at=None).exclude(outcome=""):
        yield Finding("work", "warning", f"{run.name}: {run.outcome}", "it is tried again; the log says where")
    failed = DBTaskResult.objects.filter(status="FAILED").count()
    if failed:
        yield Finding("work", "warning", f"{failed} tasks failed for good", "the log says why")
