"""The outbox as staff may see it: who was told what, and whether it left. Never a body, and addresses only masked."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from extranet.agents.masking import masked
from extranet.credentials.history import PasswordOvertaken
from extranet.credentials.models import Account
from extranet.credentials.third_mail import key_in_force
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import AddressRefused
from extranet.profile.loader import current
from extranet.service_center import acts
from extranet.service_center.acts import ActRefused, DoneAlready
from extranet.service_center.identity import IdentityNotChecked
from extranet.web.access import MAIL_READERS, SERVICE_DESK, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.staff.long_text import long_text

PAGE = 50
OPEN, EVERY = "open", "all"
WAITING = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED)
LOST = (MailState.GAVE_UP, MailState.BOUNCED)
COLUMNS = (
    {"label": "Mail"},
    {"label": "About"},
    {"label": "To"},
    {"label": "State"},
    {"label": "Posted"},
    {"label": "What went wrong"},
)


class FilterForm(forms.Form):
    """Which mails; what is not one of the choices counts as the first."""

    state = forms.ChoiceField(required=False, choices=[(OPEN, "Not delivered"), (EVERY, "All"), *MailState.choices])
    kind = forms.ChoiceField(required=False)
    about = forms.CharField(
        label="About", required=False, max_length=120, help_text="User name or number of a request.", strip=True
    )

    def __init__(self, given: QueryDict) -> None:
        super().__init__(given)
        self.fields["kind"] = forms.ChoiceField(
            required=False, choices=[("", "Any"), *((kind, kind.replace("_", " ")) for kind in sorted(current().mails))]
        )
        self.fields["state"].label, self.fields["kind"].label = "State", "Kind"

    def chosen(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))


@access(MAIL_READERS)
@require_safe
def mail(request: PortalRequest) -> HttpResponse:
    """The newest mails first; those that did not arrive unless all are asked for."""
    form = FilterForm(request.GET)
    page = _number(request.GET.get("page", ""))
    found = list(_chosen(form)[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "title": "Mail",
        "form": form,
        "columns": COLUMNS,
        "rows": [_line(row) for row in found[:PAGE]],
        "newer": _address(request, page - 1) if page > 1 else "",
        "older": _address(request, page + 1) if len(found) > PAGE else "",
    }
    return render(request, "staff/mail.html", context)


@access(MAIL_READERS)
@require_safe
def one_mail(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """One mail: its way, not its words."""
    row = _find(mail_id)
    account = _account(row)
    agent = account.agent if account else None
    serves = SERVICE_DESK.admits(request.account)
    context = {
        "title": row.subject,
        "breadcrumbs": [("Mail", reverse("staff-mail")), (row.subject, "")],
        "row": row,
        "facts": _facts(row),
        "agent_url": reverse("staff-agent", args=[agent.license]) if agent and serves else "",
        "can_issue": serves and account is not None and _is_lost_password(row, account),
    }
    return render(request, "staff/mail_one.html", context)


@access(SERVICE_DESK)
@require_POST
def issue(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """A new password under the next cycle, for whom this mail never reached. Needs the identity check."""
    row = _find(mail_id)
    account = _account(row)
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


def _chosen(form: FilterForm) -> QuerySet[OutboxMail]:
    rows = OutboxMail.objects.defer("sealed_body").order_by("-posted_at", "-place", "id")
    state = form.chosen("state") or OPEN
    if state == OPEN:
        rows = rows.filter(state__in=[*WAITING, *LOST])
    elif state != EVERY:
        rows = rows.filter(state=state)
    if kind := form.chosen("kind"):
        rows = rows.filter(kind=kind)
    if about := form.chosen("about"):
        rows = rows.filter(about__iexact=about)
    return rows


def _find(mail_id: UUID) -> OutboxMail:
    row = OutboxMail.objects.defer("sealed_body").filter(pk=mail_id).first()
    if row is None:
        raise Http404
    return row


def _account(row: OutboxMail) -> Account | None:
    return Account.objects.select_related("agent").filter(username=row.about).first()


def _is_lost_password(row: OutboxMail, account: Account) -> bool:
    """Whether it carried the password in force, or the link to it, and never arrived."""
    return row.state in LOST and account.agent is not None and row.key == key_in_force(account)


def _line(row: OutboxMail) -> tuple[SafeString | str, ...]:
    link = format_html('<a href="{}">{}</a>', reverse("staff-mail-one", args=[row.pk]), row.subject)
    return (
        link,
        row.about,
        masked(row.to_address),
        row.get_state_display(),
        moment(row.posted_at),
        long_text(_error(row)),
    )


def _facts(row: OutboxMail) -> list[tuple[str, str]]:
    return [
        ("Kind", row.kind.replace("_", " ")),
        ("About", row.about),
        ("To", masked(row.to_address)),
        ("State", row.get_state_display()),
        ("Secured way", "yes" if row.secured else "no"),
        ("Posted", moment(row.posted_at)),
        ("Accepted", moment(row.accepted_at) if row.accepted_at else ""),
        ("Tries", str(row.attempts)),
        ("Next try", moment(row.next_attempt_at) if row.state in WAITING else ""),
        ("Given up after", moment(row.give_up_at) if row.state in WAITING else ""),
        ("What went wrong", _error(row)),
        ("Message-ID", row.message_id),
    ]


def _error(row: OutboxMail) -> str:
    """Servers repeat the address in their answers."""
    return row.last_error.replace(row.to_address, masked(row.to_address))


def _address(request: PortalRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return f"?{query.urlencode()}"


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
