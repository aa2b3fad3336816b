"""The keys of expiry warnings."""

from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account
from extranet.mail.catalogue import ExpiryWarningMail


def warning_key(account: Account, rung: int) -> str:
    """``expiry_warning:<account>:<serial>-<rung>``."""
    return f"{warning_keys(account)}{account.password_serial}-{rung}"


def warning_keys(account: Account) -> str:
    """What the keys of all warnings of the account begin with."""
    return keys_of(ExpiryWarningMail.kind, account)
