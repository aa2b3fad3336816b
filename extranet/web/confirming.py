"""The way to the page that asks for a proof, and on to where the person was going (IA-11)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, resolve

ONWARD = "confirm_onward"


def ask_for_proof(request: HttpRequest) -> HttpResponse:
    """Remember where the request was going, in the session and not in an address, and ask first.

    What a form would have sent is not kept: whoever was interrupted sees the page with the form again.
    """
    request.session[ONWARD] = request.get_full_path() if request.method == "GET" else ""
    return redirect("confirm")


def onward_of(request: HttpRequest) -> tuple[str, ResolverMatch] | None:
    """Where the person was going: an address of our own, because only ``ask_for_proof`` writes it."""
    onward = request.session.get(ONWARD, "")
    return (onward, resolve(onward.partition("?")[0])) if onward else None
