"""Seals: the keys under which the store keeps what nobody but a run itself may read. Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from planner.errors import SealBroken, SettingsInvalid

KEY_BYTES = 32
_ID_BYTES, _NONCE_BYTES = 8, 12
_APART = re.compile(r"[\s,]+")


class Seals:
    """Keys that seal and open values; the first one seals, and all of them open.

    A sealed value is the id of its key, a nonce, and AES-256-GCM under a key made for its run alone. It is
    bound to its place, so that one that is moved to another row or run does not open.
    """

    def __init__(self, keys: Sequence[bytes], new_nonce: Callable[[int], bytes]) -> None:
        self._keys = {_id(key): key for key in keys}
        self._first = _id(keys[0])
        self._new_nonce = new_nonce

    @property
    def key_id(self) -> str:
        """Which key seals, in hex."""
        return self._first.hex()

    def seal(self, text: str, run_id: str, place: str) -> bytes:
        """Return the text so that only these keys can read it, and only at this place."""
        nonce = self._new_nonce(_NONCE_BYTES)
        box = _box(self._keys[self._first], run_id)
        return self._first + nonce + box.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, run_id: str, place: str) -> str:
        """Return the text that was sealed.

        Raises:
            SealBroken: it was sealed under another key, was changed or moved, or is erased.
        """
        if not sealed:
            raise SealBroken(run_id, "what was sealed in it is erased")
        key = self._keys.get(sealed[:_ID_BYTES])
        if key is None:
            known = ", ".join(each.hex() for each in self._keys)
            why = f"it is sealed under the key {sealed[:_ID_BYTES].hex()}, and known here is {known}"
            raise SealBroken(run_id, f"{why}; give the other key, too")
        nonce, content = sealed[_ID_BYTES:][:_NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
        try:
            return _box(key, run_id).decrypt(nonce, content, place.encode()).decode()
        except InvalidTag as error:
            raise SealBroken(run_id, f"what is sealed at {place} was changed after it was written") from error


def read(text: str, name: str) -> tuple[bytes, ...]:
    """Return the keys of a secret: 32 bytes each in base64, separated by commas or blanks.

    Raises:
        SettingsInvalid: one of them is no such key; the message names the secret.
    """
    keys = tuple(_key(each, name) for each in _APART.split(text.strip()) if each)
    if not keys:
        raise SettingsInvalid(f"{name}: there is no key in it; make one with `openssl rand -base64 32`")
    return keys


def _key(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsInvalid(
            f"{name}: a key is {KEY_BYTES} bytes in base64; make one with `openssl rand -base64 32`"
        )
    return key


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"planner/seal/1\x00" + key).digest()[:_ID_BYTES]


def _box(key: bytes, run_id: str) -> AESGCM:
    # A key for each run: under one key for all, random nonces would run out.
    return AESGCM(hmac.digest(key, b"run\x00" + run_id.encode(), "sha256"))
