"""Accounts of staff: added with a one-use link, disabled at once. Nobody is ever told a password (IA-2, AC-2)."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from extranet.credentials import disable as access_of
from extranet.credentials.models import Account, AccountKind, StaffRole
from extranet.credentials.staff import InvitedAlready, StaffRefused, add_staff, invite_again
from extranet.credentials.username import UsernameRefused, staff_username
from extranet.mail.link_lives import ENROLMENT_HOURS
from extranet.service_center.acts import ActRefused, disable_checked
from extranet.web.access import ADMINISTRATORS, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.staff.shown_once import GOOD_FOR, keep, kept

COLUMNS = ({"label": "User name"}, {"label": "Name"}, {"label": "Role"}, {"label": "State"}, {"label": "Last login"})
ROLES = [(role.value, role.label.replace("_", " ")) for role in StaffRole]
OWN_LINK = (
    "Nobody makes a link for the own account. Ask another administrator. Your account page has your second factors."
)
OWN = "You cannot disable your own account. Ask another administrator."


class AddForm(forms.Form):
    """A new member of staff."""

    name = forms.CharField(
        label="User name",
        max_length=40,
        help_text="A letter first, then letters, digits, dot, dash, underscore.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    display_name = forms.CharField(label="Name of the person", max_length=120)
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        max_length=254,
        help_text="The link is mailed there, too. Without it you hand the link over yourself.",
    )
    role = forms.ChoiceField(label="Role", choices=ROLES, widget=forms.RadioSelect)


class DisableForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Reason", max_length=60, help_text="For example: left on Friday.")


@access(ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def accounts(request: PortalRequest) -> HttpResponse:
    """GET lists all staff and shows the form; a POST adds somebody and leads to the link."""
    form = AddForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _list(request, form)
    now, typed = timezone.now(), form.cleaned_data
    try:
        made = add_staff(**typed, by=actor_of(request), now=now)
    except StaffRefused as refused:
        if kept(request, what=_link_of(typed["name"]), now=now):  # a second click: the first one made it
            return redirect("staff-account-link", typed["name"].lower())
        form.add_error("name", f"{str(refused)[:1].upper()}{str(refused)[1:]}.")
        return _list(request, form)
    name = made.account.username.partition("\\")[2]
    keep(request, what=_link_of(name), secret=made.link, now=now)
    return redirect("staff-account-link", name)


@access(ADMINISTRATORS)
@require_safe
def staff_account(request: PortalRequest, name: str) -> HttpResponse:
    """One account and what can be done about it."""
    return _one(request, _find(name), DisableForm())


@access(ADMINISTRATORS)
@require_POST
def invite(request: PortalRequest, name: str) -> HttpResponse:
    """A new link; the older ones end. Using it replaces password and second factor."""
    now = timezone.now()
    try:
        made = invite_again(account=_find(name), by=actor_of(request), now=now)
    except InvitedAlready:
        messages.info(request, "A link was made less than a minute ago. It stands; no second one was made.")
    except StaffRefused as refused:
        messages.error(request, f"{refused}.")
        return redirect("staff-account", name)
    else:
        keep(request, what=_link_of(name), secret=made.link, now=now)
    return redirect("staff-account-link", name)


@access(ADMINISTRATORS)
@require_safe
def link(request: PortalRequest, name: str) -> HttpResponse:
    """The link that was just made, for ten minutes and in this session only."""
    account = _find(name)
    context = {
        "title": "Hand over this link",
        "breadcrumbs": [*_crumbs(account), ("Link", "")],
        "account": account,
        "link": kept(request, what=_link_of(name), now=timezone.now()),
        "hours": ENROLMENT_HOURS,
        "minutes": int(GOOD_FOR.total_seconds() // 60),
        "back": reverse("staff-account", args=[name]),
    }
    return render(request, "staff/account_link.html", context)


@access(ADMINISTRATORS)
@require_POST
def disable(request: PortalRequest, name: str) -> HttpResponse:
    """End all access at once. Never the own: so there is always one administrator."""
    account, form = _find(name), DisableForm(request.POST)
    if account.pk == request.account.pk:
        messages.error(request, OWN)
        return redirect("staff-account", name)
    if not form.is_valid():
        return _one(request, account, form, status=422)
    try:
        disable_checked(account=account, reason=form.cleaned_data["reason"], by=actor_of(request), now=timezone.now())
    except ActRefused as refused:
        form.add_error("reason", str(refused))
        return _one(request, account, form, status=422)
    messages.success(request, "The account is disabled: sessions and links have ended.")
    return redirect("staff-account", name)


@access(ADMINISTRATORS)
@require_POST
def enable(request: PortalRequest, name: str) -> HttpResponse:
    """Let the person in again, with the password and second factor of before."""
    access_of.enable(account=_find(name), by=actor_of(request), now=timezone.now())
    messages.success(request, "The account is enabled.")
    return redirect("staff-account", name)


def _find(name: str) -> Account:
    """The staff account of that name, without its domain; raises Http404."""
    try:
        username = staff_username(name)
    except UsernameRefused:
        raise Http404 from None
    found = Account.objects.filter(username=username, kind=AccountKind.STAFF).first()
    if found is None:
        raise Http404
    return found


def _list(request: PortalRequest, form: AddForm) -> HttpResponse:
    staff = Account.objects.filter(kind=AccountKind.STAFF).order_by("username")
    context = {"title": "Staff accounts", "columns": COLUMNS, "rows": [_line(row) for row in staff], "form": form}
    return render(request, "staff/accounts.html", context, status=422 if form.errors else 200)


def _one(request: PortalRequest, account: Account, form: DisableForm, *, status: int = 200) -> HttpResponse:
    context = {
        "title": account.username,
        "breadcrumbs": _crumbs(account),
        "account": account,
        "name": account.username.partition("\\")[2],
        "facts": _facts(account),
        "is_own": account.pk == request.account.pk,
        "own": OWN,
        "own_link": OWN_LINK,
        "form": form,
    }
    return render(request, "staff/account.html", context, status=status)


def _line(row: Account) -> tuple[SafeString | str, ...]:
    url = reverse("staff-account", args=[row.username.partition("\\")[2]])
    link = format_html('<a href="{}">{}</a>', url, row.username)
    return link, row.display_name, _role(row), _state(row), moment(row.last_login) if row.last_login else "never"


def _facts(row: Account) -> list[tuple[str, str]]:
    return [
        ("Name", row.display_name),
        ("Role", _role(row)),
        ("E-mail address", row.staff_email),
        ("State", _state(row)),
        ("Added", moment(row.created_at)),
        ("Last login", moment(row.last_login) if row.last_login else "never"),
    ]


def _role(row: Account) -> str:
    return row.get_role_display().replace("_", " ")


def _state(row: Account) -> str:
    if row.disabled_at is not None:
        return f"disabled: {row.disabled_reason}"
    return "active" if row.password_set_at else "waits for its person to use the link"


def _crumbs(account: Account) -> list[tuple[str, str]]:
    url = reverse("staff-account", args=[account.username.partition("\\")[2]])
    return [("Staff accounts", reverse("staff-accounts")), (account.username, url)]


def _link_of(name: str) -> str:
    return f"enrolment:{name.lower()}"
