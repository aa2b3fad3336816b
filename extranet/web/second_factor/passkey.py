"""Getting in with a passkey: after the password, or alone from the login page. Two requests each: a challenge as JSON,
and an ordinary form with the browser's answer."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from extranet.credentials import passkeys
from extranet.credentials.login import RESET_NEEDED, LoginRefused, complete
from extranet.credentials.models import ChallengePurpose
from extranet.credentials.passkey_ceremony import PasskeyRefused
from extranet.credentials.passkey_ceremony import begin as begin_ceremony
from extranet.web.access import ANYBODY, access
from extranet.web.entering import DEVICE_COOKIE, enter
from extranet.web.errors import refuse
from extranet.web.network import browser_of, network_of
from extranet.web.passkey_holder import holder_of
from extranet.web.portal.login import LoginForm, login_page
from extranet.web.second_factor.pending import pending
from extranet.web.second_factor.views import CodeForm, code_page

WRONG = "We cannot log you in with this passkey. Try again, or log in with your user name and password."
RESET = "Your passkey is right, but the time of your password is over. Get a new one with the reset link below."
WRONG_AFTER_PASSWORD = "This passkey does not fit, or it took too long. Try again, or use a code."


@access(ANYBODY)
@require_POST
def begin_alone(request: HttpRequest) -> HttpResponse:
    """A challenge for whatever passkey the browser holds, as JSON."""
    try:
        return JsonResponse(
            passkeys.ask_for_login(holder=holder_of(request), network=network_of(request), now=timezone.now())
        )
    except LoginRefused as refused:
        return refuse(request, 429, retry_after=refused.retry_after)


@access(ANYBODY)
@require_POST
def alone(request: HttpRequest) -> HttpResponse:
    """The right answer is a whole login: the passkey verified the person."""
    now, onward = timezone.now(), request.POST.get("next", "")
    try:
        signed = passkeys.sign_in(
            answer=request.POST.get("credential", ""),
            holder=holder_of(request),
            device=request.COOKIES.get(DEVICE_COOKIE),
            network=network_of(request),
            browser=browser_of(request),
            now=now,
        )
    except LoginRefused as refused:
        fault = RESET if refused.code == RESET_NEEDED else WRONG
        return login_page(request, LoginForm(initial={"next": onward}), fault=fault)
    return enter(request, signed=signed, onward=onward, second_factor=True, now=now)


@access(ANYBODY)
@require_POST
def begin_after_password(request: HttpRequest) -> HttpResponse:
    """A challenge for the passkeys of whom the password was right for, as JSON."""
    now = timezone.now()
    waiting = pending(request, now=now)
    if waiting is None:
        return refuse(request, 403)
    holder, purpose = holder_of(request), ChallengePurpose.SECOND
    return JsonResponse(begin_ceremony(purpose=purpose, account=waiting[0], holder=holder, now=now))


@access(ANYBODY)
@require_POST
def after_password(request: HttpRequest) -> HttpResponse:
    """The right answer completes the login. Too late leads back to the login page."""
    now = timezone.now()
    waiting = pending(request, now=now)
    if waiting is None:
        return redirect("login")
    account, onward = waiting
    network, browser, holder = network_of(request), browser_of(request), holder_of(request)
    answer, purpose = request.POST.get("credential", ""), ChallengePurpose.SECOND
    try:
        passkeys.prove(account=account, purpose=purpose, answer=answer, holder=holder, network=network, now=now)
        device = request.COOKIES.get(DEVICE_COOKIE)
        signed = complete(account=account, device=device, network=network, browser=browser, now=now)
    except PasskeyRefused:
        return code_page(request, CodeForm(), account, fault=WRONG_AFTER_PASSWORD)
    except LoginRefused:
        return redirect("login")
    return enter(request, signed=signed, onward=onward, second_factor=True, now=now)
