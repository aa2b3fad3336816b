"""Why a session ended, said to the person whom the login page greets (AC-10, AC-12)."""

from collections.abc import Mapping

from extranet.credentials import sessions
from extranet.credentials.gate import Reason
from extranet.credentials.granting import RIGHTS_ENDED
from extranet.credentials.session_clock import CLOCK
from extranet.profile.in_force import policy

_BARRED = "Your access has ended. If you think that is a mistake, ask the service center."
_NOTHING_GRANTED = "Your access has ended: no report is open to you any more. Ask the agent you work for."
_RESET_HELPS = "Your password is not valid any more. Get a new one with the reset link below."
_WORDS: Mapping[str, str] = {
    sessions.LOGOUT: "You are logged out.",
    sessions.NEWER_LOGIN: "Your session was ended, because somebody logged in to your account in another browser. "
    "If that was not you, get a new password with the reset link now.",
    sessions.TOO_LONG: "You were logged in for a long time. To protect the data, please log in again.",
    sessions.UNKNOWN: "Your session is over. Please log in again.",
    sessions.BY_OWNER: "Your session was ended in another browser, from the list of sessions of your account. "
    "If that was not you, get a new password with the reset link now.",
    sessions.ROLE_CHANGED: "Your session was ended, because your role was changed. Log in to go on with the new one.",
    CLOCK: "The clock of this site was set right, so everybody has to log in again.",
    "reissued": "Your session was ended, because a new password was issued to you. It comes by e-mail.",
    "enrolled": "Your session was ended, because your account was set up anew. Log in with the new password.",
    "password_changed": "Your session was ended, because the password was changed. Log in with the new one.",
    "reset": "Your session was ended, because the password was reset. Log in with the new one.",
    "second_factor_removed": "Your session was ended, because the service center removed your second factors. "
    "Log in with your password and set up a new one.",
    **dict.fromkeys((Reason.DISABLED, Reason.NOT_CERTIFIED, Reason.SUSPENDED, Reason.DECERTIFIED), _BARRED),
    **dict.fromkeys((Reason.NOTHING_GRANTED, RIGHTS_ENDED), _NOTHING_GRANTED),
    **dict.fromkeys(
        (Reason.NO_PASSWORD, Reason.REVOKED, Reason.TEMPORARY_LAPSED, Reason.EXPIRED, Reason.INACTIVE), _RESET_HELPS
    ),
}


def ended_words(reason: str) -> str:
    """One sentence for a reason of sessions.check; nothing for none, the general one for a word we do not know."""
    if reason == sessions.IDLE:
        minutes = policy().idle_minutes
        return f"You were logged out after {minutes} minutes without doing anything. Please log in again."
    return _WORDS.get(reason, _WORDS[sessions.UNKNOWN]) if reason else ""
