"""The demonstration's folder: its seed, its passwords, what was built in it and for whom. Refused outside the demo."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from extranet.env import Env
from extranet.vault.passwords import ALPHABET, GROUP_LENGTH, GROUPS

SEED_FILE, STORY_FILE, LOCK_FILE = "demo-seed", "demo.json", ".lock"
TOTP_BYTES = 20
AT_HOME = ("127.0.0.1", "::1", "localhost")


class DemoRefused(Exception):
    """This is no demonstration's folder, or not meant as one; the message says what to do."""


@dataclass(frozen=True)
class Person:
    """Somebody to log in as. ``state`` and ``hint`` are for the page; ``in_mail``: the password is in the mailbox."""

    username: str
    who: str
    state: str
    hint: str
    in_mail: bool = False
    has_codes: bool = False


@dataclass(frozen=True)
class Story:
    """What was built: on which day of the exchange, from what, and whom one may play."""

    built_on: date
    agents: int
    weeks: int
    seed: int
    port: int
    policy: str
    secured_mail: str
    people: Sequence[Person]

    @property
    def made_of(self) -> tuple[date, int, int, int, int, str, str]:
        """Equal for two demonstrations that need not be told apart: today's, of the same size and settings."""
        return self.built_on, self.agents, self.weeks, self.seed, self.port, self.policy, self.secured_mail


def is_demo_folder(folder: Path) -> bool:
    return (folder / SEED_FILE).exists()


def refuse_outside(env: Env) -> None:
    """Raise DemoRefused where a demonstration's folder is about to serve as a real one: its passwords are no secret.

    And the other way round: the demo's pages would show a real one's mails and codes to everybody.
    """
    if not env.demo and is_demo_folder(env.folder):
        raise DemoRefused(
            f"{env.folder} is a demonstration, whose passwords are shown to everybody: start it with `extranet demo`, "
            "or set EXTRANET_DATA_DIR to another folder"
        )
    if env.demo and not is_demo_folder(env.folder):
        raise DemoRefused(
            f"EXTRANET_DEMO is set and {env.folder} is no demonstration: its mails and codes would be shown to "
            "everybody; remove EXTRANET_DEMO, or start a demonstration with `extranet demo`"
        )


def refuse_strangers(env: Env, host: str) -> None:
    """Raise DemoRefused where a demonstration would listen to other machines: everything in it is open."""
    if env.demo and host not in AT_HOME:
        raise DemoRefused(f"a demonstration listens on this machine only, not on {host}")


def make_seed(folder: Path) -> None:
    """Mark the folder as a demonstration's; its first file, so that no half-built one is taken for a real one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / SEED_FILE).touch(mode=0o600)
    (folder / SEED_FILE).write_text(secrets.token_hex(32))


def password_of(username: str, env: Env) -> str:
    """The demonstration's password of that user name. Raises DemoRefused outside of it."""
    digits = int.from_bytes(_derived("password", username, env), "big")
    signs = []
    for _ in range(GROUPS * GROUP_LENGTH):
        digits, place = divmod(digits, len(ALPHABET))
        signs.append(ALPHABET[place])
    return "-".join("".join(signs[at : at + GROUP_LENGTH]) for at in range(0, len(signs), GROUP_LENGTH))


def totp_secret_of(username: str, env: Env) -> str:
    """The demonstration's second factor of that user name. Raises DemoRefused outside of it."""
    return base64.b32encode(_derived("totp", username, env)[:TOTP_BYTES]).decode()


def _derived(purpose: str, username: str, env: Env) -> bytes:
    if not env.demo or not is_demo_folder(env.folder):
        raise DemoRefused("demonstration passwords exist in the demonstration only")
    seed = (env.folder / SEED_FILE).read_bytes()
    return hmac.digest(seed, f"{purpose}:{username}".encode(), hashlib.sha256)


def write_story(story: Story, folder: Path) -> None:
    """The last file to be written: where it stands, the demonstration is whole."""
    facts = {**asdict(story), "built_on": story.built_on.isoformat()}
    (folder / STORY_FILE).write_text(json.dumps(facts, indent=1))


def read_story(folder: Path) -> Story | None:
    """What was built there; None where nothing whole is."""
    try:
        facts: Mapping[str, object] = json.loads((folder / STORY_FILE).read_text())
        return _story(facts)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _story(facts: Mapping[str, object]) -> Story:
    people = facts["people"]
    if not isinstance(people, list):
        raise TypeError("people")
    numbers = {name: int(str(facts[name])) for name in ("agents", "weeks", "seed", "port")}
    built_on = date.fromisoformat(str(facts["built_on"]))
    policy, secured_mail = str(facts["policy"]), str(facts["secured_mail"])
    return Story(
        built_on=built_on,
        policy=policy,
        secured_mail=secured_mail,
        people=[Person(**person) for person in people],
        **numbers,
    )
