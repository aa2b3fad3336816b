"""What the codes of a refused password mean, in words beside the field."""

from extranet.credentials import change_password, choose_password
from extranet.credentials.models import Account
from extranet.profile.in_force import policy

_WORDS = {
    choose_password.TOO_LONG: "This is too long, or has a sign that cannot be typed everywhere.",
    choose_password.LISTED: "This is on the list of passwords that are tried first. Choose another one.",
    choose_password.REPEATS: "This repeats the same signs. Repeats do not count: add other ones.",
    choose_password.COMMON: "This is easy to guess: common words, years, rows of keys do not count. Add own words.",
    choose_password.EXCHANGE: "This holds little more than words of this exchange: easy to guess. Add your own.",
    choose_password.PERSON: "This holds little more than your name, user name, agency, license number or address. Add"
    " other words.",
    change_password.SAME: "This is your present password. Choose another one.",
    change_password.USED_BEFORE: "You had this password before. Choose one that you have not used lately.",
    change_password.OLD_WRONG: "This is not your present password.",
    change_password.THROTTLED: "Too many tries. Wait a little, or use the reset link.",
    change_password.BARRED: "The account cannot be used now. Ask the service center.",
    change_password.OVERTAKEN: "The password was changed in the meantime. Log in with the new one.",
}


def shortest(account: Account) -> int:
    """How many characters a password of this person must have."""
    return policy().min_length_staff if account.is_staff_member else policy().min_length_agent


def hint(account: Account) -> str:
    """Said before anything is typed."""
    return f"At least {shortest(account)} characters. A few words of your own are best; spaces are allowed."


def words(code: str, *, account: Account) -> str:
    """One sentence for one code of choose_password.py or change_password.py."""
    if code == choose_password.TOO_SHORT:
        return f"This is too short: it needs at least {shortest(account)} characters."
    return _WORDS[code]
