"""Tenants: whose runs and decisions these are, and who may call in their name."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from planner.definition import GroupName
from tools.records import Record

DEFAULT = "default"
"""The tenant of whoever names none."""

SHORTEST_KEY = 16

TenantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""Lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit, 63 at most."""
CallerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]


def _unguessable(key: SecretStr) -> SecretStr:
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a key must have at least {SHORTEST_KEY} characters, so that it cannot be guessed")
    return key


Key = Annotated[SecretStr, AfterValidator(_unguessable)]


class CallerSettings(Record):
    """One caller of the API: its key, and what is open to it."""

    key: Key
    """What it presents, at least 16 characters."""

    tenant: TenantName | None = None
    """The one tenant whose runs it begins, sees and answers for; every one unless told."""

    groups: tuple[GroupName, ...] | None = None
    """The groups whose questions it may answer; every one unless told."""
