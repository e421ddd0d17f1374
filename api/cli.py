"""Command line: `planner`, also `python -m api`.

Exit codes are in `api/commands/exits.py`. A command's module is imported when it is called.
"""

import ast
import importlib.util
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.main import get_command

from api import logs
from api.commands import exits, lazy
from api.commands.lazy import BranchingCommand, LazyCommand, LazyGroup

PLUGINS = "planner.commands"
"""Entry points that bring further commands: a typer.Typer each."""

_RUN, _UNDERSTAND, _WRITE, _OPERATE = "Run", "Understand", "Write", "Operate"


class _Entry(NamedTuple):
    name: str
    target: str
    about: str
    panel: str


_COMMANDS = (
    _Entry("run", "run:run", "Begin a run of a workflow or for a goal, and tell its story.", _RUN),
    _Entry("plan", "plan:plan", "Turn a goal into a workflow that is proven before it runs.", _RUN),
    _Entry("resume", "resuming:resume", "Move a run that waits, was queued or was lost.", _RUN),
    _Entry("cancel", "resuming:cancel", "Stop a run at its next safe point.", _RUN),
    _Entry("inbox", "inbox:inbox", "Show the decisions that wait for a person.", _RUN),
    _Entry("answer", "resuming:answer", "Answer a decision, and move its run on.", _RUN),
    _Entry("override", "overriding:override", "Take another option than was chosen, in time.", _RUN),
    _Entry("runs", "runs:runs", "List runs, or show how one stands.", _UNDERSTAND),
    _Entry("decisions", "decisions:decisions", "Tell what was chosen, by whom and why.", _UNDERSTAND),
    _Entry("usage", "usage:usage", "Tell what tenants spent on models.", _UNDERSTAND),
    _Entry("events", "events:events", "List what happened outside, and what it led to.", _UNDERSTAND),
    _Entry("schedules", "schedules:schedules", "List when runs begin by themselves.", _UNDERSTAND),
    _Entry("explain", "explain:explain", "Tell the story of a run.", _UNDERSTAND),
    _Entry("graph", "graph:graph", "Draw a workflow, or the path that a run took.", _UNDERSTAND),
    _Entry("validate", "validate:validate", "Tell every problem of workflow files.", _WRITE),
    _Entry("schema", "schema:schema", "Print the JSON Schema of the files that people write.", _WRITE),
    _Entry("workflows", "workflows:workflows", "List the workflows.", _WRITE),
    _Entry("register", "workflows:register", "Register a workflow.", _WRITE),
    _Entry("catalog", "catalog:catalog", "List operations, and the effects that were guessed.", _WRITE),
    _Entry("webhooks", "webhooks:webhooks", "List who is told when runs end, wait or ask persons.", _OPERATE),
    _Entry("serve", "serve:serve", "Serve the HTTP API and move runs.", _OPERATE),
    _Entry("worker", "worker:worker", "Move runs, and serve nobody.", _OPERATE),
    _Entry("migrate", "migrating:migrate", "Upgrade the database.", _OPERATE),
    _Entry("doctor", "doctor:doctor", "Tell what is missing or broken on this machine.", _OPERATE),
    _Entry("version", "version:version", "Print the version.", _OPERATE),
)

_BRANCHES = {
    "plan": {
        "list": "plan:listed",
        "show": "plan:show",
        "diff": "plan:diff",
        "approve": "plan:approve",
        "reject": "plan:reject",
        "run": "plan:run",
        "promote": "promoting:promote",
    },
    "decisions": {
        "verify": "auditing:verify",
        "heads": "auditing:heads",
        "export": "auditing:export",
        "label": "labelling:label",
        "erase": "erasing:erase",
        "hold": "erasing:hold",
        "purge": "erasing:purge",
        "replay": "reasking:replay",
        "fork": "forking:fork",
    },
    "schedules": {
        "add": "schedules:add",
        "next": "schedules:upcoming",
        "pause": "schedules:pause",
        "resume": "schedules:resume",
        "remove": "schedules:remove",
    },
    "webhooks": {
        "add": "webhooks:add",
        "ping": "webhooks:ping",
        "deliveries": "webhooks:deliveries",
        "redeliver": "webhooks:redeliver",
        "enable": "webhooks:enable",
        "remove": "webhooks:remove",
    },
    "catalog": {"events": "announced:events", "import": "importing:import_", "search": "searching:search"},
    "events": {"show": "events:show", "send": "events:send"},
    "workflows": {
        "import": "translating:translate",
        "versions": "versions:versions",
        "state": "versions:state",
        "repin": "repinning:repin",
    },
}
"""Further commands behind one of these, by its first word; ids are UUIDs, so none is taken for one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        program().main(args=given, prog_name="planner")
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else exits.OK if exc.code is None else exits.FAILED
    return exits.OK


def program() -> Any:
    """Return the whole command line, with the commands that other packages bring."""
    app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True)
    app.callback()(_root)
    group: Any = get_command(app)
    for entry in _COMMANDS:
        group.add_command(_command(entry))
    for point in metadata.entry_points(group=PLUGINS):
        load = partial(lazy.from_plugin, point)
        group.add_command(LazyCommand(point.name, load, about=_about(point), panel="Further"))
    return group


def _about(point: metadata.EntryPoint) -> str:
    """Return what a plugin's module says of itself in its first line, without importing it."""
    told = None
    with suppress(ImportError, OSError, SyntaxError, UnicodeDecodeError):
        spec = importlib.util.find_spec(point.module)
        if spec is not None and spec.origin is not None:
            told = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return told.partition("\n")[0] if told else f"Brought by {point.value}."


def _command(entry: _Entry) -> LazyCommand:
    load = partial(lazy.from_function, f"api.commands.{entry.target}")
    if entry.name not in _BRANCHES:
        return LazyCommand(entry.name, load, about=entry.about, panel=entry.panel)
    branches = {
        name: partial(lazy.from_function, f"api.commands.{target}")
        for name, target in _BRANCHES[entry.name].items()
    }
    return BranchingCommand(entry.name, load, branches=branches, about=entry.about, panel=entry.panel)


def _root(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the trace of an error, and what is logged")
    ] = False,
) -> None:
    """Run workflows over services, and tell what was done and why."""
    logs.begin(debug=debug)
