"""What happened in the demonstration's exchange until today: every act through its real door, at its own moment."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

from django.db import transaction

from extranet.agents.change_email import ask
from extranet.agents.find import by_license
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.agency_staff import add_agency_staff
from extranet.credentials.agreement import accept, version_in_force
from extranet.credentials.book_grants import Right
from extranet.credentials.expiry import expire
from extranet.credentials.history import put_in_force
from extranet.credentials.login import LoginRefused, complete, sign_in
from extranet.credentials.models import Account, StaffRole
from extranet.credentials.onboarding import onboard
from extranet.credentials.own_factors import is_required
from extranet.credentials.second_factor import activate
from extranet.credentials.staff import add_staff
from extranet.credentials.username import agent_username, staff_username
from extranet.demo.cast import Cast, Row, as_of_first_week, as_of_pilot, as_of_today, roster_file
from extranet.demo.synth import Written
from extranet.jobs.worker import work_once
from extranet.mail.delivery import deliver_due
from extranet.policy import at_local
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationHeld
from extranet.reports.release import release as release_publication
from extranet.service_center.answer import answer
from extranet.service_center.intake import receive
from extranet.timetable import roster_day

VISITS = 50  # days between two visits at most, so that no account becomes inactive on the way
WARNED_BEFORE, EXPIRED_SINCE = 9, 6  # days until, and days since, the end of a password
HERE, ELSEWHERE = "127.0.0.0/24", "203.0.113.0/24"
BROWSER = "a browser at the office"
CLERK, CLERK_NAME = "nina", "Nina Night"  # who works for the agent with the large book
DESK, FIRST, SECOND = "desk", "publisher", "second"
STAFF = {
    FIRST: (StaffRole.PUBLISHER, "Paula Publisher"),
    SECOND: (StaffRole.PUBLISHER, "Quentin Second"),
    DESK: (StaffRole.SERVICE_DESK, "Dora Desk"),
    "auditor": (StaffRole.AUDITOR, "Arno Auditor"),
    "admin": (StaffRole.ADMINISTRATOR, "Ada Admin"),
}


@dataclass(frozen=True)
class Secrets:
    """What the demonstration's people know, made before the story begins because hashing takes its time."""

    encoded: Callable[[str], str]  # hash of the password of a user name
    totp: Callable[[str], str]


@dataclass
class Plot:
    """The acts in the order of their moments. ``today`` and ``last_monday`` are days of the exchange."""

    cast: Cast
    written: Written
    secrets: Secrets
    now: datetime
    today: date
    last_monday: date
    acts: list[tuple[datetime, Callable[[datetime], object]]] = field(default_factory=list)

    def at(self, day: date, hour: int, minute: int, act: Callable[[datetime], object]) -> None:
        self.acts.append((at_local(day, hour, current().zone) + timedelta(minutes=minute), act))

    def ago(self, hours: float, act: Callable[[datetime], object]) -> None:
        self.acts.append((self.now - timedelta(hours=hours), act))

    def play(self, *, heard: Callable[[int, int], object]) -> None:
        """Act after act, and what each of them mailed; then what is due by now."""
        acts = sorted(self.acts, key=lambda entry: entry[0])
        for number, (moment, act) in enumerate(acts, start=1):
            act(moment)
            deliver_due(now=moment + timedelta(minutes=1), limit=5_000)
            heard(number, len(acts))


def tell(plot: Plot, *, heard: Callable[[int, int], object]) -> None:
    """Everything that happened, from the pilot to this minute."""
    _pilot(plot)
    _staff(plot)
    _lives(plot)
    _mondays(plot)
    _requests(plot)
    plot.ago(0, lambda now: guess_too_often(agent_username(plot.cast.throttled), now))
    plot.play(heard=heard)


def _pilot(plot: Plot) -> None:
    day = plot.today - timedelta(days=_good_for() + EXPIRED_SINCE + 4)  # long enough for one to have expired since
    plot.at(day, 6, 0, lambda now: _roster(as_of_pilot(plot.cast, day - timedelta(days=1)), now, cutover=day))
    plot.at(day, 6, 30, lambda now: onboard(now=now))


def _staff(plot: Plot) -> None:
    day = plot.today - timedelta(days=30)
    for minute, name in enumerate(STAFF):
        plot.at(day, 9, minute, partial(_enrolled, name, plot.secrets))


def _enrolled(name: str, secrets: Secrets, now: datetime) -> None:
    role, display_name = STAFF[name]
    by = Actor.system("demonstration")
    account = add_staff(name=name, role=role, display_name=display_name, email="", by=by, now=now).account
    _choose_password(account, secrets, now)
    _set_up_factor(account, secrets, now)


def _lives(plot: Plot) -> None:
    """Since when each pilot has the password of today, and when they were last here."""
    cast = plot.cast
    for license, chosen, last in (
        (cast.agent, 20, 2),
        (cast.warned, _good_for() - WARNED_BEFORE, 3),
        (cast.expired, _good_for() + EXPIRED_SINCE, 12 if policy().password_days else policy().inactivity_days + 1),
        (cast.throttled, 10, 1),
        (cast.suspended, 40, 15),
        (cast.manager, 15, 4),
    ):
        plot.at(plot.today - timedelta(days=chosen), 10, 0, partial(_arrived, license, plot.secrets))
        for days in (*range(chosen - VISITS, last, -VISITS), last):
            plot.at(plot.today - timedelta(days=days), 9, 30, partial(_logged_in, license))
    plot.at(plot.today - timedelta(days=9), 11, 0, partial(_has_staff, cast.agent, plot.secrets))
    for days in (16, 5, 1):  # the morning of a warning, of a lock, of yesterday's warning
        plot.at(plot.today - timedelta(days=days), 8, 15, lambda now: expire(now=now))


def _good_for() -> int:
    """Days that a password is good; where it does not age, days after which nobody who stayed away gets in."""
    return policy().password_days or policy().inactivity_days


def _mondays(plot: Plot) -> None:
    before = min(plot.written.weeks[0].as_of, plot.last_monday - timedelta(days=7))
    plot.at(before, 5, 30, lambda now: _roster(as_of_first_week(plot.cast), now, cutover=before))
    plot.at(plot.last_monday, 5, 30, lambda now: _roster(as_of_today(plot.cast), now))
    for week in plot.written.weeks:
        plot.at(week.as_of, 6, 0, lambda now: onboard(now=now))
        plot.at(week.as_of, 7, 0, partial(_publish, "book-of-business", week.book, week.as_of, True))
        # One waits for the second publisher, so that there is something to release
        released = week.as_of != plot.last_monday
        plot.at(week.as_of, 7, 10, partial(_publish, "conditional-eligibility", week.conditional, week.as_of, released))
    for week in plot.written.weeks[-2:]:  # mails that books are ready; nobody misses those of earlier weeks
        plot.at(week.as_of, 7, 20, lambda now: work_once(now=now))


def _requests(plot: Plot) -> None:
    """Calls for help in every state of the clock (J30), and an address that is about to change (J19)."""
    cast = plot.cast
    plot.ago(70, lambda now: _ask_for_help(cast.manager, "Where do I see the books of my agents?", now, answered=24))
    plot.ago(50, lambda now: _ask_for_help(cast.expired, "My password is refused and I cannot get in.", now))
    plot.ago(30, lambda now: _ask_for_help(cast.throttled, "The page says too many tries.", now))
    plot.ago(0.3, lambda now: _ask_for_help(cast.fresh[0], "I have two of the three mails, not the password.", now))
    plot.ago(20, lambda now: _moves_mailbox(cast.warned, now))


def _roster(rows: list[Row], now: datetime, cutover: date | None = None) -> None:
    by = Actor.system("demonstration")
    roster_day(file=BytesIO(roster_file(rows)), name="roster.csv", by=by, now=now, cutover=cutover)


def _publish(kind: str, source: Path, as_of: date, release: bool, now: datetime) -> None:
    """What is held, as in the first week of a year when renewals begin anew, the second publisher overrules;
    and everything where policy asks for two persons."""
    by, alone = Actor("staff", staff_username(FIRST), ELSEWHERE), policy().release_persons < 2
    second = Actor("staff", staff_username(SECOND), ELSEWHERE)
    try:
        done = publish(kind=kind, source=source, as_of=as_of, by=by, now=now, release=release and alone)
        if release and not alone and done.publication is not None:
            release_publication(publication_id=done.publication.id, by=second, now=now)
    except PublicationHeld as held:
        if release:
            words = "The exchange confirmed the figures by phone."
            release_publication(publication_id=held.publication_id, by=second, now=now, reason=words)


def _arrived(license: str, secrets: Secrets, now: datetime) -> None:
    account = _account(license)
    _choose_password(account, secrets, now)
    accept(account=account, version=version_in_force(), now=now, by=_as(account))
    _set_up_factor(account, secrets, now)
    _logged_in(license, now)


def _has_staff(license: str, secrets: Secrets, now: datetime) -> None:
    """The agent with the large book has somebody in the office who looks and downloads, and does not write."""
    by, agent = _as(_account(license)), _agent(license)
    rights = frozenset({Right.VIEW, Right.EXPORT})
    email = f"{CLERK}@office.example"
    nina = add_agency_staff(
        principal=agent, name=CLERK, display_name=CLERK_NAME, email=email, books={agent: rights}, by=by, now=now
    )
    _choose_password(nina, secrets, now)
    accept(account=nina, version=version_in_force(), now=now, by=_as(nina))
    _set_up_factor(nina, secrets, now)


def _set_up_factor(account: Account, secrets: Secrets, now: datetime) -> None:
    """Where policy asks for one: an app, whose codes the demonstration shows."""
    if is_required(account):
        activate(account=account, secret=secrets.totp(account.username), step=0, now=now, by=_as(account))


def _logged_in(license: str, now: datetime) -> None:
    """As far as a login goes without a browser: no session stays behind."""
    complete(account=_account(license), device=None, network=ELSEWHERE, browser=BROWSER, now=now)


def _choose_password(account: Account, secrets: Secrets, now: datetime) -> None:
    with transaction.atomic():
        put_in_force(account=account, encoded=secrets.encoded(account.username), generated=False, now=now)
        record(action=Action.PASSWORD_CHANGED, now=now, actor=_as(account), subject=account.username)


def guess_too_often(username: str, now: datetime) -> None:
    """Somebody on this machine tries until there are too many tries."""
    for _ in range(6):
        with suppress(LoginRefused):
            sign_in(username=username, password="a wrong guess", device=None, network=HERE, browser=BROWSER, now=now)


def _ask_for_help(license: str, text: str, now: datetime, *, answered: float = 0) -> None:
    agent = _agent(license)
    request = receive(
        name=agent.full_name,
        license=license,
        email=agent.email,
        telephone=agent.phone or "9165550100",
        text=text,
        network=ELSEWHERE,
        now=now,
    )
    if answered:
        words = "Your home page lists every agent of your agency, each with both reports."
        answer(request=request, text=words, by=_desk(), now=now + timedelta(hours=answered))


def _moves_mailbox(license: str, now: datetime) -> None:
    agent = _agent(license)
    ask(agent=agent, new_email=f"new.{agent.email}", source="service_center", by=_desk(), now=now)


def _agent(license: str) -> Agent:
    agent = by_license(license)
    if agent is None:
        raise LookupError(license)
    return agent


def _account(license: str) -> Account:
    return Account.objects.select_related("agent").get(username=agent_username(license))


def _as(account: Account) -> Actor:
    return Actor(account.kind, account.username, ELSEWHERE)


def _desk() -> Actor:
    return Actor("staff", staff_username(DESK), ELSEWHERE)
