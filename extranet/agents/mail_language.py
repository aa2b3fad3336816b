"""The language of an agent's mails: the own choice. The roster does not know it and never changes it."""

from datetime import datetime

from django.db import transaction

from extranet.agents.models import Agent
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.profile.loader import current


class LanguageRefused(Exception):
    """The profile has no words in this language."""


def language_name(chosen: str) -> str:
    """What the language of somebody's mails is called by its speakers; blank is the profile's first."""
    profile = current()
    return profile.language_names[profile.language_for(chosen)]


def choose_language(*, agent: Agent, language: str, by: Actor, now: datetime) -> bool:
    """Mails that are posted from now on are in that language; whether it is another than before.

    Raises LanguageRefused."""
    profile = current()
    if language not in profile.languages:
        raise LanguageRefused(f"there are no words in {language!r}; choose one of {', '.join(profile.languages)}")
    with transaction.atomic():
        if not Agent.objects.filter(pk=agent.pk).exclude(language=language).update(language=language):
            return False
        agent.language = language
        detail = {"language": language}
        record(action=Action.LANGUAGE_CHOSEN, now=now, actor=by, subject=copied_name(agent.license), detail=detail)
    return True
