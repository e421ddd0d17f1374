"""Telling: chapters, questions and decisions as lines for people."""

from api.commands.output import Output, brief
from planner import story
from planner.events import Awaited
from planner.model.prompts import one_line
from planner.runs import PersonQuestion
from planner.story import Chapter

STYLES = {"decided": "cyan", "ending": "yellow", "asked": "yellow", "ended": "bold"}
"""How chapters of each kind are shown on a terminal."""


def chapter(told: Chapter, output: Output) -> None:
    """Print one chapter of the story."""
    output.line(f"{told.seq:>4}  {one_line(told.text)}", STYLES.get(told.kind, ""))
    for detail in told.details:
        output.line(f"      {one_line(detail)}", "dim")


def question(asked: PersonQuestion, output: Output) -> None:
    """Print a question and how to answer it."""
    output.line()
    output.line(f"Waits for a person at {asked.path}: {asked.question}", "bold yellow")
    if asked.trigger is not None:
        why = asked.trigger
        output.line(f"  because {why.operation} was {why.outcome}{f': {why.error}' if why.error else ''}")
    if asked.given:
        output.line(f"  given: {brief(asked.given)}")
    for option in story.offered(asked.options):
        output.line(f"  {option}")
    if asked.deadline is not None:
        late = asked.otherwise or "the safest end"
        output.line(f"  until {asked.deadline.isoformat(timespec='seconds')}, then {late} is taken")
    if any(option.id == "applied" and option.available for option in asked.options):
        output.line("  `applied` may bring what the call would have answered: --value JSON")
    output.line(f"  answer with: planner answer {asked.decision_id} CHOICE")


def awaited(waiting: Awaited, output: Output) -> None:
    """Print what a step waits for, and how to tell of it."""
    output.line()
    output.line(f"Waits for an event at {waiting.path}: {waiting.type}", "bold yellow")
    if waiting.due is not None:
        output.line(f"  until {waiting.due.isoformat(timespec='seconds')}")
    output.line("  tell of it with: planner events send EVENT")
