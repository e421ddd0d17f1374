"""Security: who may call, under which name, and the headers that every answer bears."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from planner.settings import Settings
from tools import addresses

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""What every answer bears unless it says otherwise."""

PUBLIC = frozenset({"/healthz", "/readyz", "/openapi.json", "/docs"})
"""What can be read without a key: whether the process lives, and how it is spoken to."""

_FINGERPRINT = 8
_BEARER = "bearer"


class Caller(NamedTuple):
    """Who calls, and what is open to them."""

    name: str
    """What records call them by."""
    tenant: str | None = None
    """The one tenant whose runs, decisions and questions exist for them; None for every one."""
    groups: frozenset[str] | None = None
    """Groups whose questions they may answer; None for every one."""
    is_named: bool = False
    """Whether the name is theirs alone, so that they act under no other."""

    def sees(self, tenant: str) -> bool:
        """Tell whether what is this tenant's exists for them."""
        return self.tenant in {None, tenant}

    def may_answer_for(self, group: str | None) -> bool:
        """Tell whether they may answer what this group, or anybody where it is None, is asked."""
        return group is None or self.groups is None or group in self.groups


ANYBODY = Caller("api")
"""The caller where no keys are configured."""


class Keys:
    """The keys that callers may present, held as digests."""

    def __init__(self, config: Settings) -> None:
        self._callers: list[tuple[bytes, Caller]] = []
        for key in config.api_keys:
            found = _digest(key.get_secret_value())
            self._callers.append((found, Caller(found.hex()[:_FINGERPRINT])))
        for name, told in config.callers.items():
            groups = None if told.groups is None else frozenset(told.groups)
            caller = Caller(name, told.tenant, groups, is_named=True)
            self._callers.append((_digest(told.key.get_secret_value()), caller))

    def __bool__(self) -> bool:
        return bool(self._callers)

    def caller(self, headers: Headers) -> Caller | None:
        """Return whose key it is that the request bears, or None where no key is known."""
        presented = _digest(_presented(headers))
        # Every key is compared, so that the time tells nothing about which one came close.
        found = [caller for digest, caller in self._callers if hmac.compare_digest(presented, digest)]
        return found[0] if found else None


def is_local(headers: Headers) -> bool:
    """Tell whether the request was made under a name of this machine, and not from a stranger's page.

    A page in a browser can reach loopback under a name of its own (DNS rebinding); no key would stop it.
    """
    origin = headers.get("origin")
    hosts = [f"//{headers.get('host', '')}"] + ([origin] if origin else [])
    return all(addresses.is_loopback(_hostname(host)) for host in hosts)


def _presented(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == _BEARER else headers.get("x-api-key", "")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
