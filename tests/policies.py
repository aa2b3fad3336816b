"""Another policy in force, for one test: a named one with numbers of its own."""

from dataclasses import replace
from typing import Any

import pytest

import extranet.profile.in_force
from extranet.policy import Policy, policy_named


def put_in_force(monkeypatch: pytest.MonkeyPatch, name: str = "jobaid", **numbers: Any) -> Policy:
    """Every act asks one function for the policy; from now on it answers this one."""
    policy = replace(policy_named(name), **numbers)
    monkeypatch.setattr(extranet.profile.in_force, "policy_named", lambda _: policy)
    return policy
