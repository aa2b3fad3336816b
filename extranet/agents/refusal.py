"""Why a roster is not taken in: each fault with its place and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One fault. ``line`` counts from 1 in the file as a person opens it, 0: the file as a whole."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "file"
        return f"{place}, {self.column}: {self.reason}" if self.column else f"{place}: {self.reason}"


class RosterRefused(Exception):
    """The whole roster is refused and nothing was changed. ``faults`` in the order of the file."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class RosterDropsTooMany(RosterRefused):
    """The roster would end the certification of more agents than policy lets pass without a named person."""


def refused(reason: str, *, line: int = 0, column: str = "") -> RosterRefused:
    """A refusal for one reason; the caller raises it."""
    return RosterRefused([Fault(line, column, reason)])
