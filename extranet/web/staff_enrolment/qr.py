"""The address of a TOTP secret as a picture that a phone can read: inline SVG, so that the strict CSP holds."""

import xml.etree.ElementTree as ElementTree

import qrcode
from django.utils.html import format_html
from django.utils.safestring import SafeString
from qrcode.image.svg import SvgPathImage


def qr_svg(text: str) -> SafeString:
    """An ``<svg>`` element of the QR code. Only numbers of the library's own making go into it."""
    drawn = ElementTree.fromstring(qrcode.make(text, image_factory=SvgPathImage).to_string())  # noqa: S314 -- our own
    path = next(iter(drawn))
    return format_html(
        '<svg class="app-qr" role="img" aria-label="QR code of the key below" viewBox="{}" width="200" height="200">'
        '<rect width="100%" height="100%" fill="#fff"></rect><path d="{}" fill="#000"></path></svg>',
        drawn.attrib["viewBox"],
        path.attrib["d"],
    )
