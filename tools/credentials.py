"""Credentials: how a call shows who sends it, and keeps the secret out of everything else."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, assert_never

from tools.access import ApiKey, Auth, Basic, Bearer, SecretName, Service
from tools.errors import SecretMissing
from tools.requests import Unbuildable

_SHORTEST_HIDDEN = 6
_MASK = "[secret]"


class Credentials:
    """The headers that identify the caller, and the texts that may appear nowhere else."""

    __slots__ = ("_hidden", "headers")

    def __init__(self, headers: list[tuple[str, str]], hidden: tuple[str, ...] = ()) -> None:
        self.headers = headers
        self._hidden = tuple(text for text in hidden if len(text) >= _SHORTEST_HIDDEN)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(name for name, _ in self.headers)})"

    def veil_text(self, text: str) -> str:
        """Return the text without any secret that a service may have sent back."""
        for hidden in self._hidden:
            text = text.replace(hidden, _MASK)
        return text

    def veil(self, value: Any) -> Any:
        """Return the JSON value without any secret in its texts."""
        if not self._hidden:
            return value
        if isinstance(value, str):
            return self.veil_text(value)
        if isinstance(value, Mapping):
            return {self.veil_text(name): self.veil(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.veil(item) for item in value]
        return value


NOBODY = Credentials([])


def credentials(service: Service, secret: Callable[[str], str | None]) -> Credentials:
    """Return what identifies the caller to the service.

    Raises:
        SecretMissing: the secret has no value.
        Unbuildable: its value cannot stand in a header.
    """
    auth = service.auth
    if auth is None:
        hidden = tuple(_secrets(service, secret).values())
        return Credentials([], hidden) if hidden else NOBODY
    value = (secret(auth.secret) or "").strip()
    if not value:
        raise SecretMissing(service.name, auth.secret)
    if not value.isprintable() or not (value.isascii() or isinstance(auth, Basic)):
        raise Unbuildable(f"the secret {auth.secret!r} holds characters that no header may carry")
    return _shown(auth, value)


def environment(service: Service, secret: Callable[[str], str | None]) -> dict[str, str]:
    """Return the variables that the service's program is started with; raise SecretMissing as above."""
    if service.process is None:
        return {}
    plain = {name: value for name, value in service.process.env.items() if isinstance(value, str)}
    return plain | _secrets(service, secret)


def _secrets(service: Service, secret: Callable[[str], str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, told in service.process.env.items() if service.process is not None else ():
        if isinstance(told, SecretName):
            value = secret(told.secret)
            if not value:
                raise SecretMissing(service.name, told.secret)
            found[name] = value
    return found


def _shown(auth: Auth, value: str) -> Credentials:
    match auth:
        case Bearer():
            return Credentials([("Authorization", f"Bearer {value}")], (value,))
        case ApiKey():
            return Credentials([(auth.header, value)], (value,))
        case Basic():
            token = base64.b64encode(f"{auth.user}:{value}".encode()).decode()
            return Credentials([("Authorization", f"Basic {token}")], (token, value))
        case _:
            assert_never(auth)
