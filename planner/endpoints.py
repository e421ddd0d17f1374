"""Endpoints: how the address and the key of somebody's server are written in settings. Pure."""

from pydantic import AnyHttpUrl, SecretStr, TypeAdapter

_URL = TypeAdapter(AnyHttpUrl)


def address(value: str) -> str:
    """Return an address over HTTP without the slash at its end.

    Raises:
        ValueError: it is none, or holds credentials.
    """
    url = _URL.validate_python(value)
    if url.username or url.password:
        raise ValueError("an address must hold no credentials; keep them in a secret")
    return value.rstrip("/")


def key(value: SecretStr | None) -> SecretStr | None:
    """Return a key that a header can carry, or None where it is empty.

    Raises:
        ValueError: it holds something that no header carries.
    """
    text = value.get_secret_value() if value else ""
    if not (text.isascii() and text.isprintable()) or text != text.strip():
        raise ValueError("a key is printable ASCII without blanks around it")
    return value if text else None
