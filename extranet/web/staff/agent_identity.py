"""Is the caller who he says he is? The desk types in the answers and the roster decides; nothing typed is kept."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from extranet.agents.models import Agent
from extranet.service_center.identity import GOOD_FOR, NEEDED, check_identity, questions
from extranet.web.access import SERVICE_DESK, PortalRequest, access, actor_of
from extranet.web.staff.agents import address_of, agent_of, case_of

FAILED = (
    "These answers do not show that the caller is this agent. Nothing was done. Ask the caller to write from the "
    "address on the roster, or to have the exchange correct the roster."
)


class AnswersForm(forms.Form):
    """One line for each fact that the roster holds; blank means not asked."""

    def __init__(self, *args: object, agent: Agent, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        for question in questions(agent, now=timezone.now()):
            attrs = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
            widget = forms.TextInput(attrs=attrs)
            self.fields[question.fact] = forms.CharField(
                label=question.text, max_length=254, required=False, widget=widget
            )


@access(SERVICE_DESK)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: PortalRequest, license: str) -> HttpResponse:
    """GET shows the questions; a POST compares. A good check leads back to the acts."""
    agent = agent_of(license)
    form = AnswersForm(request.POST if request.method == "POST" else None, agent=agent)
    if not form.is_valid():
        return _page(request, agent, form)
    given = {fact: answer for fact, answer in form.cleaned_data.items() if answer}
    check = check_identity(agent=agent, answers=given, by=actor_of(request), now=timezone.now())
    if not check.passed:
        return _page(request, agent, AnswersForm(agent=agent), fault=FAILED)
    minutes = int(GOOD_FOR.total_seconds() // 60)
    messages.success(request, f"The answers match. For {minutes} minutes you can act for this agent.")
    return redirect(address_of(agent, case_of(request, agent)))


def _page(request: PortalRequest, agent: Agent, form: AnswersForm, *, fault: str = "") -> HttpResponse:
    """What was typed is not shown again: it may belong to somebody else."""
    case = case_of(request, agent)
    context = {
        "title": "Check the identity",
        "breadcrumbs": [
            ("Agents", reverse("staff-agents")),
            (agent.full_name, address_of(agent, case)),
            ("Check the identity", ""),
        ],
        "agent": agent,
        "case": case,
        "form": form,
        "fault": fault,
        "needed": NEEDED,
        "enough": len(form.fields) >= NEEDED,
    }
    return render(request, "staff/agent_identity.html", context, status=422 if fault else 200)
