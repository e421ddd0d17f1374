"""Whatever the services, the model and people do, and wherever a process dies, the engine keeps its word.

Random small workflows run over random scripts; what every run must fulfil is checked on its journal and on
what the services truly did.
"""

import asyncio
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from graphs import compile as compiling
from graphs import driver, runner
from graphs.testing import START, Bench, Crashed
from planner import bodies
from planner.decisions import Answer, Attempt, Confidence, Decision, Usage, ids
from planner.definition import Workflow, walk
from planner.effects import effects, standing
from planner.errors import DecisionClosed, StoreUnavailable
from planner.journal import Numbered
from planner.runs import PersonAnswer
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import FunctionBinding, Operation, Reconcile, Retry, Undo
from tools.outcomes import Outcome

FEW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
LOOK = Reconcile(
    call="shop.find", with_={"tag": "${input.tag}"}, applied_when="found.yes", output="${found.was}"
)
QUICK = Retry(attempts=2, initial=timedelta(seconds=0.1), jitter=False)


def operation(name, effect, undo=None, **more):
    back = None if undo is None else Undo(call=undo, with_={"tag": "undo/${input.tag}", "id": "${output.id}"})
    fields = {"name": name, "service": "shop", "effect": effect, "retry": QUICK, "undo": back}
    return Operation(**fields | more, binding=FunctionBinding(target="nowhere:nothing"))


OPERATIONS = {
    each.name: each
    for each in (
        operation("shop.look", "read"),
        operation("shop.find", "read"),
        operation("shop.mark", "idempotent", "shop.unmark"),
        operation("shop.unmark", "write"),
        operation("shop.reserve", "keyed", "shop.release", reconcile=LOOK),
        operation("shop.release", "keyed"),
        operation("shop.pay", "write", "shop.refund", reconcile=LOOK),
        operation("shop.refund", "idempotent", reconcile=LOOK),
        operation("shop.ship", "write", "shop.recall"),
        operation("shop.recall", "write", reconcile=LOOK),
        operation("shop.blind", "write"),
        operation("shop.mail", "irreversible", reconcile=LOOK),
    )
}
CATALOG = Catalog(OPERATIONS, {"shop": Service(name="shop")})
FORWARD = ("shop.look", "shop.mark", "shop.reserve", "shop.pay", "shop.ship", "shop.blind", "shop.mail")
ONCE = {name for name, each in OPERATIONS.items() if not each.repeatable}

# --- workflows -------------------------------------------------------------------------------------------


class Author:
    """Writes random small workflows, as validation would accept them.

    Every call has a tag that tells it apart from every other call of the run, in loops and items too.
    """

    def __init__(self, chance):
        self.pick, self.chance = chance.choice, chance

    def often(self, percent):
        return self.chance.randrange(100) < percent

    def script(self, *, is_calm=False, has_troubles=False):
        kinds = BEHAVIOURS[:-2] if is_calm else BEHAVIOURS
        troubles: dict[str, Any] = {}
        if has_troubles:
            troubles["crashes"] = self.some(range(1, 40), 0, 3)
            troubles["outages"] = self.some(range(1, 40), 0, 2)
            troubles["cancel_at"] = self.pick([1, 2, 3]) if self.often(25) else None
        return Script(
            behaviours=self.some(kinds, 3, 10),
            replies=self.some(REPLIES, 1, 4),
            answers=self.some(ANSWERS, 1, 4),
            items=self.pick([0, 1, 2, 3]),
            idle=self.pick([0, 1, 2, 3]),
            is_tight=not is_calm and self.often(50),
            **troubles,
        )

    def some(self, choices, fewest, most):
        return tuple(self.pick(choices) for _ in range(self.pick(range(fewest, most + 1))))

    def workflows(self):
        last = {"last": {"fail": "enough"}} if self.often(50) else {}
        main = {
            "workflow": "main",
            "on_failure": self.pick(["undo", "undo", "undo", "keep"]),
            "budget": {"model_calls": self.pick([None, None, None, 0, 3])},
            "steps": self.sequence("m", 2) | last,
        }
        child = {
            "workflow": "child",
            "steps": self.sequence("${input.tag}", 0),
            "output": self.pick([None, {"id": "1"}, "${input.nothing}"]),
        }
        return Workflow.model_validate(main), Workflow.model_validate(child)

    def sequence(self, tag, depth, *, in_foreach=False):
        names = [f"s{n}" for n in range(self.pick([2, 3, 4] if depth == 2 else [1, 2]))]
        kinds = ["call"] * 9 + ["decide", "decide", "switch", "set", "wait", "fail", "loop"]
        if depth:
            kinds += ["parallel", "parallel", "run", "call" if in_foreach else "foreach"]
        steps: dict[str, Any] = {}
        for place, name in enumerate(names):
            kind, here, later = self.pick(kinds), f"{tag}.{name}", names[place + 1 :]
            if kind == "loop":
                steps |= self.loop(here, name, depth)
                continue
            if kind in {"parallel", "foreach", "run"}:
                steps[name] = self.nested(kind, here, depth, in_foreach=in_foreach)
            else:
                steps[name] = getattr(self, kind)(here, later)
            if self.often(15):
                steps[name]["if"] = self.pick(["true", "false", f"has({names[0]}.id)"])
        return steps

    def call(self, tag, _later=()):
        step: dict[str, Any] = {"call": self.pick(FORWARD), "with": {"tag": tag}}
        if self.often(25):
            pause = self.pick(["PT0.1S", "PT10S"])
            attempts = self.pick([1, 2, 3])
            step["retry"] = {"attempts": attempts, "initial": pause, "max": pause, "jitter": False}
        if self.often(50):
            step["recover"] = self.recover()
        if self.often(60):
            others = [self.pick(FORWARD) for _ in range(self.pick([1, 2]))]
            step["substitutes"] = [{"call": c, "with": {"tag": f"{tag}/s{n}"}} for n, c in enumerate(others)]
        return step | {"optional": self.often(30), "undo": "keep" if self.often(10) else None}

    def recover(self):
        some = ["retry", "skip", "undo", "person", "fail", "reconcile", "substitute"]
        return {
            "by": self.pick(["model", "rule", "person"]),
            "otherwise": self.pick(["person", "person", "fail", "retry", "reconcile", "substitute", "undo"]),
            "allow": [each for each in some if self.often(50)] if self.often(30) else None,
            "within": self.pick([None, None, "PT1H"]),
        }

    def decide(self, _tag, later):
        by = self.pick(["model", "rule", "person"])
        options = {
            name: {
                "when": self.pick([None, None, "true", "false", "input.nothing"]) if name != "x" else None,
                "then": self.pick([None, None, "end", *later]),
                "confirm": "person" if self.often(20) else None,
            }
            for name in self.pick([["x"], ["x", "y"], ["x", "y", "z"]])
        }
        is_sure = by == "rule" or len(options) == 1
        otherwise = self.pick(["x", None]) if is_sure else "x"
        step = {"decide": "Which one", "by": by, "options": options, "otherwise": otherwise}
        return step | {"within": self.pick([None, "PT1H"]), "min_confidence": self.pick([0.0, 0.5])}

    def switch(self, _tag, later):
        return {"switch": [{"when": self.pick(["true", "false"]), "then": self.pick(["end", *later])}]}

    def set(self, _tag, _later):
        return {"set": {"id": self.pick(["1", "1", "${input.nothing}"])}}

    def wait(self, _tag, _later):
        return {"wait": self.pick(["PT1S", "PT20S", "PT2H"])}

    def fail(self, _tag, _later):
        return {"fail": "enough"}

    def nested(self, kind, here, depth, *, in_foreach=False):
        if kind == "parallel":
            branches = self.pick([["l", "r"], ["l", "m", "r"]])
            steps = {b: self.sequence(f"{here}.{b}", depth - 1, in_foreach=in_foreach) for b in branches}
            return {"parallel": steps}
        if kind == "foreach":
            body = self.sequence(f"{here}[${{index}}]", depth - 1, in_foreach=True)
            return {"foreach": "${input.items}", "steps": body, "concurrency": self.pick([1, 2])}
        return {"run": "child", "with": {"tag": here}}

    def loop(self, here, name, depth):
        """Return a counter, something done a few times, and the way back; the bound may be too small."""
        number = f"c{zlib.crc32(here.encode())}"
        within = f"{here}#${{{number}.n}}"
        kind = self.pick(["parallel", "run"]) if depth and self.often(60) else "call"
        body = self.call(within) if kind == "call" else self.nested(kind, within, 1)
        again = f"{number}.n < {self.pick([1, 2, 3])}"
        return {
            number: {
                "set": {"n": f"${{has({number}.n) ? {number}.n + 1 : 1}}"},
                "max_visits": self.pick([1, 2, 3, 3]),
            },
            name: body,
            f"b{name}": {"switch": [{"when": again, "then": number}]},
        }


# --- the world -------------------------------------------------------------------------------------------

BEHAVIOURS = (
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "rejected",
    "not_sent",
    "lost",
    "late",
    "bad",
    "dies-before",
    "dies-after",
)
MOST_DEATHS = 4
PATIENCE = 50
"""Executions after which people rather end a run than try once more."""
REPLIES = (
    "x",
    "y",
    "nonsense",
    "unsure",
    "timeout",
    "retry",
    "reconcile",
    "substitute",
    "skip",
    "person",
    "undo",
)
ANSWERS = (
    "retry",
    "applied",
    "not_applied",
    "adopt",
    "fail",
    "undo",
    "substitute",
    "done",
    "leave",
    "reconcile",
    "x",
    "y",
)


class Script(NamedTuple):
    """What the world does, by chance; the same place in it always gives the same."""

    behaviours: tuple[str, ...] = ("ok",)
    replies: tuple[str, ...] = ("x",)
    answers: tuple[str, ...] = ("retry",)
    items: int = 2
    idle: int = 0
    """In how many waits out of four people let time pass before they answer."""
    crashes: tuple[int, ...] = ()
    """Appends at which the process dies, counted from the first."""
    outages: tuple[int, ...] = ()
    """Appends at which the store is not there."""
    cancel_at: int | None = None
    """Execution before which the run is asked to stop."""
    is_tight: bool = False
    """Whether an answer comes in the very moment of each deadline."""


def pick(choices, place, nth):
    """Return what the script holds for the nth time at a place."""
    return choices[(zlib.crc32(place.encode()) + nth) % len(choices)]


def tag_of(given):
    """Return the tag of the effect that a question is about; one about an undo names what that takes back."""
    return given.get("undoes", given).get("arguments", {}).get("tag", "")


@dataclass
class Shop:
    """Services that know what they did, whatever they answered."""

    script: Script
    done: Counter = field(default_factory=Counter)
    """How often each call took effect, by operation and tag."""
    keys: set = field(default_factory=set)
    calls: list = field(default_factory=list)
    asked: Counter = field(default_factory=Counter)
    deaths: int = 0
    untold: set = field(default_factory=set)
    """Calls that took effect, of which the journal tells nothing; repeated, they are not refused."""

    async def call(self, operation, arguments, *, key=None, timeout=None, fence=None):
        tag, name = arguments["tag"], operation.name
        nth = self.asked[name, tag]
        self.asked[name, tag] += 1
        self.calls.append((name, dict(arguments), key))
        what = pick(self.script.behaviours, f"{name}{tag}", nth)
        if what.startswith("dies"):
            self.deaths += 1
            what = what if self.deaths <= MOST_DEATHS else "ok"
        if what == "dies-before":
            raise Crashed
        if name == "shop.find":
            return self._found(tag, what)
        if what in {"rejected", "not_sent"} and (name, tag) in self.untold:
            what = "ok"
        if what in {"rejected", "not_sent", "late"}:
            kind = "unknown" if what == "late" else what
            return Outcome(kind=kind, code=what, error=what)
        self._apply(operation, tag, key)
        if what == "dies-after":
            raise Crashed
        output = {"id": tag}
        answers = {
            "lost": Outcome(kind="unknown", code="timeout", error="no answer"),
            "bad": Outcome(kind="applied_bad", output=output, error="bad"),
        }
        return answers.get(what, Outcome(kind="applied", output=output))

    def _apply(self, operation, tag, key):
        is_repeat = operation.effect == "idempotent" or key in self.keys
        if operation.effect != "read" and not (is_repeat and self.done[operation.name, tag]):
            self.done[operation.name, tag] += 1
        if key is not None:
            self.keys.add(key)

    def _found(self, tag, what):
        if what in {"not_sent", "lost", "late", "rejected"}:
            kind = "not_sent" if what == "not_sent" else "unknown"
            return Outcome(kind=kind, code=what, error=what)
        return Outcome(kind="applied", output={"yes": self.applied(tag), "was": {"id": tag}})

    def forget(self, found):
        """Note what took effect and was told to nobody, since the process died first."""
        heard = {"applied", "applied_bad", "unknown", "intended"}
        told = {(effect.operation, effect.arguments["tag"]) for effect in found if effect.state in heard}
        self.untold = {call for call, count in self.done.items() if count} - told

    def applied(self, tag):
        return any(count for (_, at), count in self.done.items() if at == tag)

    def unavailable(self, service):
        return None


@dataclass
class Model:
    """A model that answers anything, also what was not offered."""

    script: Script
    asked: Counter = field(default_factory=Counter)

    async def choose(self, question):
        nth = self.asked[question.point]
        self.asked[question.point] += 1
        reply = pick(self.script.replies, question.point, nth)
        attempt = Attempt(n=1, started=START, ms=1.0, outcome_class="ok")
        used = {"attempts": (attempt,), "usage": Usage(input=10, output=1)}
        if reply == "timeout":
            return Answer(outcome_class="timeout", **used)
        sure = Confidence(value=0.1 if reply == "unsure" else 0.9)
        return Answer(outcome_class="ok", choice="x" if reply == "unsure" else reply, confidence=sure, **used)


@dataclass
class Stage(Bench):
    """A run whose process dies, whose store is away at times, and whose people tell the truth."""

    script: Script = field(default_factory=Script)
    appends: int = 0
    executions: int = 0
    is_cancelled: bool = False

    def context(self):
        ctx = super().context()
        ctx.cancel_requested = self.is_cancelled
        return ctx

    async def _sink(self, unit):
        self.appends += 1
        if self.appends in self.script.crashes:
            raise Crashed
        if self.appends in self.script.outages:
            raise StoreUnavailable("away")
        for identity in unit.closed:
            if self.script.is_tight and self.questions[identity].status == "open" and _expires(unit):
                self.answer_one(self.questions[identity])
            if self.questions[identity].status == "answered":
                raise DecisionClosed(identity, "answered")
        kept = [
            Numbered(seq, entry._replace(body=bodies.decode(bodies.encode(entry.body))))
            for seq, entry in unit.entries
        ]
        await super()._sink(unit._replace(entries=tuple(kept)))

    def answer_one(self, question):
        """Answer a question with something that was offered, and truthfully."""
        offered = [option.id for option in question.options if option.available]
        wanted = pick(self.script.answers, question.point, question.visit + question.attempt)
        choice = wanted if wanted in offered else offered[self.appends % len(offered)]
        if self.executions > PATIENCE:
            choice = next((each for each in ("leave", "fail") if each in offered), choice)
        tag = tag_of(question.given) if isinstance(question.given, dict) else ""
        if choice in {"applied", "not_applied"}:
            choice = "applied" if self.caller.applied(tag) else "not_applied"
            choice = choice if choice in offered else next(c for c in ("fail", "leave") if c in offered)
        means = next(option.means for option in question.options if option.id == choice)
        if means.startswith("It was not taken back") and self.caller.applied(f"undo/{tag}"):
            choice = "done"
        given = PersonAnswer(choice=choice, actor="u-1", value={"id": tag}, at=self.clock.now())
        answered = question.model_copy(update={"status": "answered", "answer": given})
        self.questions[question.decision_id] = answered

    async def play(self):
        """Take the run up until it ends."""
        while self.executions < 150:
            self.executions += 1
            self.is_cancelled = self.is_cancelled or self.executions == self.script.cancel_at
            try:
                ended = await self.once()
            except (Crashed, StoreUnavailable, DecisionClosed):
                self.caller.forget(effects(self.entries))
                continue
            if ended.status != "waiting":
                return ended
            self._wait(ended)
        raise AssertionError("the run does not come to an end")

    def _wait(self, ended):
        open_ = [question for question in self.questions.values() if question.status == "open"]
        is_idle = pick((0, 1, 2, 3), "idle", self.executions) < self.script.idle
        if open_ and (ended.wake_at is None or not is_idle):
            self.answer_one(open_[self.executions % len(open_)])
        elif ended.wake_at is not None:
            self.clock.advance(ended.wake_at)
        else:
            raise AssertionError("the run waits for nobody")


def _expires(unit):
    return any(entry.kind == "decision" for _, entry in unit.entries)


def stage(made, script, execute=driver.execute):
    main, child = made
    return Stage(
        main,
        CATALOG,
        Shop(script),
        Model(script),
        input={"items": list(range(script.items)), "tag": "m"},
        workflows={"child": child},
        execute=execute,
        script=script,
    )


# --- what must hold --------------------------------------------------------------------------------------


def check(bench, ended, *, is_truth_known=True):
    """Assert everything that holds of any run."""
    entries = bench.entries
    keys = [entry.key for _, entry in entries]
    assert len(keys) == len(set(keys)), "an entry is written twice"
    seqs = [seq for seq, _ in entries]
    assert seqs == sorted(set(seqs))
    check_decisions(bench)
    check_repeats(bench)
    check_ending(bench, ended)
    if is_truth_known:
        check_truth(bench, ended)


def check_decisions(bench):
    written = {
        entry.body["decision_id"]: (seq, entry) for seq, entry in bench.entries if entry.kind == "decision"
    }
    logged = [Decision.model_validate(each) for each in bench.decisions]
    assert Counter(d.decision_id for d in logged) == Counter(written.keys()), "not one record per choice"
    steps = {place.path: place.step for place in walk(bench.workflow)}
    for decision in logged:
        seq, entry = written[decision.decision_id]
        assert (decision.run_seq, decision.choice) == (seq, entry.body["choice"])
        offered = ids([option for option in decision.options if option.available])
        if decision.decided_by == "otherwise" and decision.kind == "choose":
            step = steps.get(decision.path)
            assert step is None or decision.choice == step.otherwise
        else:
            assert decision.choice in offered, "a choice that was not offered"


def check_repeats(bench):
    """Nothing is sent past a doubt, no call is repeated blindly, no substitute is called without a choice."""
    seen: list[Numbered] = []
    operations: dict[tuple[str, int], list[str]] = {}
    substitutions: Counter = Counter()
    for numbered in bench.entries:
        entry, spot = numbered.entry, (numbered.entry.path, numbered.entry.visit)
        if entry.kind == "decision" and entry.body["choice"] == "substitute":
            substitutions[spot] += 1
        begins = entry.kind in {"intention", "outcome"} and not any(
            (e.path, e.visit, e.attempt) == (*spot, entry.attempt) for _, e in seen if e.kind != "settled"
        )
        if begins:
            before = [e for e in effects(seen) if (e.path, e.visit) == spot and e.effect != "read"]
            name = entry.body["operation"]
            used = operations.setdefault(spot, [])
            if not used or used[-1] != (name, entry.body["arguments"]):
                used.append((name, entry.body["arguments"]))
                doubts = standing(before, CATALOG.operation).in_doubt
                assert not doubts, "something was sent past a doubt"
            assert ":" in entry.path or len(used) - 1 <= substitutions[spot], "a substitute nobody chose"
            if name in ONCE:
                bad = [e for e in before if e.operation == name and e.state not in {"not_sent", "rejected"}]
                assert not bad, "a call that may not be repeated was sent again"
        if entry.kind in {"intention", "outcome", "settled"}:
            seen.append(numbered)
    by_tag: dict[tuple[str, str], set] = {}
    for name, arguments, key in bench.caller.calls:
        if OPERATIONS[name].effect == "keyed":
            by_tag.setdefault((name, arguments["tag"]), set()).add((key, repr(arguments)))
    assert all(len(sent) == 1 and next(iter(sent))[0] for sent in by_tag.values()), "keys or arguments differ"


def check_ending(bench, ended):
    """Once the end began there is only taking back: newest first, nothing twice, nothing hidden."""
    entries = bench.entries
    start = next((place for place, (_, e) in enumerate(entries) if e.kind == "ending"), len(entries))
    handled: set[tuple[str, int]] = set()
    begun: set[tuple[str, int]] = set()
    for place in range(start + 1, len(entries)):
        entry, spot = entries[place].entry, (entries[place].entry.path, entries[place].entry.visit)
        assert entry.kind in {"settled", "finished"} or entry.path.startswith(("undo:", "reconcile:"))
        if entry.kind == "decision" and entry.body["choice"] in {"done", "leave"}:
            handled.add(spot)
        if entry.body.get("undoes") is not None and spot not in begun:
            begun.add(spot)
            stands = standing(effects(entries[:place]), CATALOG.operation)
            todo = [e for e in stands.undoable if (e.undo_path, e.visit) not in handled]
            todo += [
                e
                for e in stands.in_doubt
                if not e.keep and (f"undo:reconcile:{e.path}", e.visit) not in handled
            ]
            assert max(todo, key=lambda e: e.seq).undo_path == entry.path, "not newest first"
    if start < len(entries):
        forward = [q for q in bench.questions.values() if q.status == "open" and ":" not in q.path]
        assert not forward, "a question is open that leads nowhere"
    undone = Counter(
        (e.undoes, e.visit, e.path) for e in effects(entries) if e.undoes and e.state == "applied"
    )
    assert all(count == 1 for count in undone.values()), "something was taken back twice"
    if ended.status == "undone":
        stands = standing(effects(entries), CATALOG.operation)
        assert not stands.left
        assert not [e for e in stands.in_doubt if not e.keep]
        assert all((e.undo_path, e.visit) in handled for e in stands.undoable), "what stands is called undone"


def check_truth(bench, ended):
    """The services themselves saw no effect twice; of an undone run nothing is left."""
    twice = {call: count for call, count in bench.caller.done.items() if count > 1}
    assert not twice, f"effects happened twice: {twice}"
    if ended.status != "undone":
        return
    spared = {e.arguments["tag"] for e in effects(bench.entries) if e.keep}
    spared |= {tag_of(d["given"]) for d in bench.decisions if d["kind"] == "undo" and d["choice"] == "done"}
    for (name, tag), count in bench.caller.done.items():
        if count and name in FORWARD and name != "shop.look" and tag not in spared:
            assert bench.caller.applied(f"undo/{tag}"), f"{name} {tag} still stands"


AUTHORS = st.randoms(use_true_random=True).map(Author)


@settings(FEW, max_examples=500)
@given(AUTHORS)
def test_every_run_ends_well_whatever_happens_to_it(author):
    bench = stage(author.workflows(), author.script(has_troubles=True))

    ended = asyncio.run(bench.play())

    event(ended.status)
    check(bench, ended)


@settings(FEW, max_examples=50)
@given(AUTHORS)
def test_every_run_ends_well_on_the_state_graph_too(author):
    bench = stage(author.workflows(), author.script(has_troubles=True), compiling.execute)

    check(bench, asyncio.run(bench.play()))


@settings(FEW, max_examples=60)
@given(AUTHORS)
def test_both_engines_write_the_same_journal(author):
    made, script = author.workflows(), author.script(is_calm=True)
    plain, graph = stage(made, script), stage(made, script, compiling.execute)

    first, second = asyncio.run(plain.play()), asyncio.run(graph.play())

    kinds = {place.step.kind for each in made for place in walk(each)}
    if not {"parallel", "foreach"} & kinds:
        assert first == second
        assert told(plain) == told(graph)
    elif first.status == "succeeded" and not plain.decisions:
        assert second.status == "succeeded"
        assert sorted(map(repr, told(plain))) == sorted(map(repr, told(graph)))


def told(bench):
    """The journal without what two executions may differ in."""
    return [
        (entry.key, {name: value for name, value in entry.body.items() if name != "pinned"})
        for _, entry in bench.entries
    ]


@settings(FEW, max_examples=200)
@given(AUTHORS)
def test_a_journal_replays_without_doing_anything_and_any_part_of_it_goes_on_well(author):
    made, script = author.workflows(), author.script()
    bench = stage(made, script)
    ended = asyncio.run(bench.play())
    whole = list(bench.entries)
    calls, asked = len(bench.caller.calls), sum(bench.decider.asked.values())
    bench.entries = [numbered for numbered in whole if numbered.entry.kind != "finished"]

    again = asyncio.run(runner.execute(bench.context()))

    assert again == ended
    assert [e.entry.key for e in bench.entries] == [e.entry.key for e in whole]
    assert (calls, asked) == (len(bench.caller.calls), sum(bench.decider.asked.values()))
    part = prefix(stage(made, script), bench, author.pick(range(len(whole))))
    check(part, asyncio.run(part.play()), is_truth_known=False)


def prefix(fresh, bench, length):
    """A run that has come as far as the first entries of another tell."""
    fresh.entries = bench.entries[:length]
    known = {e.body["decision_id"] for _, e in fresh.entries if e.kind == "decision"}
    asked = {e.body["decision_id"] for _, e in fresh.entries if e.kind == "asked"}
    fresh.decisions = [each for each in bench.decisions if each["decision_id"] in known]
    ending = any(e.kind == "ending" for _, e in fresh.entries)
    for identity in asked:
        question = bench.questions[identity]
        is_over = ending and ":" not in question.path and identity not in known
        status = question.status if identity in known else "expired" if is_over else "open"
        answer = question.answer if identity in known else None
        fresh.questions[identity] = question.model_copy(update={"status": status, "answer": answer})
    fresh.clock.advance(max((e.at for _, e in fresh.entries), default=START))
    fresh._ids = bench._ids
    return fresh
