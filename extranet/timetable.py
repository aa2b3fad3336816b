"""What runs when: the one list. Below it, the acts of several layers that belong to one moment of the exchange.

Times are by the clock of the exchange's zone. Each entry is safe to repeat and takes in whatever piled up; after an
outage the newest missed moment of each entry is run once, in the order of the list (Monday's order stands in it).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import BinaryIO

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from extranet.agents.change_email import complete_due
from extranet.agents.models import Agent
from extranet.agents.rename import rename
from extranet.agents.roster import TakenIn, import_roster
from extranet.audit.record import Actor, flush_tallies
from extranet.credentials import monday_run, passkey_ceremony, reset_link, sessions, throttle
from extranet.credentials.disable import end_access_of
from extranet.credentials.expiry import expire
from extranet.credentials.granting import end_lapsed
from extranet.credentials.onboarding import Onboarded
from extranet.credentials.own_address import end_old_mailbox
from extranet.credentials.own_certificate import forget_of_nobody
from extranet.credentials.rename import follow_license
from extranet.credentials.reset_shown import purge_shown
from extranet.jobs.cron import Entry, Ran, run_due
from extranet.keyring.backup import remove_old, write_backup
from extranet.mail.returned.take_in import TakenIn as ReturnedMail
from extranet.mail.returned.take_in import read_returned
from extranet.mail.secured import held
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.reports.amend import amend
from extranet.reports.inbox_watch import watch
from extranet.reports.retention import expire_publications
from extranet.reports.staging import sweep_staging, try_again
from extranet.service_center.doubted import queue_doubted
from extranet.service_center.never_received import queue_undelivered

TIMETABLE = Actor.system("timetable")
ONBOARDING = "onboarding"
SESSIONS_KEPT = timedelta(days=30)  # of ended sessions and links, for the owner's page; the trail keeps them longer
COUNTERS_KEPT = timedelta(days=2)  # longer than any window that the counters of tries have


def _onboard(now: datetime) -> str:
    try:
        return _taken_in(monday_run.run(now=now))
    except monday_run.RunWaits:
        return "waits for its canary"  # the next entry goes on
    except monday_run.RunStopped:
        return "stopped by its canary"


def _canary(now: datetime) -> str:
    done = monday_run.go_on(now=now)
    return _taken_in(done) if done is not None else "no run went on"


def _taken_in(done: Onboarded) -> str:
    return f"{done.created} created, {done.kept} kept, {done.silent} silent, {done.unreachable} unreachable"


def _expire(now: datetime) -> str:
    done = expire(now=now)
    return f"{done.warned} warned, {done.locked} locked, {done.inactive} inactive"


def _waiting_rows(now: datetime) -> str:
    return f"{amend(by=TIMETABLE, now=now)} frames handed over"


def _change_addresses(now: datetime) -> str:
    return f"{complete_due(now=now, also=end_old_mailbox)} changed"


def _returned_mail(now: datetime) -> str:
    done = returned_mail(now=now)
    return f"{done.failed} failed, {done.delayed} delayed, {done.complaints} complaints, {done.unknown} unknown"


def _never_received(now: datetime) -> str:
    return f"{len(queue_undelivered(now=now))} queued"


def _flush_tallies(now: datetime) -> str:
    return f"{flush_tallies(now=now)} flushed"


def _forget_shown_passwords(now: datetime) -> str:
    return f"{purge_shown(now=now)} forgotten"


def _end_held(now: datetime) -> str:
    return f"{held.end_over(now=now)} wiped"


def _retention(now: datetime) -> str:
    return f"{expire_publications(now=now)} weeks deleted"


def _inbox(now: datetime) -> str:
    done = watch(now=now)
    return f"{done.taken} taken, {done.refused} refused, {done.told} told"


def _lapsed_rights(now: datetime) -> str:
    return f"{end_lapsed(by=TIMETABLE, now=now)} ended"


def _abandoned_uploads(now: datetime) -> str:
    return f"{try_again(now=now)} tried again, {sweep_staging(now=now)} removed"


def _keep_keys(now: datetime) -> str:
    folder, kept = settings.EXTRANET.key_backups, timedelta(days=policy().key_backup_days)
    write_backup(folder=folder, now=now)
    return f"written, {remove_old(folder=folder, now=now, kept=kept)} old ones removed"


def _forget_old_sessions(now: datetime) -> str:
    Session.objects.filter(expire_date__lt=now).delete()
    passkey_ceremony.forget_old(before=now)
    ended, links = sessions.forget_old(before=now - SESSIONS_KEPT), reset_link.forget_old(before=now - SESSIONS_KEPT)
    return f"{ended} sessions, {links} links, {throttle.forget_old(before=now - COUNTERS_KEPT)} counters"


TIMETABLE_ENTRIES: tuple[Entry, ...] = (
    # Monday (J4): the roster comes first (the exchange brings it), then onboarding, then the publication's own mails
    Entry("rows that waited", "*/15 * * * *", _waiting_rows),
    Entry(ONBOARDING, "0 6 * * 1", _onboard),  # at the policy's hour, see entries()
    Entry("canary", "* * * * *", _canary),  # SC-8: before onboarding, where one is configured
    # every day
    Entry("warnings and locks", "*/15 * * * *", _expire),  # J26, J27; the policy itself keeps warnings until 08:00
    Entry("changes of address", "*/5 * * * *", _change_addresses),  # J19
    Entry("returned mail", "*/5 * * * *", _returned_mail),  # before the next, which revokes what came back
    Entry("mails never received", "*/5 * * * *", _never_received),
    Entry("inbox", "* * * * *", _inbox),
    Entry("repeated refusals", "* * * * *", _flush_tallies),
    Entry("shown passwords", "* * * * *", _forget_shown_passwords),  # J24
    Entry("mails to be picked up", "* * * * *", _end_held),  # SC-28
    Entry("retention", "40 2 * * *", _retention),  # SI-12
    Entry("backup of keys", "50 1 * * *", _keep_keys),  # SC-12
    Entry("rights of agency staff", "25 * * * *", _lapsed_rights),  # the gate knows at once; this writes it down
    Entry("abandoned uploads", "10 * * * *", _abandoned_uploads),
    Entry("old sessions", "20 3 * * *", _forget_old_sessions),
)


def entries() -> tuple[Entry, ...]:
    """The list with the hour that the policy in force says."""
    cron = f"0 {policy().onboarding_hour} * * 1"
    return tuple(replace(entry, cron=cron) if entry.name == ONBOARDING else entry for entry in TIMETABLE_ENTRIES)


def due(*, now: datetime) -> list[Ran]:
    """Run all that is due. Not inside a transaction; may run anywhere at any time."""
    return run_due(entries(), now=now, zone=current().zone)


def returned_mail(*, now: datetime) -> ReturnedMail:
    """Read what came back, and put the agents at whose address it was into the queue. Not inside a transaction.

    Raises PlaceRefused; addresses that are in doubt already are queued all the same.
    """
    try:
        return read_returned(now=now)
    finally:
        queue_doubted(now=now)


@dataclass(frozen=True)
class RosterDay:
    """What a roster did, and what followed from it."""

    taken: TakenIn
    sessions_ended: int
    rights_ended: int
    frames_handed_over: int


def roster_day(
    *, file: BinaryIO, name: str, by: Actor, now: datetime, cutover: date | None = None, allow_drop: bool = False
) -> RosterDay:
    """Take a roster in, end what those hold who left and the rights of staff that hung on them, hand over the rows that
    waited for those who came.

    Raises RosterRefused, RosterDropsTooMany; nothing is changed then. The gate bars who left as soon as the roster
    stands, and the timetable hands over what a crash in between left: a second run only tidies up.
    """
    taken = import_roster(file=file, name=name, by=by, now=now, cutover=cutover, allow_drop=allow_drop)
    ended = end_access_of(agents=taken.access_ended, by=by, now=now)
    forget_of_nobody(by=by, now=now)
    rights = end_lapsed(by=by, now=now)
    return RosterDay(taken, ended, rights, amend(by=by, now=now))


def rename_agent(*, old: str, new: str, by: Actor, now: datetime) -> Agent:
    """Another license number for an agent; the account follows in the same transaction, rows of the new one after it.

    Raises RenameRefused; nothing is changed then.
    """
    with transaction.atomic():
        agent = rename(old=old, new=new, by=by, now=now)
        follow_license(agent=agent, by=by, now=now)
    amend(by=by, now=now)
    return agent
