"""How the keys of an account's mails begin. They hold its own id: a user name changes with the license number."""

from extranet.credentials.models import Account


def keys_of(kind: str, account: Account) -> str:
    """``<kind>:<account>:``."""
    return f"{kind}:{account.pk}:"
