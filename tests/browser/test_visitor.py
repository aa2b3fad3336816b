"""The examination of pages finds what it is there for: a page is spoilt in one way, and must be refused for it."""

import pytest

from tests.browser.visitor import Visitor, accessibility_faults


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (
            "document.querySelector('h1').append(Object.assign(document.createElement('canvas'), {width: 3000}))",
            "CANVAS",
        ),
        ("document.querySelector('main').append('{{ name }}')", "{{ name }}"),
        ("document.querySelector('h1').remove()", "0 main headings"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("console.error('lost')", "lost"),
    ],
    ids=["too wide", "hole", "no heading", "content policy", "console"],
)
def test_a_spoilt_page_is_refused(visitor: Visitor, spoil: str, fault: str) -> None:
    visitor.open("/login/")
    visitor.page.evaluate(f"() => {{ {spoil} ; document.title = 'Spoilt {hash(spoil)}' }}")
    visitor.page.wait_for_timeout(50)
    with pytest.raises(AssertionError) as found:
        visitor.examine()
    assert fault in str(found.value)
    visitor.complaints.clear()


def test_an_unlabelled_field_is_found(visitor: Visitor) -> None:
    page = visitor.open("/login/")
    page.evaluate("document.querySelector('label').remove()")
    assert any(fault.startswith("label:") for fault in accessibility_faults(page))
