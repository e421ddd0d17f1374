"""Turns: which of several branches side by side makes its next call; every order that could matter is taken.

A call in a branch waits until no branch can go on without calling. Where the call that one of them is about
to make can make no difference to any that the others could still make, it goes on alone: all orders come to
the same. Otherwise each of them may.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import NamedTuple, Protocol

from evals.explore.points import Kind, Option
from evals.explore.state import State
from evals.rules import Rules
from graphs import blocks, pinning
from graphs.blocks import Program
from graphs.context import Frame, around
from planner.definition import Call, Foreach, Parallel, RunWorkflow
from tools.catalog import Catalog
from tools.operations import Operation

_ORDERED = frozenset({"effects", "decisions"})
"""What an invariant of a workflow may look at that shows which of two branches was first."""

BESIDE = "side by side"
"""Label of the point at which one of several branches goes on."""


class Orders:
    """Which calls in branches side by side make a difference to each other."""

    def __init__(
        self, programs: Mapping[str, Program], catalog: Catalog, rules: Rules, *, takes_all: bool = False
    ) -> None:
        """Prepare.

        Args:
            programs: the workflow's and those that it runs, by reference.
            catalog: what the services really do.
            rules: the invariants that the workflow declares for itself.
            takes_all: whether calls count as making a difference whatever they are.
        """
        self._programs, self._catalog = programs, catalog
        self._sees_order = not _ORDERED.isdisjoint(rules.seen)
        self._takes_all = takes_all
        self._called: dict[int, frozenset[str]] = {}

    @cached_property
    def matter(self) -> bool:
        """Whether any two calls side by side make a difference to each other."""
        return any(self._matter(program.body) for program in self._programs.values())

    def clash(self, operation: str, others: Collection[str]) -> bool:
        """Tell whether a call makes a difference to any of others that a branch beside it may make."""
        return any(self._clash(operation, other) for other in others)

    def called(self, sequence: blocks.Sequence) -> frozenset[str]:
        """Return the operations that the steps of a sequence may call, without what looks them up."""
        if id(sequence) not in self._called:
            self._called[id(sequence)] = self._calls(sequence, 0)
        return self._called[id(sequence)]

    def _calls(self, sequence: blocks.Sequence, depth: int) -> frozenset[str]:
        found: set[str] = set()
        for node in sequence.nodes.values():
            if isinstance(node.step, Call):
                found |= {node.step.call, *(each.call for each in node.step.substitutes)}
            elif isinstance(node.step, RunWorkflow) and depth < len(self._programs):
                program = self._programs[pinning.reference(node.step)]
                found |= self._calls(program.body, depth + 1)
            for nested in node.children.values():
                found |= self._calls(nested, depth)
        return frozenset(found)

    def _matter(self, sequence: blocks.Sequence) -> bool:
        for node in sequence.nodes.values():
            branches = list(node.children.values())
            if isinstance(node.step, Foreach) and node.step.concurrency > 1:
                branches *= 2
            beside = isinstance(node.step, (Parallel, Foreach)) and any(
                self.clash(operation, self.called(other))
                for one, other in combinations(branches, 2)
                for operation in self.called(one)
            )
            if beside or any(map(self._matter, node.children.values())):
                return True
        return False

    def _clash(self, one: str, other: str) -> bool:
        if self._takes_all:
            return True
        left, right = self._catalog.operation(one), self._catalog.operation(other)
        if left.effect == right.effect == "read" and not (left.reconcile or right.reconcile):
            return False
        return self._sees_order or not _books(left).isdisjoint(_books(right))


def _books(operation: Operation) -> frozenset[str]:
    """Return which books a call is answered by, or stands in: those that what looks it up reads.

    Equal calls of an idempotent operation stand for each other, whichever comes first.
    """
    read = {operation.name} if operation.effect == "read" else set[str]()
    looked_up = set[str]() if operation.reconcile is None else {operation.reconcile.call}
    return frozenset(read | looked_up)


class Path(Protocol):
    """What turns know of a path."""

    state: State

    def choose(self, kind: Kind, label: str, options: Sequence[Option]) -> Option:
        """Return the option that is taken at a point."""
        ...


class _Waiting(NamedTuple):
    """A call that is about to be made."""

    operation: str
    told: asyncio.Future[bool]
    """Comes to true where this branch is the one to find out who goes on, and to false where it goes on."""


class Turns:
    """Who goes on in one execution."""

    def __init__(self, path: Path, orders: Orders) -> None:
        self._path, self._orders = path, orders
        self._live: dict[str, Frame] = {}
        """Sequences on their way, by prefix."""
        self._waiting: dict[str, _Waiting] = {}
        """By the path of what is called."""

    def enter(self, frame: Frame) -> None:
        """Note that a sequence begins."""
        self._live[frame.prefix] = frame

    def leave(self, frame: Frame) -> None:
        """Note that a sequence is over, or waits for something else than its turn."""
        del self._live[frame.prefix]
        self._look_soon()

    async def wait(self, path: str, operation: str) -> None:
        """Return when it is the turn of a call; at once for one that stands in no other step, or takes back.

        What stands beside a call may not have begun yet.
        """
        if not around(path) or around(path) not in self._live:
            return
        is_asked = await self._stand(path, operation)
        while is_asked:
            following = self._next()
            if following == path:
                break
            again = self._stand(path, operation)
            self._waiting.pop(following).told.set_result(False)
            is_asked = await again
        self._waiting.pop(path, None)

    def _stand(self, path: str, operation: str) -> asyncio.Future[bool]:
        told = asyncio.get_running_loop().create_future()
        is_new = path not in self._waiting
        self._waiting[path] = _Waiting(operation, told)
        if is_new:
            self._look_soon()
        return told

    def _look_soon(self) -> None:
        """Look once those that were begun together have all begun."""
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Have one of the branches find out who goes on, once none can go on without."""
        if not self._waiting or any(map(self._is_going, self._live)):
            return
        told = self._waiting[min(self._waiting)].told
        if not any(each.told.done() for each in self._waiting.values()):
            told.set_result(True)

    def _is_going(self, prefix: str) -> bool:
        """Tell whether a sequence goes on: it neither waits for its turn nor for what it holds."""
        if any(around(path) == prefix for path in self._waiting):
            return False
        return not any(_is_within(other, prefix) for other in self._live)

    def _next(self) -> str:
        """Return the path of the call that is made next."""
        state = self._path.state
        if state.turn in self._waiting:
            return state.turn
        able = sorted(self._waiting)
        alone = next((path for path in able if self._is_alone(path)), None)
        if alone is None and len(able) > 1:
            alone = self._path.choose("turn", BESIDE, [Option(path, value=path) for path in able]).value
        following = able[0] if alone is None else alone
        self._path.state = self._path.state._replace(turn=following)
        return following

    def _is_alone(self, path: str) -> bool:
        """Tell whether a call makes no difference to any that is still to come beside it."""
        operation = self._waiting[path].operation
        others = (self._live[prefix] for prefix in self._beside(around(path)))
        return not any(self._orders.clash(operation, self._orders.called(each.sequence)) for each in others)

    def _beside(self, prefix: str) -> Iterator[str]:
        """Yield the prefixes of sequences that go on beside one, and neither hold it nor stand in it."""
        return (
            other
            for other in self._live
            if other != prefix and not _is_within(prefix, other) and not _is_within(other, prefix)
        )


def _is_within(inner: str, outer: str) -> bool:
    return inner != outer and inner.startswith(outer)
