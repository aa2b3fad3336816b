"""The questions of the reset site, with the words of the profile."""

from django import forms
from django.http import QueryDict

from extranet.credentials.reset import LinkView
from extranet.profile.in_force import policy
from extranet.profile.loader import current

VIA_EMAIL = "email"


class UsernameForm(forms.Form):
    """Whose password (J16)."""

    username = forms.CharField(
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        profile = current()
        field = self.fields["username"]
        field.label = profile.words["user_name"]
        field.help_text = (
            f"For example {profile.account_domain}\\{profile.username_example}, or your license number alone."
        )


class PickUpForm(UsernameForm):
    """Who picks up: the name that came in the e-mail before."""

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["username"].help_text = f"It came in an e-mail of its own. {self.fields['username'].help_text}"


class ReaderForm(UsernameForm):
    """Whose secured mail it is."""

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        field, profile = self.fields["username"], current()
        field.label = f"{profile.words['user_name']} or license number"
        field.help_text = (
            f"For example {profile.username_example} or {profile.license_example}. "
            "You work for an agent? Then the license number of that agent."
        )


class LetterCodeForm(forms.Form):
    """The second half."""

    code = forms.CharField(
        label="Short code",
        max_length=20,
        help_text="Six letters and digits, from the page that told you to look into your e-mail.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["code"].label = f"Short code ({policy().reset_code_tries} tries)"


class HowForm(forms.Form):
    """By which way (J18). There is one."""

    how = forms.ChoiceField(widget=forms.RadioSelect, initial=VIA_EMAIL)

    def __init__(self, data: QueryDict | None = None, *, masked_email: str) -> None:
        super().__init__(data)
        words = current().words
        field = self.fields["how"]
        field.label = words["how_to_reset"]
        field.choices = [(VIA_EMAIL, f"{words['via_email']} {masked_email}")]  # type: ignore[attr-defined]


class ClaimForm(forms.Form):
    """The one button; a code where another browser asked, a password where policy lets people choose (SP 800-63B-4)."""

    code = forms.CharField(
        label="Short code",
        max_length=20,
        help_text="Six letters and digits, from the screen that told you to look into your e-mail.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )
    chosen = forms.CharField(
        label="New password",
        max_length=200,
        strip=False,
        help_text="A long phrase is best; spaces are allowed.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password, again",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: QueryDict | None = None, *, view: LinkView) -> None:
        super().__init__(data)
        self.fields["code"].label = f"Short code ({policy().reset_code_tries} tries)"
        if not view.needs_code:
            del self.fields["code"]
        if not view.chosen:
            del self.fields["chosen"], self.fields["again"]

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("chosen"):
            raise forms.ValidationError("This is not the same as the line above.")
        return again
