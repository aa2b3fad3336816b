"""How a report act ends when it does not end well: named errors, each with the exit code of the command line.

``lines`` are for the person who asked, one fact a line; they name lines and columns of a file, never a value in it.
"""

from uuid import UUID


class ReportsRefused(Exception):
    """Base of all: ``lines`` say what was wrong, ``exit_code`` what a script may rely on."""

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


class UsageRefused(ReportsRefused):
    """It was asked for in a way that the policy does not allow."""

    exit_code = 2


class PublicationRefused(ReportsRefused):
    """The file cannot be published as it is; nothing changed."""

    exit_code = 3


class IntegrityBroken(ReportsRefused):
    """What was written is not what came in, or no longer what was written."""

    exit_code = 4


class OutOfSpace(ReportsRefused):
    """The disk is full: nothing of the file was kept; the same command works when there is room."""

    exit_code = 5


class EngineAway(ReportsRefused):
    """The cluster that was asked did not finish; nothing was published, and the same command begins again."""

    exit_code = 5


class Conflict(ReportsRefused):
    """Another publication runs or stands in the way."""

    exit_code = 6


class PublicationHeld(ReportsRefused):
    """A threshold asks for a person: the file is sealed and waits for somebody to release or recall it."""

    exit_code = 7

    def __init__(self, publication_id: UUID, *lines: str) -> None:
        super().__init__(*lines)
        self.publication_id = publication_id


class NoBook(ReportsRefused):
    """There is no such book for who asks. Whether it exists for somebody else is not said."""

    exit_code = 3


class NothingPublished(NoBook):
    """There is no book of that kind for anybody yet."""
