"""The own passkeys: add one with a name, remove one (IA-2). The browser's part is static/app/passkey.js."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from extranet.credentials import own_factors
from extranet.credentials import passkeys as credentials
from extranet.credentials.models import ChallengePurpose
from extranet.credentials.own_factors import LastFactor, NoSuchFactor
from extranet.credentials.passkey_ceremony import PasskeyRefused
from extranet.credentials.passkey_ceremony import begin as begin_ceremony
from extranet.credentials.passkeys import NameRefused
from extranet.credentials.step_up import Proof
from extranet.web.access import FACTOR_OPEN, PortalRequest, access, actor_of
from extranet.web.network import browser_of
from extranet.web.own_factors.proved import go_on_proved
from extranet.web.own_factors.views import GONE, LAST, PasskeyForm, page, show_codes
from extranet.web.passkey_holder import holder_of

REFUSED = (
    "This passkey was not added: it took too long, or the device is known already. Nothing was changed. Try again."
)


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@require_POST
def begin(request: PortalRequest) -> HttpResponse:
    """What the browser needs to make a passkey, as JSON."""
    holder, now = holder_of(request), timezone.now()
    return JsonResponse(begin_ceremony(purpose=ChallengePurpose.ADD, account=request.account, holder=holder, now=now))


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@require_POST
def add(request: PortalRequest) -> HttpResponse:
    """Bind what the browser made; the first factor brings recovery codes."""
    form, now = PasskeyForm(request.POST), timezone.now()
    if not form.is_valid():
        return page(request, form, status=422)
    try:
        codes = credentials.add(
            account=request.account,
            name=form.cleaned_data["name"],
            answer=form.cleaned_data["credential"],
            holder=holder_of(request),
            by=actor_of(request),
            browser=browser_of(request),
            now=now,
        )
    except NameRefused as refused:
        form.add_error("name", str(refused))
        return page(request, form, status=422)
    except PasskeyRefused:
        form.add_error(None, REFUSED)
        return page(request, form, status=422)
    go_on_proved(request, now=now)
    messages.success(request, "The passkey was added.")
    return show_codes(request, codes) if codes else redirect("own-factors")


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@require_POST
def remove(request: PortalRequest, passkey: int) -> HttpResponse:
    """Take one away: a lost one, with the help of another factor."""
    by, browser, now = actor_of(request), browser_of(request), timezone.now()
    try:
        own_factors.remove_passkey(account=request.account, passkey_id=passkey, by=by, browser=browser, now=now)
    except LastFactor:
        messages.error(request, LAST)
    except NoSuchFactor:
        messages.info(request, GONE)
    else:
        messages.success(request, "The passkey was removed. It opens nothing here any more.")
    return redirect("own-factors")
