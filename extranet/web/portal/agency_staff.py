"""The page on which an agent or agency manager invites staff, and sees who else may open the own book."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from extranet.agents.agency import managed_by
from extranet.agents.models import Agent
from extranet.credentials.agency_staff import AgencyStaffRefused, add_agency_staff, staff_of
from extranet.credentials.book_grants import Right, grants_into, grants_of, rights_of
from extranet.credentials.granting import NoSuchGrant, end_by_owner
from extranet.credentials.models import Account, BookGrant
from extranet.credentials.username import shown
from extranet.web.access import AGENTS, OWN_STAFF, PortalRequest, access, actor_of

WORDS = {Right.VIEW: "look at the reports", Right.EXPORT: "download them", Right.ACT: "write to the service center"}
MORE = (
    (Right.EXPORT.value, "Download the reports"),
    (Right.ACT.value, "Write to the service center in the agent's name"),
)


class BookField(forms.ChoiceField):
    """One of the books on which this agent may give rights: the own one, and those of the agency for its manager."""

    def offer(self, agent: Agent, members: list[Agent]) -> None:
        self.choices = [(one.license, f"{one.full_name} ({one.license})") for one in [agent, *members]]


class RightsForm(forms.Form):
    """Which book, and what may be done with it besides looking."""

    book = BookField(label="Reports of", help_text="Looking at them is always included.")
    more = forms.MultipleChoiceField(
        label="May also", choices=MORE, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, agent: Agent, members: list[Agent], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._books = {one.license: one for one in [agent, *members]}
        field = self.fields["book"]
        if isinstance(field, BookField):
            field.offer(agent, members)

    @property
    def chosen(self) -> Agent:
        return self._books[self.cleaned_data["book"]]

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset({Right.VIEW, *(Right(name) for name in self.cleaned_data["more"])})


class InviteForm(RightsForm):
    """A new person with a first right."""

    name = forms.CharField(
        label="User name",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    display_name = forms.CharField(label="Name of the person", max_length=120)
    email = forms.EmailField(
        label="E-mail address of the person",
        max_length=254,
        help_text="The link goes there and nowhere else. Later it cannot be changed here.",
    )

    def __init__(self, *args: Any, agent: Agent, members: list[Agent], **kwargs: Any) -> None:
        super().__init__(*args, agent=agent, members=members, **kwargs)
        self.fields["name"].help_text = f"Comes after your license number, like {agent.license}.nina"


@access(AGENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def agency_staff(request: PortalRequest) -> HttpResponse:
    """GET lists the own staff and shows the form; a POST invites somebody."""
    agent, now = own_agent(request), timezone.now()
    members = list(managed_by(agent, now))
    form = InviteForm(request.POST if request.method == "POST" else None, agent=agent, members=members)
    if not form.is_valid():
        return _page(request, agent, form)
    typed = {name: form.cleaned_data[name] for name in ("name", "display_name", "email")}
    books = {form.chosen: form.rights}
    try:
        made = add_agency_staff(principal=agent, **typed, books=books, by=actor_of(request), now=now)
    except AgencyStaffRefused as refused:
        form.add_error(refused.field or None, sentence(refused))
        return _page(request, agent, form)
    messages.success(request, f"{made.display_name} was invited. The mail with the link is on its way.")
    return redirect("agency-staff-account", made.pk)


@access(OWN_STAFF)
@require_POST
def end_grant(request: PortalRequest, grant_id: UUID) -> HttpResponse:
    """The agent ends a right on the own book, whoever gave it."""
    try:
        end_by_owner(grant_id=grant_id, owner=own_agent(request), by=actor_of(request), now=timezone.now())
    except NoSuchGrant:
        raise Http404 from None
    messages.success(request, "The right has ended.")
    return redirect("agency-staff")


def own_agent(request: PortalRequest) -> Agent:
    """Who is signed in; these pages admit agents only."""
    if request.account.agent is None:
        raise TypeError("a page of agents was opened by somebody else: its rule is wrong")
    return request.account.agent


def sentence(refused: Exception) -> str:
    """What was wrong, as it stands beside a field."""
    text = str(refused)
    return f"{text[:1].upper()}{text[1:]}."


def in_words(grant: BookGrant) -> str:
    """What somebody may do with that book."""
    *first, last = [WORDS[right] for right in rights_of(grant)]
    return f"{', '.join(first)} and {last}" if first else last


def _page(request: PortalRequest, agent: Agent, form: InviteForm) -> HttpResponse:
    now = timezone.now()
    context = {
        "title": "Staff and rights",
        "breadcrumbs": [("Account", reverse("account")), ("Staff and rights", "")],
        "people": [(row, _facts(row, grants_of(row, now))) for row in staff_of(agent)],
        "others": [
            (grant, _given(grant)) for grant in grants_into(agent, now) if grant.account.principal_id != agent.pk
        ],
        "form": form,
    }
    return render(request, "portal/agency_staff.html", context, status=422 if form.errors else 200)


def _facts(row: Account, grants: list[BookGrant]) -> list[tuple[str, str]]:
    books = [(f"Reports of {grant.agent.full_name}", in_words(grant)) for grant in grants]
    return [("User name", shown(row.username)), *(books or [("Rights", "none: the person enters nowhere")])]


def _given(grant: BookGrant) -> list[tuple[str, str]]:
    principal = grant.account.principal
    return [
        ("User name", shown(grant.account.username)),
        ("Given by", principal.full_name if principal else ""),
        ("May", in_words(grant)),
    ]
