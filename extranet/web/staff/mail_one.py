"""One mail: its way, its words where nothing in them opens anything, and what can be done about it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from extranet.agents.masking import masked
from extranet.credentials.history import PasswordOvertaken
from extranet.credentials.models import Account
from extranet.credentials.third_mail import KINDS as THIRD_MAILS
from extranet.credentials.third_mail import key_in_force
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import AddressRefused
from extranet.mail.returned.doubt import doubt_about
from extranet.mail.send_again import SendAgainRefused, may_be_read, next_key, refusal, words_of
from extranet.service_center import acts
from extranet.service_center.acts import ActRefused, DoneAlready
from extranet.service_center.doubted import agents_at, clear_of_mail
from extranet.service_center.identity import IdentityNotChecked
from extranet.service_center.mail_list import Person, address_for, person_of, send_again
from extranet.web.access import MAIL_READERS, SERVICE_DESK, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.staff.long_text import long_text
from extranet.web.staff.mail import IS_STOPPED, LOST, SECURED, WAITING, error_of, why_held

RESETS = ("reset_link", "reset_started_by_staff", "secured_link")  # a reset helps whom they did not reach
REPORTS = ({"label": "Read"}, {"label": "What the report says"}, {"label": "Code"})


@access(MAIL_READERS)
@require_safe
def one_mail(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """Its way for all readers; its words for the service desk, and every look at them is in the trail."""
    row = _find(mail_id)
    person, serves = person_of(row), SERVICE_DESK.admits(request.account)
    held_for = why_held([row.pk]).get(row.pk, "")
    context = {
        "title": row.subject,
        "breadcrumbs": [("Mail", reverse("staff-mail")), (row.subject, "")],
        "row": row,
        "facts": _facts(row, person, held_for),
        "waits_for_canary": IS_STOPPED in held_for,
        "reports": [(moment(one.read_at), one.what, one.status) for one in row.reports.order_by("read_at")],
        "report_columns": REPORTS,
        "agent_url": reverse("staff-agent", args=[person.agent.license]) if person.agent and serves else "",
        **(_offers(request, row, person) if serves else {}),
    }
    return render(request, "staff/mail_one.html", context)


@access(SERVICE_DESK)
@require_POST
def issue(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """A new password under the next cycle, for whom this mail never reached. Needs the identity check."""
    row = _find(mail_id)
    account = _account(person_of(row))
    if account is None or account.agent is None:
        raise Http404
    if not _is_lost_password(row, account):
        messages.info(request, "A newer password was issued already. Nothing was sent a second time.")
        return redirect("staff-mail-one", row.pk)
    try:
        acts.issue_again(agent=account.agent, by=actor_of(request), now=timezone.now())
    except IdentityNotChecked:
        messages.warning(request, "Check the identity of the agent first. Nothing was done.")
        return redirect("staff-agent-identity", account.agent.license)
    except (ActRefused, DoneAlready) as refused:
        messages.warning(request, str(refused))
    except (AddressRefused, PasswordOvertaken):
        messages.error(request, "Nothing was sent: look at the agent's record first.")
    else:
        messages.success(request, "The third mail is on its way again, to the address on the roster.")
    return redirect("staff-mail-one", row.pk)


@access(SERVICE_DESK)
@require_POST
def again(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """The same words once more; a second click leads to the mail that the first one made."""
    row = _find(mail_id)
    try:
        sent = send_again(row=row, by=actor_of(request), now=timezone.now())
    except SendAgainRefused as refused:
        messages.error(request, f"Nothing was sent. {refused}")
        return redirect("staff-mail-one", row.pk)
    messages.success(request, "The mail is on its way again. This is the new one.")
    return redirect("staff-mail-one", sent.pk)


@access(SERVICE_DESK)
@require_POST
def address_works(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """End the doubt about an address that is no agent's; that of an agent is settled on the record."""
    row = _find(mail_id)
    try:
        clear_of_mail(mail=row, by=actor_of(request), now=timezone.now())
    except ActRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "The address is not in doubt any more. What was held leaves within a minute.")
    return redirect("staff-mail-one", row.pk)


def _offers(request: PortalRequest, row: OutboxMail, person: Person) -> dict[str, object]:
    """What the service desk may do here, each with where it would go."""
    account = _account(person)
    why_not, repeated = refusal(row), OutboxMail.objects.filter(key=next_key(row.key)).first()
    readable = may_be_read(row)
    return {
        "serves": True,
        "can_issue": account is not None and _is_lost_password(row, account),
        "can_reset": person.agent is not None and row.kind in RESETS,
        "is_third_mail": row.kind in THIRD_MAILS,
        "agent": person.agent,
        "can_send_again": not why_not and repeated is None,
        "why_not_again": why_not,
        "repeated_url": reverse("staff-mail-one", args=[repeated.pk]) if repeated else "",
        "goes_to": masked(address_for(row)),
        "can_clear": doubt_about(row.to_address) is not None and not agents_at(row.to_address),
        "readable": readable,
        "words": words_of(row=row, by=actor_of(request), now=timezone.now()) if readable else "",
    }


def _find(mail_id: UUID) -> OutboxMail:
    row = OutboxMail.objects.filter(pk=mail_id).first()
    if row is None:
        raise Http404
    return row


def _account(person: Person) -> Account | None:
    """The agent's, also of one who had another license when the mail was posted."""
    if person.agent is None:
        return None
    return Account.objects.select_related("agent").filter(agent=person.agent).first()


def _is_lost_password(row: OutboxMail, account: Account) -> bool:
    """Whether it carried the password in force, or the link to it, and never arrived."""
    return row.state in LOST and account.agent is not None and row.key == key_in_force(account)


def _facts(row: OutboxMail, person: Person, held_for: str) -> list[tuple[str, str]]:
    doubt = doubt_about(row.to_address)
    return [
        ("Kind", row.kind.replace("_", " ")),
        ("Person", person.name),
        ("About", row.about),
        ("To", masked(row.to_address) + (f" – in doubt since {moment(doubt.since)}" if doubt else "")),
        ("State", held_for or row.get_state_display()),
        ("Secured way", SECURED.get(row.secured_by, "no")),
        ("Posted", moment(row.posted_at)),
        ("Accepted", moment(row.accepted_at) if row.accepted_at else ""),
        ("Tries", str(row.attempts)),
        ("Next try", moment(row.next_attempt_at) if row.state in WAITING and not held_for else ""),
        ("Given up after", moment(row.give_up_at) if row.state in WAITING else ""),
        ("What went wrong", error_of(row)),
        ("Message-ID", long_text(row.message_id)),
    ]
