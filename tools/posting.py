"""Posting: one message to an address that somebody gave us, and what came back."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx

from tools import responses

SECONDS = 15.0
"""Longest that a receiver may take."""
_AGENT = "workflow-planner"
_LONGEST = 200


class Posted(NamedTuple):
    """What became of a message."""

    status: int | None
    """None where nothing was answered."""
    said: str
    """In words."""
    retry_after: float | None = None
    """Seconds that the receiver asks to be left alone."""


@asynccontextmanager
async def opened() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that follows no redirects, sends no cookies and takes no proxy from the environment."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=limits) as client:
        yield client


async def post(
    client: httpx.AsyncClient,
    url: str,
    body: str,
    headers: Mapping[str, str],
    *,
    private: bool,
    seconds: float = SECONDS,
) -> Posted:
    """Return what became of a message; raise nothing for what a receiver does wrong.

    Args:
        client: what sends it.
        url: where to.
        body: what.
        headers: with it.
        private: whether it may be sent to this machine and to private networks.
        seconds: how long the receiver may take in all.
    """
    try:
        async with asyncio.timeout(seconds):
            if not private and (inside := await _private(url)):
                return Posted(None, f"{inside} is an address of a private network")
            return await _sent(client, url, body, headers)
    except TimeoutError:
        return Posted(None, f"gave no answer within {seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as exc:
        return Posted(None, f"could not be reached: {str(exc) or type(exc).__name__}"[:_LONGEST])


async def _sent(client: httpx.AsyncClient, url: str, body: str, headers: Mapping[str, str]) -> Posted:
    told = {**headers, "user-agent": _AGENT}
    async with client.stream("POST", url, content=body.encode(), headers=told) as response:
        # The body is nobody's business, and could be endless.
        pause = responses.retry_after(response.headers)
        return Posted(response.status_code, f"answered {response.status_code}", pause)


async def _private(url: str) -> str | None:
    """Return an address behind a name that is one of this machine or of a private network, or None."""
    parts = httpx.URL(url)
    loop = asyncio.get_running_loop()
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    found = await loop.getaddrinfo(parts.host, port, type=socket.SOCK_STREAM)
    addresses = (str(address[0]).partition("%")[0] for *_, address in found)
    return next((each for each in addresses if not ipaddress.ip_address(each).is_global), None)
