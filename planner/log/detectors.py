"""Detectors: what in a free text looks like a key, a token, a card or an account. Pure."""

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, get_args

DetectorName = Literal["api_key", "jwt", "pem", "bearer", "named", "card", "iban", "email"]
NAMES: tuple[DetectorName, ...] = get_args(DetectorName)

_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|6\d{15,18}|35\d{14}"
)
"""Beginnings and lengths of the numbers that payment cards bear."""
_IBAN_LENGTH = range(15, 35)


class Detector(NamedTuple):
    """One pattern, and what a match must fulfil besides."""

    name: DetectorName
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    hint: str
    """A text without this character or word cannot match; empty where there is none."""


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
_ALL = (
    Detector(
        "pem",
        re.compile(r"-----BEGIN [A-Z0-9 ]{3,40}-----.*?(?:-----END [A-Z0-9 ]{3,40}-----|\Z)", re.DOTALL),
        _always,
        "-----BEGIN",
    ),
    Detector(
        "jwt",
        re.compile(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*"),
        _always,
        "eyJ",
    ),
    Detector(
        "bearer",
        re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*"),
        _always,
        "",
    ),
    Detector("api_key", re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_KEYS)})"), _always, ""),
    Detector(
        "named",
        re.compile(
            rf"(?i)(?<=[\"'\s,;&?({{\[_-])(?:{_WORDS})[\"']?\s*[:=]\s*(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,;&}}\])]+)"
            rf"|^(?:{_WORDS})[\"']?\s*[:=]\s*(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,;&}}\])]+)"
        ),
        _always,
        "",
    ),
    Detector("iban", re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b"), iban, ""),
    Detector("card", re.compile(r"(?<![\w.-])[2-6]\d(?:[ -]?\d){11,17}(?![\w-])"), card, ""),
    Detector("email", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), _always, "@"),
)
_SHORTEST = 8
"""Nothing shorter is a secret that has a shape of its own."""


def scrub(text: str, enabled: Iterable[str]) -> Found:
    """Return the text with every match replaced by `[masked:NAME]`, and which detectors matched."""
    if len(text) < _SHORTEST:
        return Found(text, ())
    wanted, names = frozenset(enabled), []
    for detector in _ALL:
        if detector.name not in wanted or detector.hint not in text:
            continue
        before = text
        text = detector.pattern.sub(_replacing(detector), text)
        if text != before:
            names.append(detector.name)
    return Found(text, tuple(names))


def _replacing(detector: Detector) -> Callable[[re.Match[str]], str]:
    mark = f"[masked:{detector.name}]"
    return lambda match: mark if detector.holds(match[0]) else match[0]
