"""The list of certified agents, which the exchange gives us whole: read it, see what it would change, take it in."""

from extranet.agents.compare import Difference, EmailNews, Kind, Preview, preview
from extranet.agents.reading import Roster, RosterRow, read_roster
from extranet.agents.refusal import Fault, RosterDropsTooMany, RosterRefused
from extranet.agents.take_in import TakenIn, import_roster, take_in

__all__ = [
    "Difference",
    "EmailNews",
    "Fault",
    "Kind",
    "Preview",
    "Roster",
    "RosterDropsTooMany",
    "RosterRefused",
    "RosterRow",
    "TakenIn",
    "import_roster",
    "preview",
    "read_roster",
    "take_in",
]
