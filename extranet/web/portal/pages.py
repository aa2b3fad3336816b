"""The links under a long list: first, last and the neighbours of the present page."""

from collections.abc import Callable, Iterator

AROUND = 2  # pages on both sides of the present one


def page_links(number: int, pages: int, address: Callable[[str], str]) -> dict[str, object]:
    """What templates/parts/pagination.html asks for; ``address`` gives that of a page by its number."""
    if pages < 2:
        return {"summary": "", "page_links": [], "previous_url": "", "next_url": ""}
    return {
        "summary": f"Page {number} of {pages}",
        "page_links": [
            (str(one), address(str(one)), one == number) if one else ("…", "", False) for one in _numbers(number, pages)
        ],
        "previous_url": address(str(number - 1)) if number > 1 else "",
        "next_url": address(str(number + 1)) if number < pages else "",
    }


def _numbers(present: int, pages: int) -> Iterator[int]:
    """0 where some are left out."""
    last = 0
    for number in range(1, pages + 1):
        if number in (1, pages) or abs(number - present) <= AROUND:
            if number - last > 1:
                yield 0
            yield number
            last = number
