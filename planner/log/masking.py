"""Masking: taking out of a record what must never be kept, before it is written anywhere. Pure."""

import hashlib
import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import Field, field_validator

from planner.definition import canonical
from planner.log import detectors
from planner.log.detectors import DetectorName
from tools import pointers
from tools.records import Record

MASK = "[masked]"
"""What stands where a value was."""
_LAST = 4
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

NEVER = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "authorization",
    "cookie",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "credentials",
    "card",
    "card_number",
    "cvv",
    "cvc",
    "pin",
)
"""Names of fields that are never kept, whatever they hold."""


_PLACES = (
    r"^/(?:given|reason|raw_output|comment|trigger/error|filled/value|attempts/(?:\*|\d+)/error)(?:/[^/]+)*$"
)
"""Where rules may act: what people and services said, and nothing that a record cannot be without."""


class Rule(Record):
    """What to do with the values at one place."""

    at: str = Field(pattern=_PLACES)
    """JSON pointer into what a decision holds, such as `/given/customer/phone`; `*` stands for any part."""
    action: Literal["remove", "hash", "replace", "keep_last4"]
    """`hash`: the SHA-256 instead, so that equal values stay recognisable; values that can be guessed can be
    guessed from it."""
    replacement: str = MASK
    """What `replace` puts there."""


class Masking(Record):
    """What is masked in decisions before they are kept."""

    never: tuple[str, ...] = NEVER
    """Names of fields whose values are never kept; `api_key` also stands for `apiKey` and `X-Api-Key`."""

    rules: tuple[Rule, ...] = ()
    """Further places, each with `at` (a JSON pointer, `*` for any part) and `action`: `remove`, `hash`,
    `replace` or `keep_last4`."""

    detectors: tuple[DetectorName, ...] = detectors.USUAL
    """What is looked for in texts: `api_key jwt pem bearer named card iban email`; all but `email`."""

    @property
    def active(self) -> bool:
        """Tell whether anything is masked at all."""
        return bool(self.never or self.rules or self.detectors)

    @field_validator("never")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not words(name) for name in value):
            raise ValueError("a name of a field has at least one letter or digit")
        return value


class Masked(NamedTuple):
    """A value without what was masked in it."""

    value: Any
    pointers: tuple[str, ...]
    """Where something was masked, as JSON pointers."""


_GONE = object()
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def mask(value: Any, policy: Masking, at: str = "") -> Masked:
    """Return the value with every name, rule and detector of the policy applied; `at` is its own place."""
    return _masked(value, policy, worthwhile(value, policy), at)


def mask_names(value: Any, policy: Masking) -> Masked:
    """Return the value with only the names applied; for where nothing else can apply."""
    return _masked(value, policy, ())


def worthwhile(value: Any, policy: Masking) -> tuple[DetectorName, ...]:
    """Return the detectors that could find something anywhere in the value, so that the others rest."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except TypeError:
        return policy.detectors
    return detectors.worthwhile(text, policy.detectors)


def _masked(value: Any, policy: Masking, wanted: tuple[DetectorName, ...], at: str = "") -> Masked:
    going = _Pass(policy.never, policy.rules, wanted, [])
    done = _value(value, going, pointers.parts(at))
    return Masked(None if done is _GONE else done, tuple(going.found))


class _Pass(NamedTuple):
    never: tuple[str, ...]
    rules: tuple[Rule, ...]
    detectors: tuple[DetectorName, ...]
    found: list[str]

    def note(self, place: tuple[str, ...]) -> None:
        self.found.append(pointers.pointer(place))


def _value(value: Any, going: _Pass, place: tuple[str, ...]) -> Any:
    if going.rules and value is not None:
        rule = next((rule for rule in going.rules if _fits(rule.at, place)), None)
        if rule is not None:
            going.note(place)
            return _acted(rule, value)
    if isinstance(value, str):
        return _text(value, going, place) if going.detectors else value
    if isinstance(value, dict):
        return _members(value, going, place)
    if isinstance(value, list | tuple):
        items = (_value(item, going, (*place, str(n))) for n, item in enumerate(value))
        return [item for item in items if item is not _GONE]
    return _number(value, going, place) if going.detectors else value


def _members(value: dict[Any, Any], going: _Pass, place: tuple[str, ...]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, member in value.items():
        # A name can hold a secret just as well as a value, such as a table of tokens.
        name = str(_text(str(key), going, place)) if going.detectors else str(key)
        within = (*place, name)
        if is_never(str(key), going.never) and member not in _EMPTY:
            going.note(within)
            kept[name] = MASK
            continue
        done = _value(member, going, within)
        if done is not _GONE:
            kept[name] = done
    return kept


def _text(value: str, going: _Pass, place: tuple[str, ...]) -> str:
    found = detectors.scrub(value, going.detectors)
    if found.names:
        going.note(place)
    return found.text


def _number(value: Any, going: _Pass, place: tuple[str, ...]) -> Any:
    """Mask a card's number that came as a number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not (is_number and "card" in going.detectors and detectors.card(str(value))):
        return value
    going.note(place)
    return "[masked:card]"


def _acted(rule: Rule, value: Any) -> Any:
    if rule.action == "remove":
        return _GONE
    if rule.action == "replace":
        return rule.replacement
    plain = value if isinstance(value, str) else canonical(value).decode()
    if rule.action == "hash":
        return f"sha256:{hashlib.sha256(plain.encode(errors='surrogatepass')).hexdigest()}"
    # Of a short text the last four would be most of it.
    return f"…{plain[-_LAST:]}" if len(plain) > 2 * _LAST else MASK


@lru_cache(maxsize=10_000)
def is_never(name: str, never: tuple[str, ...]) -> bool:
    """Tell whether a field of this name is never kept: its words hold those of a listed name in a row."""
    own = words(name)
    return any(_contains(own, words(each)) for each in never)


def words(name: str) -> tuple[str, ...]:
    """Return the words of a field's name in lower case, such as `x`, `api` and `key` of `X-Api-Key`."""
    return tuple(word.lower() for word in _WORD.findall(name))


def _contains(own: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    span = len(wanted)
    return any(own[start : start + span] == wanted for start in range(len(own) - span + 1))


def _fits(pattern: str, place: tuple[str, ...]) -> bool:
    wanted = pointers.parts(pattern)
    return len(wanted) == len(place) and all(a in {"*", b} for a, b in zip(wanted, place, strict=True))
