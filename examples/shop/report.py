"""The report: what the demo shows of a run, for somebody who sees it for the first time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

Json = dict[str, Any]


class Told(NamedTuple):
    """What the planner and the services tell of a run."""

    run: Json
    timeline: list[Json]
    decisions: list[Json]
    graph: str
    """Mermaid text in which the path taken stands out."""
    records: dict[str, list[Json]]
    """The services' own records of what they applied, by service."""

    @property
    def doubled(self) -> list[str]:
        """The effects that a service applied more than once with the same arguments."""
        seen = Counter(
            (service, record["operation"], orjson.dumps(record["arguments"]))
            for service, records in self.records.items()
            for record in records
        )
        return [f"{service}.{operation}" for (service, operation, _), count in seen.items() if count > 1]


def started(console: Console, services: Mapping[str, str], *, model: str | None, api: str) -> None:
    _head(console, "What was started, each as its own process")
    table = _table("", "address", "")
    for name, url in services.items():
        table.add_row(name, url, "a service with its own state; its contract is at /openapi.json")
    if model is not None:
        table.add_row("scripted model", model, "no model: answers from demo-answers.yaml over the real wire")
    else:
        table.add_row("model", "as configured", "a real model, from OPENAI_API_KEY or PLANNER_MODEL")
    table.add_row("planner", api, "the API that runs the workflows")
    console.print(table)


def plan(console: Console, goal: str, fault: str) -> None:
    _head(console, "What is asked for")
    console.print(Text.assemble("Goal   ", (goal, "bold")))
    console.print(Text.assemble("Fault  ", (fault, "yellow")))


def tell(console: Console, told: Told) -> None:
    """Show the story, the decisions, the path and the services' own records."""
    _story(console, told)
    _decisions(console, told)
    _head(console, "The graph, with the path taken")
    console.print(Text(told.graph.strip()))
    _records(console, told)
    _verdict(console, told)


def farewell(console: Console, api: str, run_id: str, *, keep: bool) -> None:
    _head(console, "The API")
    console.print(f"{api}/v1/runs/{run_id}/decisions", soft_wrap=True)
    console.print(f"{api}/docs", soft_wrap=True)
    if keep:
        console.print("Everything stays up; Ctrl-C stops it.")
    else:
        console.print("Everything stops now; `make demo KEEP=1` keeps it up.")


def _story(console: Console, told: Told) -> None:
    run = told.run
    _head(console, "What happened")
    workflow = run["workflow"]
    console.print(Text.assemble("Workflow  ", (f"{workflow['name']} {workflow.get('version', '')}", "bold")))
    for number, chapter in enumerate(told.timeline, 1):
        console.print(Text(f"{number:>3}  {chapter['text']}"))
        for detail in chapter.get("details", ()):
            if detail.startswith("why:"):
                console.print(Text(f"     {detail}", style="yellow"))
    status = run["status"]
    console.print(
        Text.assemble("Result    ", (status, "bold green" if status == "succeeded" else "bold red"))
    )
    console.print(Text(f"Output    {orjson.dumps(run.get('output')).decode()}"))


def _decisions(console: Console, told: Told) -> None:
    _head(console, "The decision log")
    table = _table("decision point", "offered", "excluded, and why", "chosen", "by whom, and why")
    for decision in told.decisions:
        options = decision["options"]
        table.add_row(
            Text(decision["point"]),
            Text("\n".join(option["id"] for option in options if option["available"])),
            Text("\n".join(f"{o['id']}: {o['excluded_by']}" for o in options if not o["available"])),
            Text(decision["choice"], style="bold"),
            Text("\n".join(_why(decision))),
        )
    console.print(table)


def _why(decision: Json) -> Iterator[str]:
    confidence = decision.get("confidence")
    sure = f", {confidence['value']:.0%} sure" if confidence else ""
    yield f"{decision['decided_by']}{sure}"
    if decision.get("trigger"):
        trigger = decision["trigger"]
        yield f"after {trigger['operation']}: {trigger['outcome']}"
    if decision.get("reason"):
        yield decision["reason"]


def _records(console: Console, told: Told) -> None:
    _head(console, "What the services themselves recorded")
    table = _table("service", "applied at", "operation", "arguments", "idempotency key")
    for service, records in told.records.items():
        for record in records:
            arguments = orjson.dumps(record["arguments"]).decode()
            table.add_row(
                service,
                record["at"][11:23],
                record["operation"],
                Text(arguments),
                Text(record["idempotency_key"] or "(knows none)"),
            )
    console.print(table)


def _verdict(console: Console, told: Told) -> None:
    if told.doubled:
        console.print(Text(f"Applied more than once: {', '.join(told.doubled)}", style="bold red"))
        return
    refunds = [each for each in told.records.get("payments", ()) if each["operation"] == "refund"]
    if len(refunds) == 1:
        paid = f"{refunds[0]['arguments']['amount']:.2f}"
        line = f"The refund of {paid} went out once, although its caller never got an answer."
        console.print(Text(line, style="bold green"))
    else:
        console.print(Text("No effect happened twice.", style="bold green"))


def _head(console: Console, text: str) -> None:
    console.print()
    console.rule(Text(text, style="bold"), align="left")


def _table(*columns: str) -> Table:
    table = Table(show_lines=True, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
