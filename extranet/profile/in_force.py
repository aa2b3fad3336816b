"""The policy and the zone that are in force, for every act of every layer above."""

from zoneinfo import ZoneInfo

from django.conf import settings

from extranet.policy import Policy, policy_named
from extranet.profile.loader import current


def policy() -> Policy:
    """The policy that EXTRANET_POLICY names."""
    return policy_named(settings.EXTRANET.policy)


def zone() -> ZoneInfo:
    """The exchange's zone, in which its days begin and end."""
    return current().zone
