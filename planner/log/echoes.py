"""Echoes: values that stand under a telling name, known again wherever else their run holds them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from planner.log import masking
from planner.log.masking import Masking

SHORTEST = 6
"""Nothing shorter is followed: it would be found in what it has nothing to do with."""
_LONGEST_WORD = 12
"""A plain word up to this length is not followed either, such as `refund`."""


class Echoes:
    """The values of one run under the names that a policy never keeps; grows as the run goes on."""

    def __init__(self, policy: Masking, values: Iterable[Any] = ()) -> None:
        self._never = policy.never
        self._known: set[str] = set()
        self._forms: tuple[str, ...] = ()
        """The values as they stand in texts, and in JSON."""
        for value in values:
            self.learn(value)

    def learn(self, value: Any) -> None:
        """Take in what stands under a telling name in the value."""
        found = {each for each in _named(value, self._never) if _is_followed(each)} - self._known
        if found:
            self._known |= found
            forms = {form for each in self._known for form in (each, *_written(each))}
            self._forms = tuple(sorted(forms, key=len, reverse=True))

    def are_in(self, text: str) -> bool:
        """Tell whether a text, or a JSON text, holds one of the values."""
        return True in map(text.__contains__, self._forms)

    def scrub(self, text: str) -> str:
        """Return the text without any of the values."""
        for form in self._forms:
            text = text.replace(form, masking.MASK)
        return text

    def veil(self, value: Any) -> Any:
        """Return the JSON value without any of the values in its texts and names."""
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, dict):
            return {self.scrub(str(name)): self.veil(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.veil(item) for item in value]
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return masking.MASK if is_number and str(value) in self._known else value


def _named(value: Any, never: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _named(item, never)
    elif isinstance(value, dict):
        for name, member in value.items():
            if masking.is_never(str(name), never):
                yield from _plain(member)
            else:
                yield from _named(member, never)


def _plain(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list | tuple) else (value,):
        if isinstance(each, str | int) and not isinstance(each, bool):
            yield str(each)


def _is_followed(value: str) -> bool:
    is_word = value.isalpha() and len(value) <= _LONGEST_WORD
    return len(value.strip()) >= SHORTEST and not is_word and masking.MASK not in value


def _written(value: str) -> Iterator[str]:
    """Yield a text as both writers of JSON write it."""
    yield json.dumps(value)[1:-1]
    try:
        yield orjson.dumps(value).decode()[1:-1]
    except TypeError:  # a lone surrogate, which the other writer has written
        return
