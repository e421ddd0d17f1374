"""The sweep: `python -m examples.shop.sweep [--quick]` kills runs at every point.

For every scenario of the shop's workflows, every commit and every call, a real process is killed there by
SIGKILL; another one takes the run up from the journal. The services' own books are the judge: every effect
happened once, what nobody can find out is put to a person, and a run that failed was taken back in reverse.
Pairs of positions kill the one that took the run up as well. The last line is JSON.
"""

import argparse
import contextlib
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, NamedTuple

import httpx
import uvicorn

from examples.shop import hosting, victims
from examples.shop.homes import HOMES, Home
from examples.shop.service import SERVICES
from examples.shop.victims import CALLING, Blow, Counted, Scenario, Stage
from graphs.wiring import Opened
from planner import effects
from planner.store import journal, open_database, runs
from planner.testing import free_port

QUICK = 30
"""Positions of a quick sweep, spread over all scenarios by a seed; a fifth of them are pairs."""
PAIRS = 200
"""Pairs of positions in a whole sweep at most, spread likewise."""
SEED = 7
TOLD_EVERY = 50
START_SECONDS = 30.0
TAKING_UP_SECONDS = 20.0
"""How long another process tries to take up a run whose process is paused."""
BASKET = {
    "customer": "barbara@example.com",
    "lines": [{"sku": "mug", "quantity": 2}, {"sku": "beans", "quantity": 1}],
}
LARGE = {**BASKET, "lines": [{"sku": "grinder", "quantity": 1}, {"sku": "mug", "quantity": 36}]}
LOST = {"kind": "timeout_after", "seconds": 5}
SCENARIOS = (
    Scenario("checkout", "checkout", BASKET),
    Scenario(
        "checkout that cannot be sent",
        "checkout",
        BASKET,
        # Refused as often as it is sent: one that nobody recorded is sent again.
        faults=({"operation": "shipping.createShipment", "kind": "refuse", "times": 99},),
    ),
    Scenario("checkout that a person declines", "checkout", LARGE, person="decline"),
    Scenario("checkout that a person accepts", "checkout", LARGE, person="accept"),
    Scenario(
        "late-order, refund unanswered",
        "late-order",
        {"order_id": "o-1001"},
        model={"resolve": "refund", "refund": "reconcile"},
        faults=({"operation": "payments.refund", **LOST},),
    ),
    Scenario(
        "late-order, nobody can find out",
        "late-order",
        {"order_id": "o-1001"},
        model={"resolve": "refund"},
        blind=True,
    ),
    Scenario("late-order, sent again", "late-order", {"order_id": "o-1004"}, model={"resolve": "reship"}),
    Scenario("late-order, a person refunds", "late-order", {"order_id": "o-1002"}, person="refund"),
    Scenario("incident, rolled back", "incident-triage", {"incident_id": "i-301"}, model={"act": "rollback"}),
    Scenario("incident, team woken", "incident-triage", {"incident_id": "i-304"}, model={"act": "page"}),
    Scenario(
        "notice",
        "notify-customer",
        {"to": "ada@example.com", "template": "confirmed", "subject": "order o-1001"},
    ),
)


Sabotage = Callable[[Opened], None]


class Judged(NamedTuple):
    """What became of a run whose processes were killed at one position each."""

    scenario: str
    blows: tuple[Blow, ...]
    duplicates: int
    losses: int
    surfaced: bool
    """Whether nobody could find out what became of a call, and a person is asked."""
    words: str = ""


class World:
    """The services, and databases for runs."""

    def __init__(self, base: str, home: Home, sabotage: Sabotage | None) -> None:
        self._base, self._home, self._sabotage = base, home, sabotage
        self._services = {name: f"{base}/{name}" for name in SERVICES}

    @contextlib.contextmanager
    def fresh(self, scenario: Scenario) -> Iterator[Stage]:
        """Begin the services' books anew, and yield them with an empty database."""
        httpx.post(f"{self._base}/reset", json=list(scenario.faults)).raise_for_status()
        with self._home.fresh() as url:
            yield Stage(url, self._services, self._sabotage)

    def effects(self) -> list[str]:
        """Return every effect that the services applied, in order."""
        found: list[str] = httpx.get(f"{self._base}/effects").json()
        return found


class Whole(NamedTuple):
    """A scenario that nobody disturbed."""

    scenario: Scenario
    counted: Counted
    effects: Counter[str]

    @property
    def blows(self) -> list[Blow]:
        """Every position at which its process can be killed."""
        commits = [
            Blow(moment, n)
            for n in range(1, self.counted.commits + 1)
            for moment in (*victims.PAUSES.keys(), *victims.PAUSES.values())
        ]
        calls = [Blow(moment, n) for n in range(1, self.counted.calls + 1) for moment in CALLING]
        return commits + calls

    def pair(self, dice: random.Random) -> tuple[Blow, Blow]:
        """Return a position at which the process is killed, and one for whoever takes its run up."""
        first = dice.choice([each for each in self.blows if each.kills])
        left = 1 - first.nth / self._last(first)
        return first, dice.choice([each for each in self.blows if each.nth <= 1 + left * self._last(each)])

    def _last(self, blow: Blow) -> int:
        return self.counted.calls if blow.moment in CALLING else self.counted.commits


class Place(NamedTuple):
    """Where the processes of one run are struck, one after the other."""

    expected: Whole
    blows: tuple[Blow, ...]


def whole(scenario: Scenario, world: World) -> Whole:
    """Return what a scenario comes to where nobody disturbs it."""
    with world.fresh(scenario) as stage:
        counted = victims.fork(scenario, stage)
    if counted is None:
        raise victims.Failed(f"the process of {scenario.name} was killed by somebody else")
    return Whole(scenario, counted, Counter(world.effects()))


def judged(place: Place, world: World) -> Judged | None:
    """Strike the processes, have another take the run up, and judge; None where one never came there."""
    (expected, blows), scenario = place, place.expected.scenario
    with world.fresh(scenario) as stage:
        try:
            end = _end(scenario, stage, blows)
        except victims.Failed as failed:
            return Judged(scenario.name, blows, 0, 1, surfaced=False, words=str(failed))
        return end and _judged(expected, blows, end, Counter(world.effects()), _order(stage.url))


def _end(scenario: Scenario, stage: Stage, blows: Sequence[Blow]) -> Counted | None:
    """Return what the last process came to; None where one of those before never came to its position."""
    end = None
    for blow in blows:
        came, end = _struck(scenario, stage, blow)
        if not came:
            return None
    end = end or victims.fork(scenario, stage)
    if end is None:
        raise victims.Failed("the process that took it up was killed by somebody else")
    return end


class _Struck(NamedTuple):
    came: bool
    """Whether the process came to the position."""
    end: Counted | None
    """What the one came to that took the run up while it was paused."""


def _struck(scenario: Scenario, stage: Stage, blow: Blow) -> _Struck:
    """Kill or pause the process there; while it is paused, another takes the run up."""
    paused, after = [False], []

    def take_up() -> None:
        paused[0] = True
        # One that was paused in the midst of a commit may keep all others out until it goes on.
        with contextlib.suppress(victims.Failed):
            after.append(victims.fork(scenario, stage, patience=TAKING_UP_SECONDS))

    came = True
    try:
        came = victims.fork(scenario, stage, blow, meanwhile=take_up) is None
    except victims.Failed:
        # One that goes on after a pause may find its database locked, and leaves its run to others.
        if not paused[0]:
            raise
    return _Struck(came or paused[0], after[0] if after else None)


def _judged(
    expected: Whole, blows: tuple[Blow, ...], after: Counted, found: Counter[str], order: str
) -> Judged:
    name, wanted = expected.scenario.name, expected.effects
    duplicates = sum((found - wanted).values())
    surfaced = after.asked == "unknown"
    if surfaced:
        return Judged(name, blows, duplicates, 0, surfaced=True)
    lost = sum((wanted - found).values())
    same = (after.status, bool(after.output)) == (expected.counted.status, bool(expected.counted.output))
    words = "" if same else f"it ended as {after.status}, not as {expected.counted.status}"
    if duplicates or lost:
        words = f"{words} found {dict(found)}, wanted {dict(wanted)}".strip()
    return Judged(
        name, blows, duplicates, lost + (not same) + bool(order), surfaced=False, words=words or order
    )


def _order(url: str) -> str:
    """Return in words what was taken back in another order than it was done in reverse."""
    with open_database(url) as store:
        (run,) = store.read_sync(runs.page).items
        made = effects.effects(store.read_sync(journal.entries, run.id))
    began = {(each.path, each.visit): place for place, each in reversed(list(enumerate(made)))}
    undone = [each for each in made if each.undoes is not None and each.state == "applied"]
    places = [began[each.undoes, each.visit] for each in undone if (each.undoes, each.visit) in began]
    # Items of one foreach are done side by side, so their order says nothing.
    outer = [made[place].path.partition("[")[0] for place in places]
    first = {path: place for place, path in zip(reversed(places), reversed(outer), strict=True)}
    told = list(dict.fromkeys(outer))
    return (
        ""
        if [first[each] for each in told] == sorted((first[each] for each in told), reverse=True)
        else (f"it was taken back in the order {told}")
    )


@contextlib.contextmanager
def hosted() -> Iterator[str]:
    """Run the services in a process of their own, and yield where they are."""
    port = free_port()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base)
        yield base
    finally:
        process.terminate()
        process.join()


def _serve(port: int) -> None:
    config = uvicorn.Config(
        hosting.Hosted().application(), port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run()


def _wait(base: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{base}/effects").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the services did not come up within {START_SECONDS:g} s")


def sweep(
    scenarios: Sequence[Scenario],
    *,
    positions: int | None = None,
    pairs: int = 0,
    database: str = "sqlite",
    jobs: int = 1,
    sabotage: Sabotage | None = None,
) -> list[Judged]:
    """Return what became of every position, or of so many of them; `sabotage` breaks the engine first."""
    with _world(database, None) as world:
        expected = [whole(scenario, world) for scenario in scenarios]
    places = _places(expected, positions, pairs)
    if jobs == 1:
        return _swept(places, database, sabotage)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        swept = [pool.submit(_swept, places[n::jobs], database, sabotage) for n in range(jobs)]
        return [each for share in as_completed(swept) for each in share.result()]


def _places(expected: Sequence[Whole], positions: int | None, pairs: int) -> list[Place]:
    dice = random.Random(SEED)  # noqa: S311 - a choice to be repeated
    places = [Place(each, (blow,)) for each in expected for blow in each.blows]
    if positions is not None and positions < len(places):
        places = dice.sample(places, positions)
    doubled = [dice.choice(expected) for _ in range(min(pairs, len(places)))]
    return places + [Place(each, each.pair(dice)) for each in doubled]


def _swept(places: Sequence[Place], database: str, sabotage: Sabotage | None) -> list[Judged]:
    found = []
    with _world(database, sabotage) as world:
        for number, place in enumerate(places, 1):
            found.append(judged(place, world))
            if number % TOLD_EVERY == 0:
                print(f"{number} of {len(places)} positions", file=sys.stderr, flush=True)
    return [each for each in found if each is not None]


@contextlib.contextmanager
def _world(database: str, sabotage: Sabotage | None) -> Iterator[World]:
    with hosted() as base, HOMES[database]() as home:
        yield World(base, home, sabotage)


def summary(
    found: Sequence[Judged], scenarios: Sequence[Scenario], *, database: str, seconds: float
) -> dict[str, Any]:
    """Return the figures of the last line."""
    return {
        "database": database,
        "workflows": len({each.workflow for each in scenarios}),
        "positions": len(found),
        "pairs": sum(len(each.blows) > 1 for each in found),
        "duplicates": sum(each.duplicates for each in found),
        "losses": sum(each.losses for each in found),
        "unknown_surfaced": sum(each.surfaced for each in found),
        "seconds": round(seconds, 1),
    }


def report(found: Sequence[Judged]) -> Iterator[str]:
    """Yield a line a scenario, and one for everything that is wrong."""
    for name in dict.fromkeys(each.scenario for each in found):
        mine = [each for each in found if each.scenario == name]
        wrong = sum(each.duplicates + each.losses for each in mine)
        surfaced = sum(each.surfaced for each in mine)
        yield f"{name:<34}{len(mine):>5} positions{surfaced:>5} to a person{wrong:>5} wrong"
    for each in found:
        if each.duplicates or each.losses:
            places = ", then ".join(f"{blow.moment} {blow.nth}" for blow in each.blows)
            yield f"{each.scenario}, struck {places}: {each.words}"


def main(arguments: Sequence[str]) -> int:
    """Sweep, and return 0 where nothing happened twice and nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m examples.shop.sweep", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} positions, spread over all scenarios")
    parser.add_argument("--only", help="scenarios whose name begins so")
    parser.add_argument("--database", choices=HOMES, default="sqlite", help="where runs are kept")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="positions swept at once")
    given = parser.parse_args(arguments)
    chosen = [each for each in SCENARIOS if each.name.startswith(given.only or "")]
    began = time.monotonic()
    pairs = QUICK // 5 if given.quick else PAIRS
    found = sweep(
        chosen,
        positions=QUICK - pairs if given.quick else None,
        pairs=pairs,
        database=given.database,
        jobs=given.jobs,
    )
    for line in report(found):
        print(line)
    figures = summary(found, chosen, database=given.database, seconds=time.monotonic() - began)
    print(json.dumps(figures))
    return 1 if figures["duplicates"] or figures["losses"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
