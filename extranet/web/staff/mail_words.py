"""The words of every mail as its reader gets them, with invented people: no mail that was sent is shown here."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from extranet.mail.catalogue import KINDS
from extranet.profile import words
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from extranet.profile.wording import MAIL_FIELDS, SECRET_MAILS, USUAL, samples
from extranet.web.access import MAIL_READERS, PortalRequest, access
from extranet.web.headers import content_policy

FRAMING = {"frame-src": ["'self'"]}
MAIL_ALONE = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],  # mails carry theirs inline; there is nothing else that could be fetched or run
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "base-uri": ["'none'"],
    "sandbox": [],
}


@access(MAIL_READERS)
@require_safe
def mail_words(request: PortalRequest) -> HttpResponse:
    """Every mail of the catalogue in every language."""
    names = current().language_names
    columns = [{"label": "Mail"}, *({"label": name} for name in names.values()), {"label": "From"}, {"label": "How"}]
    context = {
        "title": "Words of the mails",
        "breadcrumbs": [("Mail", reverse("staff-mail")), ("Words of the mails", "")],
        "columns": columns,
        "rows": [_line(name, current()) for name in MAIL_FIELDS],
    }
    return render(request, "staff/mail_words.html", context)


@access(MAIL_READERS)
@require_safe
@content_policy(FRAMING)
def one_mails_words(request: PortalRequest, language: str, name: str) -> HttpResponse:
    """One mail in one language and wording: headers, text, and the HTML in a frame that can do nothing."""
    wording = request.GET.get("wording", USUAL)
    mail = _rendered(language, name, wording)
    here = reverse("staff-mail-words-one", args=[language, name])
    context = {
        "title": mail.subject,
        "breadcrumbs": [("Mail", reverse("staff-mail")), ("Words", reverse("staff-mail-words")), (_called(name), "")],
        "facts": _facts(name, current(), mail),
        "language": language,
        "languages": [
            (names, f"{reverse('staff-mail-words-one', args=[code, name])}?{urlencode({'wording': wording})}", code)
            for code, names in current().language_names.items()
        ],
        "wording": wording,
        "wordings": [
            (_called(variant), f"{here}?{urlencode({'wording': variant})}", variant) for variant, _ in samples(name)
        ],
        "text": mail.text,
        "html_url": f"{reverse('staff-mail-words-html', args=[language, name])}?{urlencode({'wording': wording})}",
    }
    return render(request, "staff/mail_words_one.html", context)


@access(MAIL_READERS)
@require_safe
@content_policy(MAIL_ALONE, alone=True)
def mail_words_html(request: PortalRequest, language: str, name: str) -> HttpResponse:
    """The HTML of the mail and nothing of ours around it: it can fetch nothing, run nothing, lead nowhere."""
    return HttpResponse(_rendered(language, name, request.GET.get("wording", USUAL)).html)


def _rendered(language: str, name: str, wording: str) -> words.Rendered:
    sample: Mapping[str, object] | None = dict(samples(name)).get(wording) if name in MAIL_FIELDS else None
    if sample is None or language not in current().languages:
        raise Http404
    return words.render(name, sample, language=language)


def _line(name: str, profile: Profile) -> tuple[SafeString | str, ...]:
    how = [*(["secured"] if KINDS[name].is_secured() else []), *(["opens an account"] if name in SECRET_MAILS else [])]
    links = [_link(name, language) for language in profile.languages]
    return (_called(name), *links, profile.mails[name].sender.email, ", ".join(how) or "plain")


def _link(name: str, language: str) -> SafeString:
    subject = words.render(name, MAIL_FIELDS[name], language=language).subject
    address = reverse("staff-mail-words-one", args=[language, name])
    return format_html('<a href="{}" lang="{}">{}</a>', address, language, subject)


def _facts(name: str, profile: Profile, mail: words.Rendered) -> list[tuple[str, str]]:
    sender, secured = profile.mails[name].sender, KINDS[name].is_secured()
    return [
        ("Mail", _called(name)),
        ("From", f"{sender.name} <{sender.email}>"),
        ("Subject", f"{profile.secured_mark} {mail.subject}" if secured else mail.subject),
        ("Secured way", "yes" if secured else "no"),
        ("Opens an account", "yes: its body is wiped once it left" if name in SECRET_MAILS else "no"),
    ]


def _called(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")
