"""The demonstration of today in its folder: used again, or built anew, then served and told about."""

from collections.abc import Mapping

import click
from django.conf import settings
from django.utils import timezone

from extranet.cli.answers import Answer, give, table
from extranet.cli.exit_codes import UNEXPECTED, failure_of
from extranet.cli.install import install
from extranet.cli.progress_bar import progress_on_terminal
from extranet.cli.serve import serve
from extranet.credentials.username import shown
from extranet.demo.build import build, clear, freshen, today
from extranet.demo.seed import Person, Story, make_seed, password_of, read_story
from extranet.env import Env
from extranet.profile.loader import current


def prepared(*, agents: int, weeks: int, seed: int, port: int) -> Answer:
    """Addresses and accounts of the demonstration, which stands in the folder then."""
    try:
        return _told(_story(agents, weeks, seed, port))
    except Exception as error:
        failure = failure_of(error)
        if failure.exit_code == UNEXPECTED:
            raise
        facts = {"refused": failure.name, "reasons": failure.lines}
        return Answer(facts, exit_code=failure.exit_code, complaints=failure.lines)


def answered(ctx: click.Context, answer: Answer, *, port: int, serving: bool) -> None:
    """Leave with the answer, or tell it and serve until somebody ends it."""
    if answer.exit_code or not serving:
        give(ctx, answer)
    for line in [] if ctx.meta.get("as_json") else answer.lines:
        click.echo(line)
    give(ctx, serve("127.0.0.1", port, ready=lambda: click.echo(f"READY {settings.EXTRANET.portal}")))


def _story(agents: int, weeks: int, seed: int, port: int) -> Story:
    env, now = settings.EXTRANET, timezone.now()
    story = read_story(env.folder)
    if story is not None and story.made_of == (today(now), agents, weeks, seed, port, env.policy, env.secured_mail):
        install()
        freshen(story, now)
        return story
    clear(env.folder)
    make_seed(env.folder)
    install()
    return build(env=env, agents=agents, weeks=weeks, seed=seed, port=port, now=now, progress=progress_on_terminal())


def _told(story: Story) -> Answer:
    env: Env = settings.EXTRANET
    people = [_facts(person, env) for person in story.people]
    addresses = {
        "start": f"{env.portal}/demo/",
        "portal": f"{env.portal}{current().portal_path}",
        "reset": env.reset,
        "staff": f"{env.portal}/staff/",
        "mailbox": f"{env.portal}/demo/mailbox/",
        "codes": f"{env.portal}/demo/codes/",
    }
    lines = [f"{name:8} {url}" for name, url in addresses.items()]
    rows = [[facts[name] for name in ("who", "username", "password", "state")] for facts in people]
    facts = {"built_on": story.built_on, "addresses": addresses, "accounts": people}
    return Answer(facts, [*lines, "", *table(rows, ("who", "user name", "password", "state")), ""])


def _facts(person: Person, env: Env) -> Mapping[str, object]:
    password = "in the demo mailbox" if person.in_mail else password_of(person.username, env)
    return {
        "who": person.who,
        "username": shown(person.username),
        "password": password,
        "state": person.state,
        "hint": person.hint,
        "second_factor": person.has_codes,
    }
