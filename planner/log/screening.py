"""Screening: tells cheaply that nothing in a JSON text needs masking, so that most are not walked. Pure."""

from collections.abc import Iterable
from functools import lru_cache
from string import ascii_letters, ascii_uppercase, digits

from planner.log import detectors, masking
from planner.log.masking import Masking

_DIGITS, _CAPITALS, _LETTERS = digits.encode(), ascii_uppercase.encode(), ascii_letters.encode()
_SHAPES = bytes.maketrans(_DIGITS + _CAPITALS, b"0" * len(_DIGITS) + b"A" * len(_CAPITALS))
"""Every digit as 0 and every capital as A, so that one search finds what begins like an account."""
_APART = b" -"
"""What may stand between the digits of a card."""
_CARD, _ACCOUNT = b"0" * 12, b"AA00"
_UNBROKEN = _DIGITS + _LETTERS + b"_+/=.-"
_STRETCHES = bytes.maketrans(_UNBROKEN, b"a" * len(_UNBROKEN))
_STRETCH = b"a" * detectors.STRETCH


class Screen:
    """What a text must hold for a policy to find anything in it; it may hold that and be harmless."""

    def __init__(self, policy: Masking) -> None:
        enabled = policy.detectors
        folded = detectors.known_by(enabled, folded=True)
        self._folded = _fewest(folded | _of_names(policy.never, folded))
        self._exact = _fewest(detectors.known_by(enabled))
        self._stretched = _fewest(detectors.known_by(enabled, stretched=True))
        self._card, self._account = "card" in enabled, "iban" in enabled

    def clears(self, text: str) -> bool:
        """Tell whether nothing can be found in the text, which is JSON or words."""
        # A map is searched without a step of Python for each needle.
        if True in map(text.lower().__contains__, self._folded) or True in map(
            text.__contains__, self._exact
        ):
            return False
        raw = text.encode(errors="surrogatepass")
        return not (self._is_stretched(text, raw) or self._is_numbered(raw))

    def _is_stretched(self, text: str, raw: bytes) -> bool:
        return _STRETCH in raw.translate(_STRETCHES) and True in map(text.__contains__, self._stretched)

    def _is_numbered(self, raw: bytes) -> bool:
        if self._card and _CARD in raw.translate(_SHAPES, _APART):
            return True
        return self._account and _ACCOUNT in raw.translate(_SHAPES)


def clears(text: str, policy: Masking) -> bool:
    """Tell whether the policy's names and detectors can find nothing in a text; its rules are not asked."""
    return _screen(policy.never, policy.detectors).clears(text)


@lru_cache(maxsize=64)
def _screen(never: tuple[str, ...], enabled: tuple[detectors.DetectorName, ...]) -> Screen:
    return Screen(Masking(never=never, detectors=enabled))


def _of_names(never: Iterable[str], known: frozenset[str]) -> frozenset[str]:
    """Return for each name one word that a field bearing it holds; a word that is sought anyway will do."""
    found: set[str] = set()
    for words in sorted(map(masking.words, never), key=len):
        sought = known | found
        if not any(needle in word for word in words for needle in sought):
            found.add(max(words, key=len))
    return frozenset(found)


def _fewest(needles: Iterable[str]) -> tuple[str, ...]:
    """Return the needles without those that hold another one."""
    listed = sorted(set(needles), key=len)
    return tuple(each for each in listed if not any(other in each for other in listed if other != each))
