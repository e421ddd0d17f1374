"""Detectors: what in a free text looks like a key, a token, a card or an account. Pure."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

DetectorName = Literal["api_key", "jwt", "pem", "bearer", "named", "card", "iban", "email"]
NAMES: tuple[DetectorName, ...] = get_args(DetectorName)
USUAL: tuple[DetectorName, ...] = tuple(name for name in NAMES if name != "email")
"""Those that look through texts unless told otherwise."""

_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|6\d{15,18}|35\d{14}"
)
"""Beginnings and lengths of the numbers that payment cards bear."""
_ACCOUNT = re.compile(r"[A-Z](?<!\w[A-Z])[A-Z]\d{2}(?:[ -]?[A-Z0-9]){11}")
_IBAN_LENGTH = range(15, 35)
_LEFT = r"\d(?:[ -]?\d){11,17}(?![\w-])"
_CARD = rf"[2-6]{_LEFT}"
_CARD_IN_JSON = re.compile(
    rf"[2-6](?:(?<![\w.-][2-6])|(?<=\\[bfnrt][2-6])|(?<=\\u[0-9a-f]{{4}}[2-6])){_LEFT}"
)
"""Before a number may also stand an escape of JSON, whose last letter belongs to no word. The first character
comes first, and what is before it is looked at from there: that is what searching is quick at."""


_ACCOUNT_SIGN, _CARD_SIGN = "[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11}", "[0-9](?:[ -]?[0-9]){11}"


class Detector(NamedTuple):
    """One pattern, and what a match must fulfil besides."""

    name: DetectorName
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    worth: Callable[[str], object]
    """Tells cheaply when a text cannot match."""
    sign: str
    """Expression of which every match holds a match; for an engine that looks neither ahead nor back."""


class Found(NamedTuple):
    """A text without what was found in it."""

    text: str
    names: tuple[str, ...]
    """The detectors that found something."""


def card(text: str) -> bool:
    """Tell whether the digits of a text are those of a payment card: its issuer, length and check digit."""
    plain = re.sub(r"[ -]", "", text)
    if not _ISSUERS.fullmatch(plain):
        return False
    digits = [int(char) for char in plain]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def iban(text: str) -> bool:
    """Tell whether a text is an account number whose check digits are right."""
    plain = re.sub(r"[ -]", "", text).upper()
    if len(plain) not in _IBAN_LENGTH:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _always(_text: str) -> bool:
    return True


def _holds_any(text: str, needles: Iterable[str]) -> bool:
    """Tell whether a text holds one of the needles."""
    for needle in needles:  # noqa: SIM110 - a generator would take twice as long, for every decision
        if needle in text:
            return True
    return False


def _known_by(
    name: DetectorName, pattern: str | re.Pattern[str], *needles: str, folded: bool = False
) -> Detector:
    """Return a detector whose matches hold one of the needles, in lower case where they are `folded`."""

    def worth(text: str) -> bool:
        return _holds_any(text.lower() if folded else text, needles)

    listed = "|".join(needle.replace(".", r"\.") for needle in needles)
    sign = f"(?i:{listed})" if folded else listed
    return Detector(name, re.compile(pattern), _always, worth, sign)


_KEYS = (
    r"sk-[A-Za-z0-9_-]{16,}",  # OpenAI and those who write keys alike
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",
    r"glpat-[A-Za-z0-9_-]{16,}",
    r"xox[abeprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"AIza[A-Za-z0-9_-]{30,}",  # Google
    r"npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
)
_WORDS = r"pass(?:word|wd|phrase)|pwd|secret|token|authorization|api[_-]?key|private[_-]?key|access[_-]?key"
_HUMPS = r"Pass(?:word|phrase)|Secret|Token|Authorization|ApiKey|PrivateKey|AccessKey"
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,;&}\])]+)"
# Every repetition is bounded or begins where only one can begin, so that no text takes more than linear time.
_NAMED = (
    rf"(?:(?<![A-Za-z])(?i:{_WORDS})|(?<=[a-z])(?:{_HUMPS}))(?:[_-][A-Za-z0-9_-]{{0,40}})?"
    rf"[\"']?\s{{0,4}}[:=]\s{{0,4}}{_VALUE}"
)
_ALL = (
    _known_by(
        "pem",
        re.compile(r"-----BEGIN [A-Z0-9 ]{3,40}-----.*?(?:-----END [A-Z0-9 ]{3,40}-----|\Z)", re.DOTALL),
        "-----BEGIN",
    ),
    _known_by(
        "jwt",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*",
        "eyJ",
    ),
    _known_by(
        "bearer",
        r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*",
        *("bearer", "basic"),
        folded=True,
    ),
    _known_by(
        "api_key",
        rf"(?<![A-Za-z0-9])(?:{'|'.join(_KEYS)})",
        *("sk-", "k_live_", "k_test_", "whsec_", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        *("github_pat_", "glpat-", "xox", "AIza", "npm_", "pypi-", "hf_", "SG."),
    ),
    _known_by("named", _NAMED, *("pass", "pwd", "secret", "token", "authoriz", "key"), folded=True),
    Detector(
        "iban",
        re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b"),
        iban,
        _ACCOUNT.search,
        _ACCOUNT_SIGN,
    ),
    Detector("card", re.compile(rf"(?<![\w.-]){_CARD}"), card, _CARD_IN_JSON.search, _CARD_SIGN),
    _known_by(
        "email",
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
        "@",
    ),
)
_SHORTEST = 8
"""Nothing shorter is a secret that has a shape of its own."""
_REPEATED = 200
"""Texts up to this length come again and again, such as those of a workflow."""


def signs(enabled: Iterable[str]) -> list[str]:
    """Return the signs of the detectors."""
    return [each.sign for each in _ALL if each.name in enabled]


def worthwhile(text: str, enabled: Iterable[str]) -> tuple[DetectorName, ...]:
    """Return the detectors that could find something in a text, cheaply; JSON stands for all texts in it."""
    return tuple(each.name for each in _ALL if each.name in enabled and each.worth(text))


def scrub(text: str, enabled: Iterable[str]) -> Found:
    """Return the text with every match replaced by `[masked:NAME]`, and which detectors matched."""
    if len(text) < _SHORTEST:
        return Found(text, ())
    return (_again if len(text) <= _REPEATED else _scrubbed)(text, tuple(enabled))


def _scrubbed(text: str, enabled: tuple[str, ...]) -> Found:
    names = []
    for detector in _ALL:
        if detector.name not in enabled or not detector.worth(text):
            continue
        before = text
        text = detector.pattern.sub(_replacing(detector), text)
        if text != before:
            names.append(detector.name)
    return Found(text, tuple(names))


_again = lru_cache(maxsize=4096)(_scrubbed)


def _replacing(detector: Detector) -> Callable[[re.Match[str]], str]:
    mark = f"[masked:{detector.name}]"
    return lambda match: mark if detector.holds(match[0]) else match[0]
