"""The story of a run: what was known, offered, excluded, chosen, done and undone, in order. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from planner.decisions import Decision, Offered
from planner.effects import RECONCILE, UNDO
from planner.journal import Entry, Numbered
from planner.model.prompts import one_line
from planner.runs import Run
from tools.records import Record

ChapterKind = Literal[
    "began",
    "sent",
    "answered",
    "settled",
    "asked",
    "decided",
    "waited",
    "came",
    "repinned",
    "ending",
    "ended",
]

_OUTCOMES = {
    "applied": "went through",
    "applied_bad": "was applied, but its answer is wrong",
    "rejected": "was rejected",
    "not_sent": "never reached the service",
    "unknown": "may or may not have been applied",
}


class Chapter(Record):
    """One thing that happened."""

    seq: int
    """Number of its journal entry."""
    at: datetime
    kind: ChapterKind
    path: str = ""
    """Step it happened at; empty for the run itself."""
    text: str
    """The same in one sentence."""
    details: tuple[str, ...] = ()
    """Further sentences: options offered and excluded, reasons, what it cost."""
    decision_id: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    """The journal entry's own facts."""


def tell(run: Run, entries: Sequence[Numbered], decisions: Iterable[Decision]) -> list[Chapter]:
    """Return the chapters of a run in order."""
    by_id = {decision.decision_id: decision for decision in decisions}
    chapters = [_route(decision) for decision in by_id.values() if decision.kind == "route"]
    first = _as_begun(run, entries)
    return chapters + [_chapter(first, numbered, by_id) for numbered in entries]


def text(run: Run, chapters: Sequence[Chapter]) -> str:
    """Return the story as plain text that a newcomer can read; nothing that was quoted makes a line."""
    lines = [f"Run {run.id} of {run.workflow.name} {run.workflow.version}: {run.status}"]
    if run.goal:
        lines.append(f"Goal: {one_line(run.goal)}")
    for chapter in chapters:
        lines.append(f"{chapter.seq:>4}  {one_line(chapter.text)}")
        lines += [f"      {one_line(detail)}" for detail in chapter.details]
    return "\n".join(lines)


def offered(options: Sequence[Offered]) -> tuple[str, ...]:
    """Return a sentence for every option: offered with its meaning, or excluded with the reason."""
    return tuple(
        f"offered {option.id}" + (f": {option.means}" if option.means else "")
        if option.available
        else f"excluded {option.id}: {option.excluded_by}"
        for option in options
    )


def decided(decision: Decision) -> str:
    """Return in one sentence what was chosen, by whom, and how sure."""
    who = {
        "model": f"the model{_name(decision)} chose",
        "rule": "the rule chose",
        "person": f"{decision.actor or 'a person'} {'overrode it with' if decision.overrides else 'chose'}",
        "only_option": "only one option was left, so nobody was asked:",
        "otherwise": f"{_why_otherwise(decision)}, so the declared otherwise was taken:",
    }[decision.decided_by]
    sure = f" with confidence {decision.confidence.value:.2f}" if decision.confidence else ""
    return f"{decision.path or decision.point}: {who} {decision.choice}{sure}"


def cost(decision: Decision) -> str | None:
    """Return what asking cost, or None when nobody was asked."""
    if not decision.attempts:
        return None
    asked = "asked once" if len(decision.attempts) == 1 else f"asked {len(decision.attempts)} times"
    label = ", a scripted endpoint" if _scripted(decision) else ""
    spent = f"{decision.usage.input} tokens in and {decision.usage.output} out"
    if decision.usage.cost_usd is not None:
        spent += f", {decision.usage.cost_usd:f} US dollars"
    return f"cost: {asked}{label}, {spent}, {decision.duration_ms:.0f} ms"


def _route(decision: Decision) -> Chapter:
    return Chapter(
        seq=0,
        at=decision.ts,
        kind="decided",
        text=f"the goal was routed: {decided(decision)}",
        details=_about(decision),
        decision_id=decision.decision_id,
    )


def _as_begun(run: Run, entries: Iterable[Numbered]) -> Run:
    """Return the run with the version that it began with, another one than now once it was repinned."""
    pins = (numbered.entry.body["from"] for numbered in entries if numbered.entry.kind == "repinned")
    first = next(pins, None)
    if first is None:
        return run
    ref = run.workflow.model_copy(update={"version": first["version"], "sha256": first["sha256"]})
    return run.model_copy(update={"workflow": ref})


def _chapter(run: Run, numbered: Numbered, decisions: Mapping[str, Decision]) -> Chapter:
    seq, entry = numbered
    kind, sentence, details = _TELLERS[entry.kind](run, entry, decisions)
    decision_id = entry.body.get("decision_id")
    return Chapter(
        seq=seq,
        at=entry.at,
        kind=kind,
        path=entry.path,
        text=sentence,
        details=details,
        decision_id=decision_id,
        data=entry.body,
    )


Telling = tuple[ChapterKind, str, tuple[str, ...]]


def _began(run: Run, _entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    return "began", f"the run began: {run.workflow.name} {run.workflow.version}", ()


def _sent(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    return "sent", f"{_place(entry)}: about to call {entry.body['operation']}, which may not be repeated", ()


def _answered(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    body = entry.body
    again = f", attempt {entry.attempt}" if entry.attempt > 1 else ""
    refused = body["outcome"] == "not_sent" and body.get("status")
    came = "was not processed" if refused else _OUTCOMES[body["outcome"]]
    why = (f"why: {body['error']}",) if body.get("error") else ()
    return "answered", f"{_place(entry)}: {body['operation']}{again} {came}", why


def _settled(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    who = "a person said" if entry.body["by"] == "person" else "the look-up showed"
    found = "it was applied" if entry.body["outcome"] == "applied" else "it was not applied"
    return "settled", f"{_place(entry)}: {who} that {found}", ()


def _asked(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    until = f", until {entry.body['deadline']}" if entry.body.get("deadline") else ""
    return "asked", f"{_place(entry)}: a person was asked{until}", ()


def _decision(_run: Run, entry: Entry, decisions: Mapping[str, Decision]) -> Telling:
    decision = decisions.get(entry.body["decision_id"])
    if decision is None:
        return "decided", f"{_place(entry)}: {entry.body['decided_by']} chose {entry.body['choice']}", ()
    return "decided", decided(decision), _about(decision)


def _waited(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    return "waited", f"{_place(entry)}: waits until {entry.body['due']}", ()


def _awaited(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    body = entry.body
    until = f", until {body['due']}" if body.get("due") else ""
    return "waited", f"{_place(entry)}: waits for an event of type {body['type']}{until}", ()


def _came(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    event = entry.body["event"]
    if event is None:
        return "came", f"{_place(entry)}: no event came in time", ()
    about = f" about {event['subject']}" if event.get("subject") else ""
    return "came", f"{_place(entry)}: {event['source']} told {event['type']}{about} ({event['id']})", ()


def _repinned(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    body = entry.body
    versions = f"version {body['to']['version']} in place of {body['from']['version']}"
    told = f"{body['actor']} let the run go on with {versions}"
    return "repinned", told, (f"why: {body['comment']}",) if body["comment"] else ()


def _ending(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    then = "what was applied is taken back, newest first" if entry.body["undo"] else "what was applied stays"
    return "ending", f"the run ends as {entry.body['status']}; {then}", (f"why: {entry.body['error']}",)


def _finished(_run: Run, entry: Entry, _decisions: Mapping[str, Decision]) -> Telling:
    why = (f"why: {entry.body['error']}",) if entry.body.get("error") else ()
    return "ended", f"the run ended: {entry.body['status']}", why


_TELLERS = {
    "started": _began,
    "intention": _sent,
    "outcome": _answered,
    "settled": _settled,
    "asked": _asked,
    "decision": _decision,
    "timer": _waited,
    "awaited": _awaited,
    "event": _came,
    "repinned": _repinned,
    "ending": _ending,
    "finished": _finished,
}


def _about(decision: Decision) -> tuple[str, ...]:
    reason = (f"reason given: {decision.reason}",) if decision.reason else ()
    spent = cost(decision)
    proposed = (f"proposed, not taken: {decision.proposed}",) if decision.proposed else ()
    return (*offered(decision.options), *proposed, *reason, *((spent,) if spent else ()))


def _place(entry: Entry) -> str:
    path = entry.path
    if path.startswith(f"{RECONCILE}{UNDO}"):
        return f"looking up whether {path.removeprefix(f'{RECONCILE}{UNDO}')} was taken back"
    if RECONCILE in path:
        return f"looking up {path.rpartition(':')[2]}"
    if path.startswith(UNDO):
        return f"taking back {path.removeprefix(UNDO)}"
    return path


def _name(decision: Decision) -> str:
    if decision.model is None:
        return ""
    return f" ({decision.model.responded or decision.model.requested})"


def _scripted(decision: Decision) -> bool:
    return decision.model is not None and decision.model.system_fingerprint == "scripted"


def _why_otherwise(decision: Decision) -> str:
    if "no_model_configured" in decision.anomalies:
        return "no model is configured"
    words = {
        "ok": "no option was admissible",
        "abstained": f"the model proposed {decision.proposed}, but was not sure enough",
        "budget": "the budget is used up",
        "timeout": "nobody answered in time",
    }
    return words.get(decision.outcome_class, f"the model's answer was {decision.outcome_class}")
