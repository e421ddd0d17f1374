"""Screening: tells cheaply that nothing in a JSON text needs masking, so that most are not walked. Pure."""

from collections.abc import Iterable
from functools import lru_cache
from string import ascii_uppercase, digits

from planner.log import detectors, masking
from planner.log.masking import Masking

_SHAPES = bytes.maketrans(
    (digits + ascii_uppercase).encode(), b"0" * len(digits) + b"A" * len(ascii_uppercase)
)
"""Every digit as 0 and every capital as A, so that one search finds what begins like an account."""
_APART = b" -"
"""What may stand between the digits of a card."""
_CARD, _ACCOUNT = b"0" * 12, b"AA00"


class Screen:
    """What a text must hold for a policy to find anything in it; it may hold that and be harmless."""

    def __init__(self, policy: Masking) -> None:
        folded = detectors.known_by(policy.detectors, folded=True)
        self._folded = _fewest(folded | _of_names(policy.never, folded))
        self._exact = _fewest(detectors.known_by(policy.detectors, folded=False))
        self._card, self._account = "card" in policy.detectors, "iban" in policy.detectors

    def clears(self, text: str) -> bool:
        """Tell whether nothing can be found in the text, which is JSON or words."""
        return not (
            detectors.holds_any(text.lower(), self._folded)
            or detectors.holds_any(text, self._exact)
            or self._numbered(text)
        )

    def _numbered(self, text: str) -> bool:
        if not (self._card or self._account):
            return False
        shape = text.encode(errors="surrogatepass").translate(_SHAPES)
        return (self._account and _ACCOUNT in shape) or (
            self._card and _CARD in shape.translate(None, _APART)
        )


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
