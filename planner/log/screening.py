"""Screening: tells cheaply that nothing in a JSON text needs masking, so that most are not walked. Pure."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from planner.log import detectors, masking
from planner.log.masking import Masking
from tools import validators

_NOTHING = "[^\\s\\S]"
"""Matches nothing."""
_BEFORE = r"(?:[^a-z]|\\[bfnrt]|\\u[0-9a-f]{4})"
"""What may stand before a word in small letters: also escapes of JSON, which end in a letter."""


def clears(text: str, policy: Masking) -> bool:
    """Tell whether the policy's names and detectors can find nothing in a JSON text; its rules are not asked.

    A text that is not cleared may be harmless all the same.
    """
    return not _suspects(policy.never, policy.detectors)(text)


@lru_cache(maxsize=64)
def _suspects(never: tuple[str, ...], enabled: tuple[detectors.DetectorName, ...]) -> Callable[[str], bool]:
    signs = [*detectors.signs(enabled), *dict.fromkeys(map(_sign, _telling(never)))]
    return validators.searching("|".join(signs) or _NOTHING)


def _telling(never: tuple[str, ...]) -> Iterator[str]:
    """Yield words of which every field that is never kept bears one."""
    split = [masking.words(name) for name in never]
    alone = {words[0] for words in split if len(words) == 1}
    yield from alone
    for words in split:
        if alone.isdisjoint(words):
            yield max(words, key=len)


def _sign(word: str) -> str:
    """Return the expression of a word in a field's name, where capitals and other characters part words."""
    return f"(?:{_BEFORE}{word}|{word.capitalize()}|{word.upper()})[^a-z]" if word.isalpha() else word
