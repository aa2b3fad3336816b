"""The language of the own e-mails: a choice on the account page, for agents; staff get the profile's first."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from extranet.agents.mail_language import LanguageRefused, choose_language
from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.web.access import AGENTS, PortalRequest, access, actor_of


class LanguageForm(forms.Form):
    """The languages that the profile has words in, each called as its speakers call it."""

    language = forms.ChoiceField(label="Language of my e-mails", choices=lambda: list(current().language_names.items()))


def language_form(account: Account) -> LanguageForm | None:
    """The form for the account page; None where there is nothing to choose."""
    if account.agent_id is None or len(current().languages) < 2:
        return None
    return LanguageForm(initial={"language": account.language})


@access(AGENTS)
@require_POST
def mail_language(request: PortalRequest) -> HttpResponse:
    """Mails from now on are in the chosen language. A choice that was not offered changes nothing."""
    agent, names = request.account.agent, current().language_names
    assert agent is not None  # noqa: S101  # the rule lets agents in only
    chosen = request.POST.get("language", "")
    try:
        changed = choose_language(agent=agent, language=chosen, by=actor_of(request), now=timezone.now())
    except LanguageRefused:
        messages.error(request, f"Choose one of these languages: {', '.join(names.values())}. Nothing was changed.")
        return redirect("account")
    if changed:
        messages.success(request, f"Our e-mails to you are in this language from now on: {names[chosen]}.")
    else:
        messages.info(request, f"Our e-mails to you are in this language already: {names[chosen]}.")
    return redirect("account")
