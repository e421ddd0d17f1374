"""Security: who may call, under which name, and the headers that every answer bears."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers

from planner import settings

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""What every answer bears unless it says otherwise."""

PUBLIC = frozenset({"/healthz", "/readyz", "/openapi.json", "/docs"})
"""What can be read without a key: whether the process lives, and how it is spoken to."""

ANONYMOUS = "api"
"""Name of the caller where no keys are configured."""

_FINGERPRINT = 8
_BEARER = "bearer"


class Keys:
    """The keys that callers may present, held as digests."""

    def __init__(self, keys: Iterable[SecretStr]) -> None:
        self._digests = [_digest(key.get_secret_value()) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def caller(self, headers: Headers) -> str | None:
        """Return the fingerprint of the caller's key, or None where no key is known."""
        presented = _digest(_presented(headers))
        # Every key is compared, so that the time tells nothing about which one came close.
        known = [hmac.compare_digest(presented, digest) for digest in self._digests]
        return presented.hex()[:_FINGERPRINT] if any(known) else None


def is_local(headers: Headers) -> bool:
    """Tell whether the request was made under a name of this machine, and not from a stranger's page.

    A page in a browser can reach loopback under a name of its own (DNS rebinding); no key would stop it.
    """
    origin = headers.get("origin")
    hosts = [f"//{headers.get('host', '')}"] + ([origin] if origin else [])
    return all(settings.is_loopback(_hostname(host)) for host in hosts)


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
