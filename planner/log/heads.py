"""Heads: where the streams of the log end, signed, so that a cut tail or a rewritten chain shows. Pure."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, Field, ValidationError

from planner.definition import canonical
from planner.errors import HeadsInvalid
from tools.records import Record

KEY_BYTES = 32
_DOMAIN = b"planner/head/1\x00"
"""Keeps these signatures apart from any other use of the same key."""


class Head(Record):
    """Where one stream ended at one time."""

    stream: str
    seq: int = Field(ge=0)
    """Number of its last record."""
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hash of its last record, in hex."""
    time: AwareDatetime
    key_id: str | None = None
    """Which key signed it; None where it is unsigned."""
    sig: str | None = None
    """Ed25519 signature in base64 over everything else."""

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return _DOMAIN + canonical(self.model_dump(mode="json", exclude={"sig"}))


class SigningKey:
    """The key that signs heads; whoever holds it can also forge them."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes_raw()
        self.public = base64.b64encode(public).decode()
        """The key that checks signatures, in base64; it may be shown to anyone."""
        self.key_id = _key_id(public)

    @classmethod
    def read(cls, text: str, name: str) -> "SigningKey":
        """Return the key of a base64 seed that the secret `name` holds.

        Raises:
            HeadsInvalid: it is no such seed.
        """
        return cls(_raw(text, f"the secret {name}"))

    def sign(self, head: Head) -> Head:
        """Return the head signed."""
        named = head.model_copy(update={"key_id": self.key_id, "sig": None})
        signature = self._private.sign(named.signed_bytes)
        return named.model_copy(update={"sig": base64.b64encode(signature).decode()})


class Keyring:
    """The public keys that signatures are checked with."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        raw = [_raw(key, "a public key") for key in keys]
        self._keys: Mapping[str, Any] = {_key_id(key): Ed25519PublicKey.from_public_bytes(key) for key in raw}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def knows(self, head: Head) -> bool:
        """Tell whether the key that signed the head is here."""
        return head.key_id in self._keys

    def holds(self, head: Head) -> bool:
        """Tell whether the signature is that of a key which is here."""
        key = self._keys.get(head.key_id or "")
        if key is None or head.sig is None:
            return False
        try:
            key.verify(base64.b64decode(head.sig, validate=True), head.signed_bytes)
        except (InvalidSignature, binascii.Error):
            return False
        return True


def lines(heads: Sequence[Head]) -> str:
    """Return heads as JSONL."""
    return "".join(f"{head.model_dump_json()}\n" for head in heads)


def read(text: str, file: str) -> list[Head]:
    """Return the heads of a JSONL text.

    Raises:
        HeadsInvalid: a line is no head; the message names it.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(Head.model_validate_json(line))
        except ValidationError as error:
            raise HeadsInvalid(
                f"{file}:{number} is no head of the log: {error.errors()[0]['msg']}"
            ) from error
    return found


def _key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _raw(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise HeadsInvalid(
            f"{what} is not {KEY_BYTES} bytes in base64; "
            "make a seed with `openssl rand -base64 32` and keep it out of the database"
        )
    return raw
