"""The gate: what every request passes before it is routed, and what every answer bears."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, security
from api.errors import ApiError, BodyTooLarge, HostRefused, Unauthenticated
from api.security import Caller, Keys

CALLER = "planner.caller"
"""Where the scope of a request names its caller."""


class Gate:
    """Middleware: lets known callers through with bodies of a sane length."""

    def __init__(self, app: ASGIApp, *, keys: Keys, body_limit_bytes: int) -> None:
        self._app, self._keys, self._limit = app, keys, body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            scope[CALLER] = self._admit(Request(scope))
        except ApiError as exc:
            await errors.answer(Request(scope), exc)(scope, receive, send)
            return
        await self._app(scope, _limited(receive, self._limit), _dressed(send))

    def _admit(self, request: Request) -> Caller:
        """Return who calls.

        Raises:
            Unauthenticated: keys are configured, and the request bears none of them.
            HostRefused: no keys are configured, and the request comes under a foreign name.
            BodyTooLarge: its announced length is over the limit.
        """
        caller = self._keys.caller(request.headers) if self._keys else security.ANYBODY
        if not self._keys and not security.is_local(request.headers):
            host = request.headers.get("origin") or request.headers.get("host", "")
            raise HostRefused(f"{host!r} is not this machine; call it as localhost, or configure keys")
        if caller is None and request.url.path not in security.PUBLIC:
            raise Unauthenticated(_how(request.headers))
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._limit:
            raise BodyTooLarge(self._limit)
        return caller or security.ANYBODY


def _how(headers: Headers) -> str:
    known = {"authorization", "x-api-key"} & set(headers)
    found = "the key is not known here" if known else "a key is needed"
    return f"{found}; send `Authorization: Bearer <key>` or `X-API-Key: <key>`"


def _limited(receive: Receive, limit: int) -> Receive:
    """Return a receiver that stops reading a body over the limit, announced or not."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise BodyTooLarge(limit)
        return message

    return limited


def _dressed(send: Send) -> Send:
    """Return a sender that adds the headers that every answer bears."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in security.HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed
