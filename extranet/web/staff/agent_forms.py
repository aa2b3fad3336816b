"""What the desk types on the page of an agent."""

from typing import ClassVar

from django import forms
from django.http import QueryDict

from extranet.service_center.intake import LONGEST
from extranet.service_center.lost_certificate import REASON as LOST_KEY
from extranet.service_center.lost_factors import REASON as LOST

REASON = 60  # signs, as the account keeps them


class DeskForm(forms.Form):
    """One of several forms on that page: ``name`` keeps the ids of their fields apart."""

    name: ClassVar[str]

    def __init__(self, typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id=f"{self.name}_%s")


class AddressForm(DeskForm):
    """The new address, as the caller spells it."""

    name = "change_email"
    new_email = forms.CharField(
        label="New e-mail address",
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off", "spellcheck": "false"}),
    )


class CodeForm(DeskForm):
    """What the caller reads from the new mailbox."""

    name = "prove_email"
    code = forms.CharField(
        label="Code from the new mailbox", max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class DisableForm(DeskForm):
    """Why; it stands on the record for whoever is asked next."""

    name = "disable"
    reason = forms.CharField(
        label="Reason", max_length=REASON, help_text="For example: laptop stolen.", widget=forms.TextInput
    )


class LostFactorsForm(DeskForm):
    """Why; a second person reads it and decides."""

    name = "ask_factor_removal"
    reason = forms.CharField(
        label="What was lost, and how you know the caller",
        max_length=LOST,
        help_text="For example: phone stolen, codes were in the same bag; called back on the roster's number.",
        widget=forms.TextInput,
    )


class LostCertificateForm(DeskForm):
    """Why; it stands in the trail."""

    name = "remove_certificate"
    reason = forms.CharField(
        label="What was lost, and how you know the caller",
        max_length=LOST_KEY,
        help_text="For example: laptop with the key broke; called back on the roster's number.",
        error_messages={"required": "Write down what was lost and how you know the caller."},
        widget=forms.TextInput,
    )


class CallForm(DeskForm):
    """A call that cannot be settled at once; it becomes a request with a clock."""

    name = "note_call"
    text = forms.CharField(
        label="What the agent needs",
        max_length=LONGEST["text"],
        help_text="Write no personal information of clients.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    telephone = forms.CharField(
        label="Telephone to call back", max_length=LONGEST["telephone"], required=False, widget=forms.TextInput
    )
