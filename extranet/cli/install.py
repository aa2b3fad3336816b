"""``extranet init``: data folder, keys, database, static files. Repeatable; it never replaces a key."""

from typing import Literal

from django.conf import settings
from django.core.management import call_command

from extranet.cli.answers import Answer, act
from extranet.env import Env
from extranet.keyring.masters import WrongMaster
from extranet.keyring.ring import check_master, key_status, signing_key
from extranet.vault.keys import make_key_file
from extranet.web.static import collect

KEYS: tuple[Literal["secret", "master", "signing"], ...] = ("secret", "master", "signing")


@act(name="init")
def init() -> Answer:
    """Make data folder, keys and database; on an existing installation, bring it up to date."""
    done = install()
    lines = [f"made {path}" for path in done] or ["everything was there already"]
    return Answer({"data_dir": str(settings.EXTRANET.folder), "made": done}, lines)


def install() -> list[str]:
    """Make what is missing; which paths were made. Raises KeyRefused, WrongMaster."""
    env: Env = settings.EXTRANET
    made = [] if env.folder.exists() else [str(env.folder)]
    env.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (env.folder / "inbox").mkdir(mode=0o700, exist_ok=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    _refuse_second_master(env)
    made += [str(env.key_file(name)) for name in KEYS if _lacks(env, name) and make_key_file(env.key_file(name))]
    if str(env.key_file("secret")) in made:  # what this process signs from now on, the next ones must recognise
        settings.SECRET_KEY = env.key_file("secret").read_text().strip()
    check_master()
    signing_key()
    collect()
    return made


def _lacks(env: Env, name: str) -> bool:
    return not getattr(env, f"{name}_key")


def _refuse_second_master(env: Env) -> None:
    """A database that holds keys must get back the master key that wrapped them: a new one would open nothing."""
    wrapped = [count for count in key_status() if count.live]
    if wrapped and _lacks(env, "master") and not env.key_file("master").exists():
        raise WrongMaster(
            f"the database holds keys wrapped by the master key {wrapped[0].master_id}, and {env.key_file('master')} "
            "does not exist: put it back from your backup; a new one would open nothing"
        )
