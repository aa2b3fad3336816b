"""The agent's certificate for encrypted mails (SC-8): upload it, see which one is in use, remove it."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from extranet.agents.masking import masked
from extranet.credentials import own_certificate, owner_proof
from extranet.credentials.owner_proof import NotProved
from extranet.credentials.step_up import Proof
from extranet.mail.secured.certificates import LARGEST, CertificateRefused
from extranet.web.access import AGENTS, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.network import browser_of

WORDS = {
    owner_proof.OLD_WRONG: ("password", "This is not your present password."),
    owner_proof.THROTTLED: (None, "Too many tries. Wait a little, or use the reset link."),
    owner_proof.BARRED: (None, "The account cannot be used now. Ask the service center."),
}


REMOVAL = "id_removal_%s"  # two forms stand on the page


class PasswordForm(forms.Form):
    """Proof that it is the owner who sits here."""

    password = forms.CharField(
        label="Present password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CertificateForm(PasswordForm):
    """The file, without the private key."""

    certificate = forms.FileField(
        label="Certificate",
        max_length=200,
        allow_empty_file=True,  # our own words say what an empty one is
        help_text="A .pem, .crt, .cer or .der file, without your private key.",
        widget=forms.FileInput(attrs={"accept": ".pem,.crt,.cer,.der"}),
    )
    field_order = ("certificate", "password")


@access(AGENTS, proof=Proof.ADDRESS)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def own_certificate_page(request: PortalRequest) -> HttpResponse:
    """Which certificate is kept; a POST puts another in its place."""
    form = CertificateForm(request.POST, request.FILES) if request.method == "POST" else CertificateForm()
    if not form.is_valid():
        return _page(request, form=form)
    try:
        own_certificate.upload(
            account=request.account,
            password=form.cleaned_data["password"],
            uploaded=form.cleaned_data["certificate"].read(LARGEST + 1),
            browser=browser_of(request),
            by=actor_of(request),
            now=timezone.now(),
        )
    except NotProved as refused:
        form.add_error(*WORDS[refused.reason])
        return _page(request, form=form, retry_after=refused.retry_after)
    except CertificateRefused as refused:
        form.add_error("certificate", str(refused))
        return _page(request, form=form)
    messages.success(request, "The certificate is kept, and your mailbox is told.")
    return redirect("own-certificate")


@access(AGENTS, proof=Proof.ADDRESS)
@sensitive_post_parameters("password")
@require_POST
def remove_certificate(request: PortalRequest) -> HttpResponse:
    """Secured mails wait on a page again."""
    form = PasswordForm(request.POST, auto_id=REMOVAL)
    if not form.is_valid():
        return _page(request, removal=form)
    try:
        removed = own_certificate.remove(
            account=request.account,
            password=form.cleaned_data["password"],
            browser=browser_of(request),
            by=actor_of(request),
            now=timezone.now(),
        )
    except NotProved as refused:
        form.add_error(*WORDS[refused.reason])
        return _page(request, removal=form, retry_after=refused.retry_after)
    if removed:
        messages.success(request, "The certificate is removed, and your mailbox is told.")
    else:
        messages.info(request, "There was no certificate. Nothing was done.")
    return redirect("own-certificate")


def _page(
    request: PortalRequest,
    *,
    form: CertificateForm | None = None,
    removal: PasswordForm | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    kept, now = own_certificate.kept_of(request.account), timezone.now()
    context = {
        "title": "Certificate for encrypted e-mails",
        "breadcrumbs": [("Account", "/account/"), ("Certificate", "")],
        "address": masked(request.account.address),
        "in_use": settings.EXTRANET.secured_mail == "smime",
        "form": form or CertificateForm(),
        "removal": removal or PasswordForm(auto_id=REMOVAL),
        "kept": kept,
        "facts": [("Fingerprint (SHA-256)", kept.spelled), ("Valid until", moment(kept.not_after))] if kept else [],
        "ended": kept is not None and kept.not_after <= now,
    }
    response = render(request, "portal/own_certificate.html", context)
    if retry_after is not None:
        response.status_code, response["Retry-After"] = 429, str(retry_after)
    return response
