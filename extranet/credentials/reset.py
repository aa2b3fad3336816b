"""Resetting a password (J16 - J24): ask, look, claim, show again. One file an act; this one names them for callers."""

from extranet.credentials.reset_again import AgainRefused, ask_again, whose
from extranet.credentials.reset_ask import (
    Asked,
    ResetRefused,
    TooManyAsks,
    ask,
    begin,
    masked_email,
    start_by_staff,
)
from extranet.credentials.reset_claim import ChoiceRefused, Claimed, CodeRefused, claim, note_refusal
from extranet.credentials.reset_link import LinkView, ResetOver, look
from extranet.credentials.reset_shown import NotShown, Shown, purge_shown, show_again

__all__ = [
    "AgainRefused",
    "Asked",
    "ChoiceRefused",
    "Claimed",
    "CodeRefused",
    "LinkView",
    "NotShown",
    "ResetOver",
    "ResetRefused",
    "Shown",
    "TooManyAsks",
    "ask",
    "ask_again",
    "begin",
    "claim",
    "look",
    "masked_email",
    "note_refusal",
    "purge_shown",
    "show_again",
    "start_by_staff",
    "whose",
]
