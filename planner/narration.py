"""Narration: the whole story of a run at once, as data, as text and as Markdown. Pure.

What models, services and callers said is quoted: it can neither pass for a line of ours nor steer the
reader's terminal or page.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal as Money
from typing import Any, NamedTuple

from planner import effects, story, tenants
from planner.decisions import Decision, Offered
from planner.effects import Effect
from planner.journal import Numbered
from planner.model import prompts
from planner.runs import Run
from planner.story import Chapter
from tools.records import Record

LONGEST_SHOWN = 2000
"""Characters of one value in text and Markdown; the data holds all of it."""

_MARKS = frozenset("\\`*_{}[]|~$")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class Weighed(Record):
    """A decision as the story tells it."""

    decision_id: str
    point: str
    question: str
    known: Any
    """The data that the decider saw."""
    offered: tuple[Offered, ...]
    excluded: tuple[Offered, ...]
    """Each with the reason."""
    chosen: str
    decided_by: str
    proposed: str | None
    reason: str
    followed: str
    """The step or action that followed."""


class Passage(Chapter):
    """A chapter; a decision comes with everything that was weighed."""

    decision: Weighed | None = None


class Totals(Record):
    """What it came to, in all."""

    decisions: dict[str, int]
    """How many, by who decided."""
    model_requests: int
    tokens_in: int
    tokens_out: int
    cost_usd: Money | None
    """None where no prices are configured."""
    model_ms: float
    """Time that decisions took for which a model was asked."""
    calls: int
    """Attempts to call a service."""
    done: tuple[str, ...]
    """Effects that were applied, in order, as `path (operation)`."""
    undone: tuple[str, ...]
    """Paths of effects that were taken back, in order."""
    in_doubt: tuple[str, ...]
    """Effects of which nobody knows yet."""
    seconds: float | None
    """From beginning to end; None while it goes on."""


class Narration(NamedTuple):
    """The story of a run."""

    run: Run
    chapters: Sequence[Passage]
    totals: Totals


def narrate(run: Run, entries: Sequence[Numbered], decisions: Iterable[Decision]) -> Narration:
    """Return the story of a run with everything that was known, weighed, done and undone."""
    listed = list(decisions)
    by_id = {decision.decision_id: decision for decision in listed}
    passages = []
    for chapter in story.tell(run, entries, listed):
        found = by_id.get(chapter.decision_id or "") if chapter.kind == "decided" else None
        passages.append(Passage(**dict(chapter), decision=None if found is None else _weighed(found)))
    return Narration(run, passages, _totals(run, entries, listed))


def text(told: Narration) -> str:
    """Return the story as plain text that a newcomer can read."""
    return "\n".join(line for line, _ in lines(told))


def lines(told: Narration) -> Iterator[tuple[str, str]]:
    """Yield the lines of the text with the kind of each, for a terminal that tells them apart."""
    run = told.run
    yield prompts.one_line(f"Run {run.id} of {_of(run)}: {run.status}"), "head"
    if run.tenant != tenants.DEFAULT:
        yield f"Tenant: {run.tenant}", "goal"
    if run.goal:
        yield f"Goal: {prompts.one_line(run.goal)}", "goal"
    yield f"Input: {prompts.one_line(_shown(run.input))}", "goal"
    for chapter in told.chapters:
        yield f"{chapter.seq:>4}  {prompts.one_line(chapter.text)}", chapter.kind
        for detail in _details(chapter):
            yield f"      {prompts.one_line(detail)}", "detail"
    for line in _sums(told):
        yield prompts.one_line(line), "sum"


def markdown(told: Narration) -> str:
    """Return the story as Markdown in which nothing that was quoted is a mark or a tag."""
    run = told.run
    lines = [f"# Run {escaped(run.id)}", "", f"{escaped(_of(run))}: **{run.status}**"]
    if run.tenant != tenants.DEFAULT:
        lines += ["", f"Tenant: {escaped(run.tenant)}"]
    if run.goal:
        lines += ["", f"Goal: {escaped(run.goal)}"]
    lines += ["", f"Input: {escaped(_shown(run.input))}", "", "## What happened", ""]
    for chapter in told.chapters:
        lines.append(f"* **{chapter.seq}** {escaped(chapter.text)}")
        lines += [f"    * {escaped(detail)}" for detail in _details(chapter)]
    lines += ["", "## In all", ""]
    lines += [f"* {escaped(line)}" for line in _sums(told)]
    return "\n".join(lines) + "\n"


def escaped(quoted: str) -> str:
    """Return a text as one line of Markdown that shows it letter for letter."""
    plain = prompts.one_line(quoted)
    marked = "".join(_ENTITIES.get(char) or (f"\\{char}" if char in _MARKS else char) for char in plain)
    # Without these, bare addresses become links by themselves.
    return marked.replace("www.", "www\\.").replace("://", "\\://")


def _of(run: Run) -> str:
    return f"{run.workflow.name} {run.workflow.version}"


def _details(chapter: Passage) -> Iterator[str]:
    weighed = chapter.decision
    if weighed is not None:
        yield f"question: {weighed.question}"
        if weighed.known not in (None, {}, ""):
            yield f"known: {_shown(weighed.known)}"
    yield from chapter.details
    if weighed is not None and weighed.followed:
        yield f"followed: {weighed.followed}"


def _sums(told: Narration) -> Iterator[str]:
    totals = told.totals
    by = ", ".join(f"{count} by {who}" for who, count in totals.decisions.items())
    yield f"Decisions: {sum(totals.decisions.values())}{f' ({by})' if by else ''}"
    money = "" if totals.cost_usd is None else f", {totals.cost_usd.normalize():f} USD"
    yield (
        f"Model: {totals.model_requests} requests, {totals.tokens_in} tokens in and {totals.tokens_out} out"
        f"{money}, {totals.model_ms:.0f} ms"
    )
    yield f"Calls: {totals.calls}"
    for name, listed in (
        ("Done", totals.done),
        ("Undone", totals.undone),
        ("In doubt", totals.in_doubt),
    ):
        if listed:
            yield f"{name}: {', '.join(listed)}"
    if totals.seconds is not None:
        yield f"Took: {totals.seconds:.3f} s"
    if told.run.output is not None:
        yield f"Output: {_shown(told.run.output)}"
    if told.run.error:
        yield f"Error: {told.run.error}"


def _weighed(decision: Decision) -> Weighed:
    return Weighed(
        decision_id=decision.decision_id,
        point=decision.point,
        question=decision.question,
        known=decision.given,
        offered=tuple(option for option in decision.options if option.available),
        excluded=tuple(option for option in decision.options if not option.available),
        chosen=decision.choice,
        decided_by=decision.decided_by,
        proposed=decision.proposed,
        reason=decision.reason,
        followed=decision.edge_taken,
    )


def _totals(run: Run, entries: Sequence[Numbered], decisions: Sequence[Decision]) -> Totals:
    found = effects.effects(entries)
    asked = [decision for decision in decisions if decision.attempts]
    costs = [each.usage.cost_usd for each in decisions if each.usage.cost_usd is not None]
    applied = [each for each in found if each.effect != "read" and each.state in {"applied", "applied_bad"}]
    ended = run.ended_at
    return Totals(
        decisions=dict(Counter(decision.decided_by for decision in decisions)),
        model_requests=sum(len(decision.attempts) for decision in asked),
        tokens_in=sum(decision.usage.input for decision in decisions),
        tokens_out=sum(decision.usage.output for decision in decisions),
        cost_usd=sum(costs, Money(0)) if costs else None,
        model_ms=round(sum(decision.duration_ms for decision in asked), 3),
        calls=len(found),
        done=tuple(f"{each.path} ({each.operation})" for each in applied if each.undoes is None),
        undone=tuple(each.undoes for each in applied if each.undoes is not None),
        in_doubt=tuple(f"{each.path} ({each.operation})" for each in _in_doubt(found)),
        seconds=None if ended is None else (ended - run.created_at).total_seconds(),
    )


def _in_doubt(found: Sequence[Effect]) -> list[Effect]:
    """Return the newest attempt of every visit of which nobody knows whether it took effect."""
    by_spot: dict[tuple[str, int], list[Effect]] = {}
    for effect in found:
        if effect.effect != "read":
            by_spot.setdefault((effect.path, effect.visit), []).append(effect)
    known = {"applied", "applied_bad"}
    return [
        own[-1]
        for own in by_spot.values()
        if not any(each.state in known or each.settled_by for each in own)
        and any(each.state in {"unknown", "intended"} for each in own)
    ]


def _shown(value: Any) -> str:
    written = prompts.quoted(value)
    return written if len(written) <= LONGEST_SHOWN else f"{written[: LONGEST_SHOWN - 1]}…"
