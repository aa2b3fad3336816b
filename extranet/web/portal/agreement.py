"""The agreement that stands before the first look (J28)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.credentials.agreement import AgreementOutdated, accept, version_in_force
from extranet.profile.loader import current
from extranet.profile.words import page
from extranet.web.access import UNFINISHED, PortalRequest, access, actor_of
from extranet.web.dates import moment


@access(UNFINISHED)
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: PortalRequest) -> HttpResponse:
    """GET shows the text; a POST agrees to the version that was shown and to no other."""
    account = request.account
    if account.is_staff_member:
        return redirect("staff-home")
    if request.method == "POST":
        try:
            shown = request.POST.get("version", "")
            accept(account=account, version=shown, now=timezone.now(), by=actor_of(request))
            return redirect("home")
        except AgreementOutdated:
            messages.warning(request, "The agreement has changed in the meantime. Please read this version.")
    accepted_at = account.agreement_accepted_at if account.agreement_version == version_in_force() else None
    agreed = moment(accepted_at) if accepted_at else ""
    context = {"title": current().agreement.title, "text": page("agreement"), "version": version_in_force()}
    return render(request, "portal/agreement.html", {**context, "agreed": agreed})
