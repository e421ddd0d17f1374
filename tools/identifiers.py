"""Identifiers: names of operations that a workflow can write."""

import re
from collections.abc import Container

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z0-9]+")


def identifier(operation_id: str | None, *, method: str, path: str, taken: Container[str]) -> str:
    """Return a safe name that is not taken, from the operation's id or else from method and path."""
    if operation_id is not None and _SAFE.fullmatch(operation_id):
        stem = operation_id
    else:
        stem = camel_case(operation_id or "") or camel_case(f"{method.lower()} {path}") or method.lower()
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}{number}", number + 1
    return name


def camel_case(text: str) -> str:
    """Join the words of a text as one name, such as `healthGet` for `/health > GET`."""
    words = [word.lower() if word.isupper() else word for word in _WORD.findall(text)]
    if not words:
        return ""
    first, rest = words[0], words[1:]
    name = first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in rest)
    return f"_{name}" if name[0].isdigit() else name
