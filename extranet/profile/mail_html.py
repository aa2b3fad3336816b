"""The HTML of a mail taken apart: its tags, its addresses, and the words that a reader sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "td", "th", "tr", "table", "li", "ol", "ul", "h1", "h2", "h3", "br", "div", "body"})
UNSEEN = frozenset({"head", "title", "style", "script"})
NEVER_CLOSED = frozenset({"br", "meta", "hr", "img", "link", "input", "base", "col", "wbr"})


@dataclass(frozen=True)
class Tag:
    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Block:
    """Words that stand together; ``language`` of the nearest tag that says one."""

    text: str
    language: str


@dataclass
class MailHtml:
    """What ``take_apart`` found, in the order of the file."""

    tags: list[Tag] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def language(self) -> str:
        return next((tag.attributes.get("lang", "") for tag in self.tags if tag.name == "html"), "")

    @property
    def links(self) -> list[str]:
        return [tag.attributes["href"] for tag in self.tags if "href" in tag.attributes]

    @property
    def words(self) -> str:
        """All that is seen, with single blanks."""
        return " ".join(block.text for block in self.blocks)


def take_apart(html: str) -> MailHtml:
    """Any HTML, however broken, as browsers' tolerance would have it."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    parser.end_block()
    return parser.found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = MailHtml()
        self._open: list[tuple[str, str]] = []  # tag and the language inside
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.found.tags.append(Tag(tag, attributes))
        if tag in BLOCKS:
            self.end_block()
        if tag not in NEVER_CLOSED:
            self._open.append((tag, attributes.get("lang") or self._language()))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.end_block()
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not any(name in UNSEEN for name, _ in self._open):
            self._text.append(data)

    def handle_comment(self, data: str) -> None:
        self.found.comments.append(data)

    def end_block(self) -> None:
        text = " ".join("".join(self._text).split())
        if text:
            self.found.blocks.append(Block(text, self._language()))
        self._text = []

    def _language(self) -> str:
        return self._open[-1][1] if self._open else ""
