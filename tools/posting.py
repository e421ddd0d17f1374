"""Posting: one message to an address that somebody gave us, and what came back."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx

from tools import addresses, responses

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
async def opened(verify: ssl.SSLContext | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that follows no redirects, sends no cookies and takes no proxy from the environment.

    Args:
        verify: whom it trusts; the usual authorities unless told.
    """
    # No connection is kept: it belongs to an address, and a certificate was only checked for one name there.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        trust_env=False, follow_redirects=False, limits=limits, verify=verify or True
    ) as client:
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
            target = httpx.URL(url)
            found = await _resolved(target)
            inside = next((each for each in found if not addresses.is_public(each)), None)
            if inside is not None and not private:
                return Posted(None, f"{inside} is an address of a private network")
            return await _sent(client, _request(client, target, body, headers), found)
    except TimeoutError:
        return Posted(None, f"gave no answer within {seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as exc:
        return Posted(None, f"could not be reached: {str(exc) or type(exc).__name__}"[:_LONGEST])


def _request(
    client: httpx.AsyncClient, url: httpx.URL, body: str, headers: Mapping[str, str]
) -> httpx.Request:
    told = {**headers, "user-agent": _AGENT, "Host": url.netloc.decode()}
    # The certificate is checked for the name, although the connection goes to an address.
    name = {"sni_hostname": url.raw_host.decode()}
    return client.build_request("POST", url, content=body.encode(), headers=told, extensions=name)


async def _resolved(url: httpx.URL) -> list[str]:
    """Return the addresses behind a name."""
    loop = asyncio.get_running_loop()
    port = url.port or {"https": 443}.get(url.scheme, 80)
    found = await loop.getaddrinfo(url.raw_host.decode(), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _sent(client: httpx.AsyncClient, request: httpx.Request, found: Sequence[str]) -> Posted:
    """Send to the very addresses that were looked at, since a name could lead elsewhere a moment later."""
    url, (*others, last) = request.url, found
    for address in others:
        with contextlib.suppress(httpx.ConnectError):
            request.url = url.copy_with(host=address)
            return await _answered(client, request)
    request.url = url.copy_with(host=last)
    return await _answered(client, request)


async def _answered(client: httpx.AsyncClient, request: httpx.Request) -> Posted:
    response = await client.send(request, stream=True)
    # The body is nobody's business, and could be endless.
    await response.aclose()
    return Posted(
        response.status_code, f"answered {response.status_code}", responses.retry_after(response.headers)
    )
