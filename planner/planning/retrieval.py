"""Retrieval: which operations of a catalogue matter for a goal, by their words and by what they need.

SQLite's full-text index ranks them (BM25 over the words of names, paths, summaries, arguments and answers).
What vectors find beside the words is fused with it by rank. Whatever gives an operation what it needs comes
right behind it, although the goal has no word for it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from planner.planning.signatures import Signature, sign, singular, words
from planner.search import Texts
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation

MOST_FOUND = 20
"""Operations found unless told."""
MOST_GIVERS = 50
"""Operations that are looked at for one need."""
PRODUCERS = 2
"""Operations that are added for one need of a found one, at most."""
WEIGHTS = (3.0, 2.0, 1.0, 0.5)
"""What a word counts for in a name or path, a summary, an argument, a field of the answer."""
RANKED = 5
"""How many times as many operations are ranked as are found."""
FUSION = 60
"""What is added to every rank before it is fused; the greater, the less the first places count."""
MOST_WORDS = 64
_STOP = frozenset(
    re.findall(
        r"\w+",
        """a all an and any are as at be by can do for from get give has have he her his how i in is it its
        many me most my need number of on or please s she tell than that the their them there they this to
        want was we were what when where which who whose why will with""",
    )
)
_SEARCHED = frozenset(("find", "lookup", "query", "search"))
"""Words of operations that find a thing by what people call it."""


class Found(NamedTuple):
    """An operation that matters, and why."""

    operation: str
    because: str
    """Empty where its own words fit; otherwise the operation that needs what it gives."""


class _Giver(NamedTuple):
    """Who gives a kind, and what sorts it: about the thing itself, found by words, needing little."""

    name: str
    merit: tuple[bool, bool, int]


class Index:
    """The words of a catalogue's operations, and who gives what; built once, asked often, from any thread."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        """Build it; takes about 0.1 ms an operation."""
        self.operations = dict(operations)
        self.signatures = {name: sign(item) for name, item in operations.items()}
        self._names = list(operations)
        self._givers = self._sorted_givers()
        rows = (_texts(item, self.signatures[name]) for name, item in operations.items())
        self._texts = Texts(rows, weights=WEIGHTS)

    def search(self, goal: str, *, most: int = MOST_FOUND, near: Sequence[str] = ()) -> list[Found]:
        """Return the operations that matter, best first, each followed by those that give what it needs.

        Args:
            goal: what is wanted, in words.
            most: how many are found at most.
            near: names of those whose vectors are near the goal's, the nearest first.
        """
        ranked = self._ranked(goal, most * RANKED)
        ranked = fused(ranked, near)[: most * RANKED] if near else ranked
        place = {name: number for number, name in enumerate(ranked)}
        found: dict[str, str] = {}
        for name in ranked:
            if len(found) >= most:
                break
            found.setdefault(name, "")
            open_ = [name]
            while open_:
                needy = open_.pop(0)
                fresh = [each for each in self._producers(needy, place) if each not in found]
                found.update(dict.fromkeys(fresh, needy))
                open_ += fresh
        return [Found(name, because) for name, because in found.items()][:most]

    def _ranked(self, goal: str, most: int) -> list[str]:
        asked = [word for word in words(goal) if word not in _STOP][:MOST_WORDS]
        found = self._texts.find([*asked, *map(singular, asked)], most=most)
        return [self._names[place] for place, _ in found]

    def _producers(self, name: str, place: Mapping[str, int]) -> Iterator[str]:
        """Yield who gives what an operation needs: of its own service first, then what fits the goal best."""
        service = self.operations[name].service
        for argument in self.signatures[name].arguments:
            if argument.required and argument.kind.endswith(".id"):
                own = self._givers.get((service, argument.kind), ())
                able = own or self._givers.get(("", argument.kind), ())
                last = len(self._names)
                ranked = sorted(able, key=lambda giver: (giver.merit, place.get(giver.name, last)))
                yield from [giver.name for giver in ranked if giver.name != name][:PRODUCERS]

    def _sorted_givers(self) -> dict[tuple[str, str], list[_Giver]]:
        """Return who gives each kind without needing it, by service and kind, and by kind alone."""
        found: dict[tuple[str, str], list[_Giver]] = defaultdict(list)
        for name, signature in self.signatures.items():
            if self.operations[name].effect != "read":
                continue
            needs, service = signature.producer.needs, self.operations[name].service
            is_search = bool(_SEARCHED.intersection(words(name)))
            for kind in (signature.producer.gives | signature.listed) - needs:
                if kind.endswith(".id"):
                    is_about = signature.entity == kind.partition(".")[0]
                    giver = _Giver(name, (not is_about, not is_search, len(needs)))
                    found[service, kind].append(giver)
                    found["", kind].append(giver)
        return {
            key: sorted(givers, key=lambda giver: giver.merit)[:MOST_GIVERS] for key, givers in found.items()
        }


def fused(*rankings: Sequence[str]) -> list[str]:
    """Return what is in any of the rankings, best first, by the sum of 1 / (60 + its rank) over them.

    Reciprocal rank fusion: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and
    individual rank learning methods", SIGIR 2009. Equals keep the order in which they came.
    """
    scores: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] += 1 / (FUSION + rank)
    return sorted(scores, key=lambda name: -scores[name])


@lru_cache(maxsize=4)
def index_of(catalog: Catalog) -> Index:
    """Return the index of a catalogue; it is built when it is first asked for."""
    return Index(catalog.operations)


def _texts(operation: Operation, signature: Signature) -> tuple[str, str, str, str]:
    binding = operation.binding
    path = binding.path if isinstance(binding, HttpBinding) else ""
    names = [word for part in (operation.name, path) for word in words(part)]
    arguments = [word for name in operation.input.get("properties", {}) for word in words(name)]
    given = {kind for field in signature.fields for kind in field.kinds} | signature.listed
    answers = {word for kind in given for word in words(kind)}
    return (
        " ".join([*names, *map(singular, names)]),
        operation.summary,
        " ".join(arguments),
        " ".join(answers),
    )
