"""What every mail must be, whoever writes its words: one action, the same in both forms, nothing fetched, nothing run.

Mail programs differ more than browsers do. Tables and inline styles are what all of them show alike; pictures and
styles from elsewhere tell their server who reads what, and when.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from extranet.profile.mail_html import MailHtml, Tag, take_apart
from extranet.profile.words import Rendered

ADDRESS = re.compile(r"""(?:https?://|mailto:|tel:|cid:|data:|//)[^\s"'<>)]+""")
WEB_ADDRESS = re.compile(r"""https?://[^\s"'<>)]+""")
LAYOUT_TAGS = frozenset({"table", "tbody", "tr", "td", "th"})
WORD_TAGS = frozenset(
    {"p", "h1", "h2", "h3", "a", "strong", "em", "b", "i", "br", "ul", "ol", "li", "code", "span", "hr"}
)
PLAIN_TAGS = LAYOUT_TAGS | WORD_TAGS | {"html", "head", "meta", "title", "body"}
FETCHING_TAGS = frozenset(
    {"script", "img", "image", "iframe", "frame", "link", "form", "object", "embed", "video", "audio", "source", "base"}
) | {"style", "svg", "input", "button", "applet", "picture"}
FETCHING_ATTRIBUTES = frozenset(
    {"src", "srcset", "background", "poster", "action", "formaction", "data", "ping", "http-equiv", "longdesc"}
)
STYLESHEET_ATTRIBUTES = frozenset({"class", "id"})
FETCHING_STYLE = re.compile(r"url\s*\(|@import|expression\s*\(|image-set", re.I)
LAYOUT_STYLE = re.compile(r"\b(position|float)\s*:|display\s*:\s*(inline-)?(flex|grid)", re.I)


@dataclass(frozen=True)
class Fault:
    """One rule that is broken: its check, what was found, what to do."""

    check: str
    found: str
    remedy: str


def mail_faults(mail: Rendered, *, language: str) -> Iterator[Fault]:
    """Everything wrong with one mail as it would be sent."""
    html = take_apart(mail.html)
    for tag in html.tags:
        yield from _tag_faults(tag)
    if html.comments:
        yield Fault("E004", "holds a comment, which some mail programs run", "take it out")
    if not any(tag.name == "table" and tag.attributes.get("role") == "presentation" for tag in html.tags):
        yield Fault("E011", "has no table for its layout", 'put the words into <table role="presentation">')
    if html.language != language:
        remedy = '_base.html begins with <html lang="{{ language }}">'
        yield Fault("E010", f"says that its language is {html.language!r}, but it is {language!r}", remedy)
    yield from _link_faults(mail.text, html)


def footer_fault(footer: str, html: str) -> Fault | None:
    """J13: the HTML ends in the words that end the text. ``footer`` is the rendered _footer.txt."""
    words = " ".join(line for line in footer.split() if line != "--")
    if take_apart(html).words.endswith(words):
        return None
    return Fault("E010", "does not end in the words of _footer.txt", "end it in the same words, in the same order")


def web_addresses(text: str) -> set[str]:
    """Addresses of pages in a text, without the full stop behind them."""
    return {found.rstrip(".,;:!?") for found in WEB_ADDRESS.findall(text)}


def _tag_faults(tag: Tag) -> Iterator[Fault]:
    fetching = sorted(name for name in tag.attributes if name in FETCHING_ATTRIBUTES or name.startswith("on"))
    style = tag.attributes.get("style", "")
    if tag.name in FETCHING_TAGS:
        yield Fault("E004", f"holds <{tag.name}>, which fetches or runs something", "take it out")
    elif tag.name not in PLAIN_TAGS:
        yield Fault(
            "E011", f"holds <{tag.name}>, which mail programs show differently", "use tables and plain text tags"
        )
    for name in fetching:
        yield Fault("E004", f"holds {name}= in <{tag.name}>, which fetches or runs something", "take it out")
    if hit := FETCHING_STYLE.search(style):
        yield Fault("E004", f"holds {hit.group()!r} in a style, which fetches something", "use colours only")
    for name in sorted(STYLESHEET_ATTRIBUTES & set(tag.attributes)):
        yield Fault("E011", f"holds {name}= in <{tag.name}>, but no style sheet reaches a mail", "write style= there")
    if hit := LAYOUT_STYLE.search(style):
        yield Fault("E011", f"holds {hit.group()!r} in a style", "lay out by tables")


def _link_faults(text: str, html: MailHtml) -> Iterator[Fault]:
    """One mail asks for one thing (contact lines are none), and both forms lead to the same place."""
    in_html = {link for link in html.links if not link.startswith(("mailto:", "tel:"))} | web_addresses(html.words)
    in_text = web_addresses(text)
    if len(in_html | in_text) > 1:
        listed = ", ".join(sorted(in_html | in_text))
        yield Fault("E008", f"leads to more than one place: {listed}", "keep the one that the reader needs")
    elif in_html != in_text:
        form = "body.txt" if in_html else "body.html"
        yield Fault("E009", f"leads to {(in_html or in_text).pop()} in one form only", f"name it in {form}, too")
