"""Cells of staff tables whose words may be longer than the column: keys, message ids, answers of mail servers."""

from django.utils.html import format_html
from django.utils.safestring import SafeString


def long_text(text: str) -> SafeString | str:
    """The text, broken anywhere it must be; nothing for nothing."""
    return format_html('<span class="app-break">{}</span>', text) if text else ""
