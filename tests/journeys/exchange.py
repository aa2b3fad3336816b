"""The exchange's side of the journeys: rosters, weekly files, the timetable, and the mailboxes of its agents."""

import email.policy
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import time_machine
from django.conf import settings
from django.utils import timezone

from extranet import timetable
from extranet.audit.record import Actor
from extranet.jobs.worker import work_once
from extranet.mail.delivery import deliver_due
from extranet.profile.loader import current
from extranet.reports.publish import publish
from extranet.reports.release import release
from extranet.timetable import RosterDay
from tests.agents.conftest import ALICE as ALICES_ROW
from tests.agents.conftest import BOB as BOBS_ROW
from tests.agents.conftest import CHARLIE as CHARLIES_ROW
from tests.agents.conftest import Row, as_csv
from tests.reports.exchange import BOOK, csv_file

OPERATOR = Actor("shell", "os:operator")
PUBLISHER = Actor("staff", "staff\\paula", "192.0.2.0/24")
SECOND_PUBLISHER = Actor("staff", "staff\\quentin", "192.0.2.0/24")
DORA = Actor("staff", "staff\\dora", "192.0.2.0/24")  # at the service desk
THURSDAY = "2026-11-12"
ALICE: Row = {**ALICES_ROW, "certified_on": THURSDAY, "status_on": THURSDAY}
BOB: Row = {**BOBS_ROW, "certified_on": THURSDAY, "status_on": THURSDAY}
CHARLIE: Row = {**CHARLIES_ROW, "certified_on": THURSDAY, "status_on": THURSDAY}
MONDAY = date(2026, 11, 16)
GENERATED = re.compile(r"\b[a-z0-9]{4}(?:-[a-z0-9]{4}){4}\b")


@dataclass(frozen=True)
class Mail:
    """One message as its receiver's program reads it."""

    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def sender(self) -> str:
        return str(self.message["From"].addresses[0].addr_spec)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def words(self) -> str:
        """The plain text with single blanks: lines may be broken anywhere."""
        return " ".join(self.text.split())

    def link(self, start: str) -> str:
        """The one address in the text that begins so."""
        (found,) = set(re.findall(re.escape(start) + r"[^\s<>\"]+", self.text))
        return str(found)

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class Exchange:
    """Moves the clock, brings files, lets the timetable and the mail run."""

    clock: time_machine.Traveller
    folder: Path

    @property
    def now(self) -> datetime:
        return timezone.now()

    def at(self, local: str) -> "Exchange":
        """Move to that moment by the clock of the exchange, e.g. ``2026-11-16 06:00``."""
        self.clock.move_to(datetime.fromisoformat(local).replace(tzinfo=current().zone))
        return self

    def later(self, **passed: float) -> "Exchange":
        self.clock.shift(timedelta(**passed))
        return self

    def tick(self) -> "Exchange":
        """What the worker does all the time: the timetable, then tasks and mail."""
        timetable.due(now=self.now)
        return self.post()

    def post(self) -> "Exchange":
        """Tasks and mail alone, where nothing of the timetable matters."""
        work_once(now=self.now)
        deliver_due(now=self.now)
        return self

    def roster(self, *rows: Row) -> RosterDay:
        """The newest list of all agents arrives."""
        file = io.BytesIO(as_csv(rows))
        return timetable.roster_day(file=file, name="roster.csv", by=OPERATOR, now=self.now, allow_drop=True)

    def publish(self, rows: Iterable[dict[str, str]], *, kind: str = BOOK, as_of: date = MONDAY) -> None:
        """The statewide file of that day arrives and is released, by a second person; the worker tells the agents."""
        dated = [{**row, current().reports[kind].as_of_column: as_of.isoformat()} for row in rows]
        published = publish(kind=kind, source=csv_file(dated, kind), as_of=as_of, by=PUBLISHER, now=self.now)
        assert published.publication is not None
        release(publication_id=published.publication.pk, by=SECOND_PUBLISHER, now=self.now)
        self.post()

    def mails(self, address: str) -> list[Mail]:
        """What lies in that mailbox, oldest first."""
        files = sorted((self.folder / "mailbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        parsed = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [Mail(message) for message in parsed if address in str(message["To"])]

    def link(self, address: str, start: str) -> str:
        """The newest address beginning so that a mail brought."""
        return self.mail_with(address, start).link(start)

    def mail_with(self, address: str, text: str) -> Mail:
        """The newest mail in which that text stands."""
        return next(mail for mail in reversed(self.mails(address)) if text in mail.text)

    def newest(self, address: str) -> Mail:
        return self.mails(address)[-1]


def username(row: Row) -> str:
    """As the mails write it: with the account domain."""
    return f"{current().account_domain}\\{current().username_prefix}{row['license']}"


def reset_site() -> str:
    return str(settings.EXTRANET.reset)
