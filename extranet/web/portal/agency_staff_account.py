"""One person of an agent's staff: rights given and ended, another link, everything revoked. Nobody else's are found."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from extranet.agents.agency import managed_by
from extranet.agents.models import Agent
from extranet.credentials.agency_staff import invite_again, staff_of
from extranet.credentials.book_grants import grants_of, rights_of
from extranet.credentials.granting import GrantRefused, revoke, set_rights
from extranet.credentials.models import Account, BookGrant
from extranet.credentials.staff import StaffRefused
from extranet.credentials.username import shown
from extranet.mail.link_lives import ENROLMENT_HOURS
from extranet.web.access import OWN_STAFF, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.portal.agency_staff import RightsForm, in_words, own_agent, sentence


@access(OWN_STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """GET shows the person and what they may do; a POST gives or changes the rights on one book."""
    agent, staff, now = own_agent(request), _find(request, account_id), timezone.now()
    members = list(managed_by(agent, now))
    form = RightsForm(request.POST if request.method == "POST" else None, agent=agent, members=members)
    if not form.is_valid():
        return _page(request, staff, form)
    try:
        set_rights(account=staff, agent=form.chosen, rights=form.rights, by=actor_of(request), now=now)
    except GrantRefused as refused:
        form.add_error("book", sentence(refused))
        return _page(request, staff, form)
    messages.success(request, f"The rights on the reports of {form.chosen.full_name} are in force.")
    return redirect("agency-staff-account", account_id)


@access(OWN_STAFF)
@require_POST
def end_book(request: PortalRequest, account_id: UUID, license: str) -> HttpResponse:
    """End the rights on one book; the others stay."""
    staff, now = _find(request, account_id), timezone.now()
    held = next((grant for grant in grants_of(staff, now) if grant.agent.license == license), None)
    if held is not None:
        set_rights(account=staff, agent=held.agent, rights=frozenset(), by=actor_of(request), now=now)
        messages.success(request, f"The rights on the reports of {held.agent.full_name} have ended.")
    return redirect("agency-staff-account", account_id)


@access(OWN_STAFF)
@require_POST
def new_link(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Mail another link, for whoever lost password or app."""
    try:
        invite_again(account=_find(request, account_id), by=actor_of(request), now=timezone.now())
        messages.success(request, f"A new link is on its way. It works once, for {ENROLMENT_HOURS} hours.")
    except StaffRefused as refused:
        messages.error(request, sentence(refused))
    return redirect("agency-staff-account", account_id)


@access(OWN_STAFF)
@require_POST
def revoke_all(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """End all rights, sessions and links at once."""
    revoke(account=_find(request, account_id), by=actor_of(request), now=timezone.now())
    messages.success(request, "All rights have ended, and the person is logged out.")
    return redirect("agency-staff-account", account_id)


def _find(request: PortalRequest, account_id: UUID) -> Account:
    """Of the own staff only; raises Http404."""
    found = staff_of(own_agent(request)).filter(pk=account_id).first()
    if found is None:
        raise Http404
    return found


def _page(request: PortalRequest, staff: Account, form: RightsForm) -> HttpResponse:
    now = timezone.now()
    grants, agent = grants_of(staff, now), own_agent(request)
    granted = {grant.agent_id for grant in grants}
    members = list(managed_by(agent, now))
    others = [one for one in [agent, *members] if one.pk not in granted]
    context = {
        "title": staff.display_name,
        "breadcrumbs": [
            ("Account", reverse("account")),
            ("Staff and rights", reverse("agency-staff")),
            (staff.display_name, ""),
        ],
        "staff": staff,
        "facts": _facts(staff),
        "grants": [(grant, in_words(grant), _filled_in(grant, agent, members)) for grant in grants],
        "others": RightsForm(agent=others[0], members=others[1:]) if others else None,
        "form": form,
    }
    return render(request, "portal/agency_staff_account.html", context, status=422 if form.errors else 200)


def _filled_in(grant: BookGrant, agent: Agent, members: list[Agent]) -> RightsForm:
    """The form of one book with what holds now, so that saving it takes nothing away unseen."""
    held = [right.value for right in rights_of(grant)]
    initial = {"book": grant.agent.license, "more": held}
    return RightsForm(agent=agent, members=members, initial=initial, auto_id=f"id_{grant.pk}_%s")


def _facts(staff: Account) -> list[tuple[str, str]]:
    waits = "waits for the person to use the link" if staff.password_set_at is None else "never"
    return [
        ("User name", shown(staff.username)),
        ("E-mail address", staff.staff_email),
        ("Invited", moment(staff.created_at)),
        ("Last login", moment(staff.last_login) if staff.last_login else waits),
    ]
