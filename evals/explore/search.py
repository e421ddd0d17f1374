"""The search: every path of a workflow within bounds, level by level of faults, each state once."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from evals import invariants
from evals.clock import contained
from evals.errors import EvalError
from evals.explore import fingerprint
from evals.explore.findings import Findings, Found
from evals.explore.graph import Edge
from evals.explore.play import Play
from evals.explore.points import Beside, Halted, Move, Point, Unlike
from evals.explore.scenarios import Scenario
from evals.explore.state import State
from evals.explore.subject import Subject
from evals.history import History
from evals.invariants import Violation
from graphs.runner import Ended
from planner.errors import PlannerError
from tools.errors import ToolError

CHECK_SHARE = 0.05
"""Share of the pruned states that are compared with their likes."""

Judge = Callable[[History], Iterator[Violation]]
Mark = Callable[[Play, Point], bytes]


class Bounds(NamedTuple):
    """How far the search goes."""

    faults: int = 2
    """Things that go wrong on one path."""
    states: int = 100_000
    """States in all."""
    steps: int = 200
    """Visits of steps on one path."""
    seconds: float = 600.0
    """Real time in all."""


class Work(NamedTuple):
    """A state from which one way is still to be taken."""

    source: int
    moves: tuple[Move, ...]
    state: State
    preset: tuple[Point, int] | None
    scenario: Scenario


class Pruned(NamedTuple):
    """A state that was not explored, since one with its fingerprint was."""

    node: int
    point: Point
    state: State
    scenario: Scenario


class Search(Findings):
    """One search; afterwards its fields tell what was found."""

    def __init__(
        self,
        subject: Subject,
        bounds: Bounds,
        *,
        judge: Judge | None = None,
        mark: Mark = fingerprint.fingerprint,
        check_share: float = CHECK_SHARE,
        only: Sequence[str] = (),
    ) -> None:
        """Prepare a search.

        Args:
            subject: what is explored.
            bounds: how far.
            judge: what must be true of every path; the default invariants and the workflow's own unless told.
            mark: what tells states apart.
            check_share: the share of pruned states whose next moves are compared with those of their likes.
            only: names of the invariants that are looked at; all unless told.
        """
        super().__init__()
        self.subject, self.bounds = subject, bounds
        self.judge: Judge = judge or self._violations
        self._only = frozenset(only)
        self._checks = {name: check for name, check in invariants.DEFAULT.items() if self._counts(name)}
        self._fingerprint = mark
        self.pruned: list[Pruned] = []
        self._queues: list[deque[Work]] = [deque() for _ in range(bounds.faults + 1)]
        self._states: dict[bytes, int] = {}
        self._work: Work | None = None
        self._level = 0
        self._source = 0
        self._moves: tuple[Move, ...] = ()
        self._draw = random.Random(7)  # noqa: S311 - which states are checked, not a secret
        self._share = check_share
        self._began = time.perf_counter()

    def run(self) -> None:
        """Search until all is explored within the bounds, a violation is found, or a bound cuts it off."""
        for level in range(self.bounds.faults + 1):
            if not self.explore(level):
                break
        self.finish()

    def explore(self, level: int) -> bool:
        """Explore what takes so many faults, and tell whether to go on with one more."""
        self._level = level
        if level == 0:
            begun = ((self.graph.root(), scenario) for scenario in self.subject.scenarios)
            self._queues[0] += (Work(root, (), State(), None, scenario) for root, scenario in begun)
        with contained():
            cut = asyncio.run(self._explore())
        if cut is not None:
            self.reasons.append(cut)
            return False
        self.levels = level
        if self.found and level < self.bounds.faults:
            self.reasons.append(f"stopped at {level} faults, where a violation was found")
        return not self.found

    def finish(self) -> Findings:
        """Compare a share of the pruned states with their likes, and return what was found."""
        with contained():
            asyncio.run(self._compare())
        self.seconds = time.perf_counter() - self._began
        return self.told()

    @property
    def waiting(self) -> int:
        """How many ways are left to be taken with one more fault."""
        return sum(map(len, self._queues[self._level + 1 : self._level + 2]))

    @property
    def invariants(self) -> tuple[str, ...]:
        """Names of what must be true of every path."""
        names = (name for name in named(self.subject) if name not in invariants.STOPS)
        return tuple(name for name in names if self._counts(name))

    def _violations(self, history: History) -> Iterator[Violation]:
        yield from invariants.violations(history, self._checks)
        yield from (each for each in self.subject.rules.violations(history) if self._counts(each.invariant))

    def _counts(self, name: str) -> bool:
        return not self._only or name in self._only

    async def _explore(self) -> str | None:
        """Take every way of this level; return why that was cut short, or None."""
        queue = self._queues[self._level]
        while queue:
            cut = self._cut()
            if cut is not None:
                return cut
            await self._take(queue.popleft())
        return None

    def _cut(self) -> str | None:
        if self.states >= self.bounds.states:
            return f"the bound of {self.bounds.states} states was reached"
        if time.perf_counter() - self._began > self.bounds.seconds:
            return f"the bound of {self.bounds.seconds:g} seconds was reached"
        return None

    async def _take(self, work: Work) -> None:
        """Go one way from a state, and on along what is benign, until something known is met."""
        random.seed(7)
        self.runs += 1
        self._work, self._source, self._moves = work, work.source, work.moves
        play = Play(self.subject, work.scenario, self, state=work.state, preset=work.preset)
        try:
            ended = await play.run()
        except Halted:
            pass
        except (PlannerError, ToolError, EvalError, Unlike) as exc:
            self._broke_off(exc, play)
        else:
            await self._end(play, ended)
        self.cover(play)

    def choose(self, play: Play, point: Point) -> int:
        """Note a point, leave its other options for later and go on with the first."""
        self._stop_if_violated(play)
        node, is_new = self._arrive(play, point)
        if not is_new:
            self._sample(node, play, point)
            raise Halted
        state = play.at_choice(point)
        for place, option in enumerate(point.options):
            level = self._level + option.faults
            move = Move(point.kind, point.label, option.name, option.faults)
            if place and level <= self.bounds.faults:
                self._queues[level].append(Work(node, (move,), state, (point, place), self._scenario))
        first = point.options[0]
        self._source, self._moves = node, (Move(point.kind, point.label, first.name, first.faults),)
        return 0

    def crash(self, play: Play, crash: Beside) -> bool:
        """Leave the crash or cancelling for later, and go on as if there were none."""
        self.crashes.add(f"{crash.move.kind} {crash.move.label}")
        if self._level + 1 <= self.bounds.faults:
            moves = (*self._moves, crash.move)
            self._queues[self._level + 1].append(
                Work(self._source, moves, play.after(crash), None, self._scenario)
            )
        return False

    @property
    def _scenario(self) -> Scenario:
        if self._work is None:
            raise RuntimeError("no path is being taken")
        return self._work.scenario

    def _arrive(self, play: Play, point: Point) -> tuple[int, bool]:
        """Return the node of the state at a point, and whether it is new."""
        mark = self._marked(play, point)
        node = self._states.get(mark)
        is_new = node is None
        if node is None:
            node = self._states[mark] = self.graph.add(point)
            self.states += 1
        self._connect(play, node)
        return node, is_new

    def _marked(self, play: Play, point: Point) -> bytes:
        return self._fingerprint(play, point) + self._scenario.name.encode()

    def _connect(self, play: Play, node: int) -> None:
        used, play.used = play.used, type(play.used)()
        self.graph.connect(Edge(self._source, node, self._moves, used))

    def _stop_if_violated(self, play: Play, ended: Ended | None = None) -> None:
        history = play.history(ended)
        for violation in self.judge(history):
            self._violate(violation, play)
            raise Halted
        if play.ctx is not None and len(play.ctx.trail) > self.bounds.steps:
            self._violate(Violation("ends", f"the run has not ended after {self.bounds.steps} steps"), play)
            raise Halted

    def _violate(self, violation: Violation, play: Play) -> None:
        if not self._counts(violation.invariant):
            self.reasons.append(f"a path was cut short: {violation.message}")
            return
        node = self.graph.end(f"{violation} {len(self.found)}".encode(), "violated")
        self._connect(play, node)
        self.found.append(Found(violation, node, self._level, self._scenario))

    async def _end(self, play: Play, ended: Ended) -> None:
        try:
            self._stop_if_violated(play, ended)
        except Halted:
            return
        mark = fingerprint.end(play, ended)
        if ended.status != "waiting" and not self.graph.knows(mark) and self._counts("replays-alike"):
            await self._once_more(play, ended)
        self._connect(play, self.graph.end(mark, ended.status))

    async def _once_more(self, play: Play, ended: Ended) -> None:
        """Run the whole journal again: it must end alike, and call and ask nobody."""
        units = tuple(unit for unit in play.state.units if unit.entry.entry.kind != "finished")
        guide = _Nobody()
        state = play.state._replace(units=units, waiting=None, ledger=None)
        again = Play(self.subject, self._scenario, guide, state=state)
        try:
            found = await again.execute()
        except Halted:
            found = None
        if found != ended:
            message = f"the run ended as {ended.status}, and from its own journal as {found and found.status}"
            self._violate(Violation("replays-alike", message), play)

    def _broke_off(self, error: Exception, play: Play) -> None:
        if isinstance(error, (EvalError, Unlike)):
            self.reasons.append(str(error))
        else:
            self._violate(Violation("breaks-off", f"{type(error).__name__}: {error}"), play)

    def _sample(self, node: int, play: Play, point: Point) -> None:
        if self._draw.random() < self._share:
            state = play.at_choice(point)
            self.pruned.append(Pruned(node, point, state, self._scenario))

    async def _compare(self) -> None:
        """Go one way on from pruned states, and see that it leads where it did from those they count as."""
        for pruned in self.pruned:
            known = {
                edge.moves[0].option: edge
                for edge in self.graph.out.get(pruned.node, ())
                if len(edge.moves) == 1
            }
            ways = [place for place, option in enumerate(pruned.point.options) if option.name in known]
            if not ways:
                continue
            place = self._draw.choice(ways)
            edge = known[pruned.point.options[place].name]
            target = await self._follow(pruned, place)
            self.checked += 1
            if self.graph.ends.get(edge.target) != "violated" and target != edge.target:
                told = f"{pruned.point.kind} {pruned.point.label}: {edge.moves[0].option}"
                self.reasons.append(
                    f"two states that count as one go different ways at {told}; they must not"
                )

    async def _follow(self, pruned: Pruned, place: int) -> int | None:
        """Return the known state to which a way leads from a pruned one."""
        random.seed(7)
        self._work = Work(pruned.node, (), pruned.state, None, pruned.scenario)
        probe = _Probe(self._marked)
        play = Play(self.subject, pruned.scenario, probe, state=pruned.state, preset=(pruned.point, place))
        try:
            ended = await play.run()
        except Halted:
            return self._states.get(probe.mark)
        except (PlannerError, ToolError, EvalError, Unlike):
            return None
        return self.graph.end(fingerprint.end(play, ended), ended.status)

    def cover(self, play: Play) -> None:
        """Note what a path came past."""
        history = play.history()
        self.activated.update(invariants.activated(history))
        self.applied.update(call.operation for call in history.calls if call.applied)
        self.sites.update((call.path, call.operation, call.told) for call in history.calls if call.path)
        self.edges |= play.edges
        self.reasons.extend(each for each in play.unknown if each not in self.reasons)
        if play.ctx is not None:
            self.steps.update(play.ctx.trail)
        for made in play.state.decisions[-3:]:
            point = str(made["path"])
            offered = (option["id"] for option in made["options"] if option["available"])
            self.offered.setdefault(point, set()).update(offered)
            self.chosen.setdefault(point, set()).add(str(made["choice"]))


def named(subject: Subject) -> tuple[str, ...]:
    """Return the names of all that must be true of every path of a subject."""
    return (*invariants.DEFAULT, *invariants.STOPS, *(rule.name for rule in subject.rules.rules))


class _Probe:
    """Goes as far as the next point."""

    def __init__(self, marked: Mark) -> None:
        self._marked = marked
        self.mark = b""

    def choose(self, play: Play, point: Point) -> int:
        """Note the state and halt."""
        self.mark = self._marked(play, point)
        raise Halted

    def crash(self, _play: Play, _crash: Beside) -> bool:
        """Go on."""
        return False


class _Nobody:
    """Is asked nothing: whoever is asked halts the path."""

    def choose(self, _play: Play, _point: Point) -> int:
        """Halt."""
        raise Halted

    def crash(self, _play: Play, _crash: Beside) -> bool:
        """Go on."""
        return False
