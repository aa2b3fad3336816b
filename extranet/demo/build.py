"""Build the demonstration's exchange in a folder: synthetic files, then the story through the real acts."""

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

from extranet.audit.chain import seal
from extranet.credentials.hashing import SLOTS, hash_password
from extranet.credentials.username import agency_staff_username, agent_username, staff_username
from extranet.demo.cast import Cast, choose
from extranet.demo.seed import (
    LOCK_FILE,
    SEED_FILE,
    DemoRefused,
    Person,
    Story,
    is_demo_folder,
    password_of,
    totp_secret_of,
    write_story,
)
from extranet.demo.story import (
    CLERK,
    CLERK_NAME,
    FIRST,
    SECOND,
    STAFF,
    WARNED_BEFORE,
    Plot,
    Secrets,
    guess_too_often,
    tell,
)
from extranet.demo.synth import Written, write_exchange
from extranet.env import Env
from extranet.mail.delivery import deliver_due
from extranet.policy import local_day, monday_on_or_before
from extranet.profile.in_force import policy
from extranet.profile.loader import current

CASES_AN_AGENT = 30
FEWEST_AGENTS = 20
THROTTLED = "too many tries"
MONDAY_IS_OVER = timedelta(hours=8)  # before that, the Monday that has just happened is last week's

Progress = Callable[[str, int, int], None]


def today(now: datetime) -> date:
    """The day of the exchange: a demonstration of another day has decayed."""
    return local_day(now, current().zone)


def build(*, env: Env, agents: int, weeks: int, seed: int, port: int, now: datetime, progress: Progress) -> Story:
    """Build all of it on an installed, empty database; the story file comes last. Raises DemoRefused."""
    if agents < FEWEST_AGENTS or weeks < 1:
        raise DemoRefused(f"ask for at least {FEWEST_AGENTS} agents and one week")
    last_monday = monday_on_or_before(local_day(now - MONDAY_IS_OVER, current().zone))
    with tempfile.TemporaryDirectory(prefix="extranet-demo-") as folder:
        written = _written(Path(folder), agents, weeks, seed, last_monday, progress)
        cast = choose(roster=written.roster, book=written.weeks[-1].book, last_monday=last_monday)
        plot = Plot(cast, written, _secrets(cast, env), now, today(now), last_monday)
        tell(plot, heard=lambda done, total: progress("what happened", done, total))
    deliver_due(now=now)
    seal(now=now)
    made_of = (today(now), agents, weeks, seed, port, env.policy, env.secured_mail)
    story = Story(*made_of, tuple(people(cast)))
    write_story(story, env.folder)
    return story


def freshen(story: Story, now: datetime) -> None:
    """Bring back the state that decays within a day: too many tries."""
    for person in story.people:
        if person.state == THROTTLED:
            guess_too_often(person.username, now)


def clear(folder: Path) -> None:
    """Remove an earlier demonstration. Raises DemoRefused where the folder holds anything else."""
    found = [path for path in folder.iterdir() if path.name != LOCK_FILE]
    if found and not is_demo_folder(folder):
        raise DemoRefused(f"{folder} is not empty and no demonstration: choose another folder")
    seed_last = sorted(found, key=lambda path: path.name == SEED_FILE)  # a kill in between leaves our mark
    for path in seed_last:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def people(cast: Cast) -> list[Person]:
    """Everybody one may play, in the order in which they are best met."""
    agent = {row["license"]: row for row in cast.rows}
    new = [
        Person(agent_username(license), "Newly certified agent", "fresh", agent[license]["email"], in_mail=True)
        for license in cast.fresh
    ]
    known = (
        (cast.agent, "Agent with a large book", "in order", "Search, filter, download, look at an earlier week"),
        (cast.warned, "Warned agent", *_warned()),
        (cast.expired, "Expired agent", *_expired()),
        (cast.throttled, "Throttled agent", THROTTLED, "Has to wait half an hour; the reset link helps at once"),
        (cast.suspended, "Suspended agent", "suspended on Monday", "Nothing lets in whom the exchange has suspended"),
        (
            cast.manager,
            "Agency manager",
            "in order",
            "Open the reports of the agency's agents, at the end of the home page",
        ),
    )
    codes = policy().second_factor_agents == "required"
    agents = [Person(agent_username(license), who, state, hint, has_codes=codes) for license, who, state, hint in known]
    clerk = agency_staff_username(cast.agent, CLERK)
    hint = "Open and download the large book; the agent sees and ends the rights under Account"
    agents.append(Person(clerk, f"Agency staff: {CLERK_NAME}", "in order", hint, has_codes=codes))
    hints = {
        FIRST: "Look at publications; has sent the one that waits",
        SECOND: "Release the publication that waits",
        "desk": "Answer requests, find out why somebody cannot get in",
        "auditor": "Read the trail",
        "admin": "Take in a roster, look at mails",
    }
    staff = [
        Person(staff_username(name), f"{role.label}: {display_name}", "in order", hints[name], has_codes=True)
        for name, (role, display_name) in STAFF.items()
    ]
    return [*new, *agents, *staff]


def _warned() -> tuple[str, str]:
    if policy().password_days is None:
        return "in order", "Passwords do not age under this policy: there is nothing to be warned of"
    return f"password expires in {WARNED_BEFORE} days", "Read the warning, change the password"


def _expired() -> tuple[str, str]:
    state = "password expired" if policy().password_days else f"not here for {policy().inactivity_days} days"
    return state, "Cannot log in; the reset link helps"


def _written(folder: Path, agents: int, weeks: int, seed: int, last_monday: date, progress: Progress) -> Written:
    return write_exchange(
        folder=folder,
        agents=agents,
        cases=agents * CASES_AN_AGENT,
        weeks=weeks,
        seed=seed,
        last_monday=last_monday,
        profile_folder=current().folder,
        progress=progress,
    )


def _secrets(cast: Cast, env: Env) -> Secrets:
    """Hash all passwords on all cores before the story begins."""
    names = [agent_username(license) for license in sorted(cast.pilots)] + [staff_username(name) for name in STAFF]
    names.append(agency_staff_username(cast.agent, CLERK))
    with ThreadPoolExecutor(SLOTS) as pool:
        encoded = dict(zip(names, pool.map(lambda name: hash_password(password_of(name, env)), names), strict=True))
    return Secrets(encoded=encoded.__getitem__, totp=lambda name: totp_secret_of(name, env))
